package org.bitfusion.worker.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.bitfusion.protocol.ChannelBinding;

/// A socket as it is.
public record PlainChannel(SocketChannel socket) implements DataChannel {
    @Override
    public ChannelBinding binding() {
        return ChannelBinding.NONE;
    }

    @Override
    public void letIn() {}

    @Override
    public int read(ByteBuffer destination) throws IOException {
        return socket.read(destination);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return socket.write(source);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        return socket.write(sources, offset, length);
    }

    @Override
    public long write(ByteBuffer[] sources) throws IOException {
        return socket.write(sources);
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
