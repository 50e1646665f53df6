package org.bitfusion.server;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;

/// A connection that says exactly what a test wants, right or wrong.
final class TestConnection implements AutoCloseable {
    private static final int PATIENCE_MILLISECONDS = 30_000;

    /// A frame from the other side.
    record Frame(FrameHeader header, ByteBuffer body) {}

    private final Socket socket;
    private int request;

    TestConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLISECONDS);
    }

    void sendBytes(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    Hello hello(int kind, UUID id, Secret secret) throws IOException {
        return hello(Hello.of(kind, "test", id, secret, 1));
    }

    Hello hello(Hello hello) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Hello.BYTES);
        hello.write(bytes);
        sendBytes(bytes.array());
        return Hello.read(read(Hello.BYTES));
    }

    /// Sends a message that is not answered.
    void send(int bodyBytes, Consumer<ByteBuffer> frame) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(FrameHeader.BYTES + bodyBytes);
        frame.accept(bytes);
        socket.getOutputStream().write(bytes.array(), 0, bytes.position());
    }

    /// Sends a message, and gives the next answer to it; what comes before is passed over.
    Frame ask(int bodyBytes, BiConsumer<ByteBuffer, Integer> frame) throws IOException {
        int asked = ++request;
        send(bodyBytes, out -> frame.accept(out, asked));
        while (true) {
            Frame answer = receive();
            if (answer.header().answer() && answer.header().request() == asked) {
                return answer;
            }
        }
    }

    Frame receive() throws IOException {
        FrameHeader header = FrameHeader.read(read(FrameHeader.BYTES));
        return new Frame(header, read(header.length()));
    }

    private ByteBuffer read(int count) throws IOException {
        byte[] bytes = socket.getInputStream().readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException();
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Whether the other side closes the connection before it says anything.
    boolean isClosedByPeer() throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
