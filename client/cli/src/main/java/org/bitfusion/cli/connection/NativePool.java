package org.bitfusion.cli.connection;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A pool's roots and a client's identity in [NativeTls]. It has nothing to say of what it does not
/// like: who is told "no" by it asks JSSE.
final class NativePool {
    private final long handle;
    private final long[] facts;

    private NativePool(long handle, long[] facts) {
        this.handle = handle;
        this.facts = facts;
    }

    /// Null if there is no library, or it cannot use the files.
    static @Nullable NativePool open(Path authority, @Nullable Path identity) {
        if (!NativeTls.isThere()) {
            return null;
        }
        long[] facts = new long[3];
        long handle =
                NativeTls.openPool(
                        bytes(authority), identity == null ? null : bytes(identity), facts);
        return handle == 0 ? null : new NativePool(handle, facts);
    }

    private static byte[] bytes(Path file) {
        return file.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// What is known of the identity's certificate; null if it is not one of this pool.
    @Nullable Validity validity() {
        return facts[2] < 0
                ? null
                : new Validity(
                        Instant.ofEpochSecond(facts[0]),
                        Instant.ofEpochSecond(facts[1]),
                        (int) facts[2]);
    }

    /// Connects, and shakes hands.
    ///
    /// @return null if it cannot be done this way
    /// @throws IOException if nobody answers, or not in time
    @Nullable SecureConnection connect(String host, Dialling dialling) throws IOException {
        Socket socket = dialling.dial();
        long engine = NativeTls.openEngine(handle, host.getBytes(StandardCharsets.UTF_8));
        if (engine == 0) {
            SocketConnection.closeQuietly(socket);
            return null;
        }
        NativeConnection connection = new NativeConnection(socket, engine);
        boolean good = false;
        try {
            good = connection.shakeHands();
        } catch (SocketTimeoutException exception) {
            throw exception;
        } catch (IOException _) {
            // JSSE says what it is.
        } finally {
            if (!good) {
                connection.close();
            }
        }
        return good ? connection : null;
    }
}
