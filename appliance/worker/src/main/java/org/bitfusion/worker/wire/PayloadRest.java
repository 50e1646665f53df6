package org.bitfusion.worker.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// The payload's rest of a frame whose thread lost the reading turn before it had read it.
final class PayloadRest {
    private long frame;
    private @Nullable ByteBuffer bytes;

    synchronized void give(long number, ByteBuffer payload) {
        frame = number;
        bytes = payload;
        notifyAll();
    }

    synchronized ByteBuffer take(long number) throws IOException {
        try {
            while (frame != number || bytes == null) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the session is over", e);
        }
        ByteBuffer taken = bytes;
        bytes = null;
        return taken;
    }
}
