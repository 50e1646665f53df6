package org.bitfusion.server;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.jspecify.annotations.Nullable;

/// A connection that says exactly what a test wants, right or wrong.
final class TestConnection implements AutoCloseable {
    private static final int PATIENCE_MILLISECONDS = 30_000;

    /// A frame from the other side.
    record Frame(FrameHeader header, ByteBuffer body) {}

    private final Socket socket;
    private @Nullable Handshake handshake;
    private int request;

    TestConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLISECONDS);
    }

    void sendBytes(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /// Connects, says hello and proves the secret.
    ///
    /// @throws IOException if the other side does not let in, or does not prove itself
    static TestConnection open(int port, int kind, UUID id, Secret secret) throws IOException {
        TestConnection connection = new TestConnection(port);
        try {
            connection.shakeHands(kind, id, secret);
            return connection;
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }

    private void shakeHands(int kind, UUID id, Secret secret) throws IOException {
        Hello hello = Hello.of(kind, "test", id, 1);
        handshake = new Handshake(hello, hello(hello), secret);
        if (handshake.answer().answeredStatus() != Hello.Status.WELCOME) {
            throw new IOException("refused: " + handshake.answer().answeredStatus());
        }
        if (!handshake.serverIsProved()) {
            throw new IOException("the server does not know the secret");
        }
        prove(handshake.clientProof());
    }

    /// Of a connection that was opened with a proof.
    Handshake handshake() {
        return Objects.requireNonNull(handshake);
    }

    void prove(Proof proof) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Proof.BYTES);
        proof.write(bytes);
        sendBytes(bytes.array());
    }

    Hello hello(Hello hello) throws IOException {
        sendBytes(hello.bytes().array());
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
