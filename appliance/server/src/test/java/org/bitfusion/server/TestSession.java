package org.bitfusion.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.bitfusion.protocol.message.ContextCreate;
import org.bitfusion.protocol.message.ContextSynchronize;
import org.bitfusion.protocol.message.MemAlloc;
import org.bitfusion.protocol.message.MemAllocAnswer;
import org.bitfusion.protocol.message.MemData;
import org.bitfusion.protocol.message.MemFree;
import org.bitfusion.protocol.message.MemInfo;
import org.bitfusion.protocol.message.MemInfoAnswer;
import org.bitfusion.protocol.message.MemRead;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.protocol.message.MemWrite;
import org.bitfusion.protocol.message.Region;
import org.bitfusion.protocol.message.SessionDevices;

/// A session as a shim has it, with one context (handle 1) per device once made.
///
/// @param process of the worker
record TestSession(TestConnection connection, SessionDevices devices, int process)
        implements AutoCloseable {
    static final int CHUNK = 1 << 20;

    void createContext(long handle, int device) throws IOException {
        ContextCreate message = new ContextCreate(handle, device, 0, (byte) 0);
        connection.send(message.wireBytes(), message::writeFrame);
    }

    int synchronize(long context) throws IOException {
        ContextSynchronize message = new ContextSynchronize(context);
        return connection.ask(message.wireBytes(), message::writeFrame).header().status();
    }

    /// @return the address, or minus the status
    long allocate(long context, long bytes) throws IOException {
        MemAlloc message = new MemAlloc(context, bytes, 0);
        TestConnection.Frame frame = connection.ask(message.wireBytes(), message::writeFrame);
        return frame.header().status() != 0
                ? -frame.header().status()
                : MemAllocAnswer.read(frame.body()).address();
    }

    void free(long context, long address) throws IOException {
        MemFree message = new MemFree(context, address);
        connection.send(message.wireBytes(), message::writeFrame);
    }

    MemInfoAnswer information(long context) throws IOException {
        MemInfo message = new MemInfo(context);
        return MemInfoAnswer.read(connection.ask(message.wireBytes(), message::writeFrame).body());
    }

    void fill(long stream, long address, int value, long bytes) throws IOException {
        MemSet message = new MemSet(stream, address, value, (byte) 1, bytes, bytes, 1);
        connection.send(message.wireBytes(), message::writeFrame);
    }

    void write(long stream, long address, byte[] bytes) throws IOException {
        Region region = linear(bytes.length);
        for (int at = 0; at < bytes.length; at += CHUNK) {
            int count = Math.min(CHUNK, bytes.length - at);
            int from = at;
            MemWrite message = new MemWrite(stream, address, region, at);
            connection.send(
                    message.wireBytes() + count,
                    out -> {
                        message.writeFrame(out, count);
                        out.put(bytes, from, count);
                    });
        }
    }

    /// @return the bytes; none when the answer is an error
    byte[] read(long stream, long address, int bytes) throws IOException {
        MemRead message = new MemRead(stream, address, linear(bytes), 77);
        connection.send(message.wireBytes(), out -> message.writeFrame(out, 1000));
        ByteBuffer result = ByteBuffer.allocate(bytes);
        while (true) {
            TestConnection.Frame frame = connection.receive();
            if (frame.header().call() == MemData.CALL) {
                MemData data = MemData.read(frame.body());
                result.put(
                        (int) data.packedOffset(),
                        frame.body(),
                        frame.body().position(),
                        frame.body().remaining());
            } else if (frame.header().answer()) {
                return frame.header().status() == 0 ? result.array() : new byte[0];
            }
        }
    }

    static Region linear(long bytes) {
        return new Region(bytes, 1, 1, bytes, bytes);
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
