package org.bitfusion.cli.connection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.Secret;

/// A socket whose bytes go through [NativeTls]. Its engine is for one thread at a time: its lock is
/// held while bytes are encrypted or decrypted, and never while the socket is waited for. Reading
/// sends nothing, so records leave in the order in which they were encrypted.
final class NativeConnection implements SecureConnection {
    private final Socket socket;
    private final byte[] came = new byte[NativeTls.RECORD];
    private final ReentrantLock sending = new ReentrantLock();
    private final ReentrantLock using = new ReentrantLock();
    private long engine;
    private volatile boolean closed;

    /// @param socket connected
    /// @param engine its own from now on
    NativeConnection(Socket socket, long engine) {
        this.socket = socket;
        this.engine = engine;
    }

    /// Before anybody else has it.
    ///
    /// @return false if the other side is not what it should be
    boolean shakeHands() throws IOException {
        int state = 0;
        int count = 0;
        while (state == 0 && count >= 0) {
            state = NativeTls.shakeHands(engine, came, count);
            byte[] said = NativeTls.outgoing(engine);
            if (said.length > 0) {
                socket.getOutputStream().write(said);
            }
            count = state == 0 ? socket.getInputStream().read(came) : 0;
        }
        return state == 1;
    }

    @Override
    public ChannelBinding binding() throws IOException {
        return ChannelBinding.of(export(ChannelBinding.LABEL, ChannelBinding.BYTES));
    }

    @Override
    public Secret accessSecret() throws IOException {
        return Secret.read(ByteBuffer.wrap(export(ChannelBinding.ACCESS_LABEL, Secret.BYTES)));
    }

    private byte[] export(String label, int count) throws IOException {
        byte[] exported = new byte[count];
        using.lock();
        try {
            if (!NativeTls.export(open(), label.getBytes(StandardCharsets.US_ASCII), exported)) {
                throw new SSLException("no TLS 1.3");
            }
        } finally {
            using.unlock();
        }
        return exported;
    }

    /// Called with the lock.
    private long open() throws SocketException {
        if (engine == 0) {
            throw new SocketException("Socket closed");
        }
        return engine;
    }

    @Override
    public int read(byte[] to, int offset, int count) throws IOException {
        if (count == 0) {
            return 0;
        }
        int bytes = 0;
        while (true) {
            int moved = decrypt(bytes, to, offset, count);
            if (moved > 0) {
                return moved;
            }
            if (moved < 0) {
                return endOrFailure(moved);
            }
            bytes = socket.getInputStream().read(came);
            if (bytes < 0) {
                return end(); // as JSSE has it: what is said here knows how long it is
            }
        }
    }

    private int decrypt(int bytes, byte[] to, int offset, int count) throws IOException {
        using.lock();
        try {
            return NativeTls.decrypt(open(), came, bytes, to, offset, count);
        } finally {
            using.unlock();
        }
    }

    /// The other side may have answered this side's farewell before the socket was closed.
    private int end() throws SocketException {
        if (closed) {
            throw new SocketException("Socket closed");
        }
        return -1;
    }

    private int endOrFailure(int result) throws IOException {
        if (result == NativeTls.CLOSED) {
            return end();
        }
        if (result <= NativeTls.ALERTED) {
            String name = alert(NativeTls.ALERTED - result);
            throw new SSLHandshakeException("(" + name + ") Received fatal alert: " + name);
        }
        throw new SSLException("what came cannot be decrypted");
    }

    /// As JSSE calls it (RFC 8446, 6).
    private static String alert(int number) {
        return switch (number) {
            case 10 -> "unexpected_message";
            case 20 -> "bad_record_mac";
            case 22 -> "record_overflow";
            case 40 -> "handshake_failure";
            case 42 -> "bad_certificate";
            case 43 -> "unsupported_certificate";
            case 44 -> "certificate_revoked";
            case 45 -> "certificate_expired";
            case 46 -> "certificate_unknown";
            case 47 -> "illegal_parameter";
            case 48 -> "unknown_ca";
            case 49 -> "access_denied";
            case 50 -> "decode_error";
            case 51 -> "decrypt_error";
            case 70 -> "protocol_version";
            case 71 -> "insufficient_security";
            case 80 -> "internal_error";
            case 109 -> "missing_extension";
            case 116 -> "certificate_required";
            default -> "unknown_alert";
        };
    }

    @Override
    public void write(byte[] from, int offset, int count) throws IOException {
        sending.lock();
        try {
            for (int done = 0; done < count; ) {
                int step = Math.min(NativeTls.RECORD, count - done);
                socket.getOutputStream().write(encrypt(from, offset + done, step));
                done += step;
            }
        } finally {
            sending.unlock();
        }
    }

    private byte[] encrypt(byte[] from, int offset, int count) throws IOException {
        using.lock();
        try {
            if (!NativeTls.encrypt(open(), from, offset, count)) {
                throw new SSLException("nothing can be encrypted any more");
            }
            return NativeTls.outgoing(engine);
        } finally {
            using.unlock();
        }
    }

    @Override
    public void setReadTimeout(int milliseconds) throws IOException {
        socket.setSoTimeout(milliseconds);
    }

    @Override
    public InetAddress peer() {
        return socket.getInetAddress();
    }

    @Override
    public void close() {
        closed = true;
        // Who writes may be waiting, and is not waited for.
        if (sending.tryLock()) {
            try {
                byte[] farewell = farewell();
                if (farewell.length > 0) {
                    socket.getOutputStream().write(farewell);
                }
            } catch (IOException _) {
                // The other side has left before.
            } finally {
                sending.unlock();
            }
        }
        SocketConnection.closeQuietly(socket);
        using.lock();
        try {
            if (engine != 0) {
                NativeTls.closeEngine(engine);
                engine = 0;
            }
        } finally {
            using.unlock();
        }
    }

    private byte[] farewell() throws SocketException {
        using.lock();
        try {
            NativeTls.end(open());
            return NativeTls.outgoing(engine);
        } finally {
            using.unlock();
        }
    }
}
