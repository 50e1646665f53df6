package org.bitfusion.worker;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.protocol.message.PrintfOutput;
import org.bitfusion.protocol.message.StderrOutput;
import org.bitfusion.protocol.message.WireConstants;
import org.bitfusion.worker.wire.FrameWriter;

/// Sends what kernels have printed, and what their failed assertions say. Any thread.
final class KernelOutput {
    private final FrameWriter writer;

    KernelOutput(FrameWriter writer) {
        this.writer = writer;
    }

    /// Belongs before whatever tells the client that the kernels are done. When this returns,
    /// output that another thread has taken is sent too.
    void send(ClientContext context) {
        synchronized (context.outputLock()) {
            for (ByteBuffer chunk : chunks(context.gpu().takeOutput())) {
                PrintfOutput message = new PrintfOutput(chunk);
                writer.send(message.wireBytes(), message::writeFrame);
            }
            for (ByteBuffer chunk : chunks(context.gpu().takeFailures())) {
                StderrOutput message = new StderrOutput(chunk);
                writer.send(message.wireBytes(), message::writeFrame);
            }
        }
    }

    private static List<ByteBuffer> chunks(byte[] text) {
        if (text.length == 0) {
            return List.of();
        }
        List<ByteBuffer> chunks = new ArrayList<>();
        for (int at = 0; at < text.length; at += WireConstants.BULK_CHUNK) {
            int count = Math.min(WireConstants.BULK_CHUNK, text.length - at);
            chunks.add(ByteBuffer.wrap(text, at, count));
        }
        return chunks;
    }
}
