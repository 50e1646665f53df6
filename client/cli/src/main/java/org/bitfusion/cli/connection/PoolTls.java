package org.bitfusion.cli.connection;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.tls.context.Admission;
import org.bitfusion.tls.context.HandshakeFailure;
import org.bitfusion.tls.context.TlsContext;
import org.jspecify.annotations.Nullable;

/// Connections to appliances of a pool. The fast way is [NativeTls]; where it is not there, cannot
/// use a file, or accepts a peer not, JSSE decides, over a connection of its own, and says why not.
public final class PoolTls {
    private final @Nullable NativePool fast;
    private final Supplier<TlsContext> source;
    private @Nullable TlsContext context;

    private PoolTls(@Nullable NativePool fast, Supplier<TlsContext> source) {
        this.fast = fast;
        this.source = source;
    }

    /// @param authority the file with the pool's roots
    /// @param identity the file with this client's key and certificate; null: it shows none
    /// @param source the same for JSSE, asked when it is needed
    public static PoolTls of(Path authority, @Nullable Path identity, Supplier<TlsContext> source) {
        return new PoolTls(NativePool.open(authority, identity), source);
    }

    /// JSSE alone.
    PoolTls withoutLibrary() {
        return new PoolTls(null, source);
    }

    /// Whether the files could be used without JSSE.
    public boolean isFast() {
        return fast != null;
    }

    /// What is known of this client's own certificate without JSSE: null if it is not known, or not
    /// of the pool.
    public @Nullable Validity validity() {
        return fast == null ? null : fast.validity();
    }

    /// Connects, with TLS.
    ///
    /// @throws IOException if nobody answers, or not in time
    /// @throws Fault if what is there is not of the pool, beginning with the address
    public SecureConnection connect(ServerAddress address, Dialling dialling) throws IOException {
        SecureConnection connection = fast == null ? null : fast.connect(address.host(), dialling);
        return connection != null ? connection : secure(address, dialling.dial());
    }

    private SecureConnection secure(ServerAddress address, Socket socket) throws IOException {
        boolean good = false;
        try {
            TlsContext tls = context();
            SSLSocket secured =
                    (SSLSocket)
                            tls.context()
                                    .getSocketFactory()
                                    .createSocket(socket, address.host(), address.port(), true);
            secured.setSSLParameters(tls.parameters());
            secured.startHandshake();
            if (tls.admit(secured.getSession()) instanceof Admission.Refused(_, String message)) {
                throw new Fault(ExitCode.NOT_ALLOWED, address + ": " + message);
            }
            good = true;
            return new JsseConnection(secured);
        } catch (SSLException exception) {
            throw refused(address, exception);
        } finally {
            if (!good) {
                SocketConnection.closeQuietly(socket);
            }
        }
    }

    private synchronized TlsContext context() {
        TlsContext known = context;
        if (known == null) {
            known = source.get();
            context = known;
        }
        return known;
    }

    /// What ended a connection over TLS, with what to do. A server looks at this client's
    /// certificate last: what it thinks of it comes in its first answer's place.
    public static Fault refused(ServerAddress address, SSLException exception) {
        return new Fault(
                ExitCode.NOT_ALLOWED,
                address
                        + ": "
                        + HandshakeFailure.of(exception)
                                .map(HandshakeFailure::message)
                                .orElse("no TLS 1.3 there (" + exception.getMessage() + ")"));
    }
}
