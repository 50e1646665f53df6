package org.bitfusion.cli.lease;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.context.Admission;
import org.bitfusion.tls.context.HandshakeFailure;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;

/// This client's place in a pool: what it believes and what it shows.
///
/// @param own this client's key and certificate
/// @param authority the file with the pool's certificate, `ca.crt`
/// @param identity the file with this client's key and certificate
public record PoolAccess(TlsContext tls, PoolId pool, Identity own, Path authority, Path identity) {
    private static final String TOGETHER =
            "; enrol this client: put ca.crt, client.yaml and servers.conf of a token's download in place";

    /// Reads `.bitfusion/tls/client.pem` of the user, and `ca.crt` beside it or in `tls` of the
    /// system's folder.
    ///
    /// @throws Fault if this client is not enrolled, or the files cannot be used
    static PoolAccess read(Path userHome, Path system) {
        Path authority = authority(userHome, system);
        Path identity = userHome.resolve(".bitfusion/tls/client.pem");
        if (!Files.exists(identity) || !Files.exists(authority)) {
            throw new Fault(
                    ExitCode.NOT_ALLOWED,
                    (Files.exists(identity) ? authority : identity)
                            + ": no such file; appliances on other machines let in clients of their pool only"
                            + TOGETHER);
        }
        return readFiles(authority, identity);
    }

    /// Where the pool's certificate lies, or would lie.
    private static Path authority(Path userHome, Path system) {
        Path own = userHome.resolve(".bitfusion/tls/ca.crt");
        return Files.exists(own) ? own : system.resolve("tls/ca.crt");
    }

    /// Reads both files.
    ///
    /// @throws Fault if they cannot be used
    public static PoolAccess readFiles(Path authority, Path identity) {
        try {
            Identity own = Identity.readFile(identity);
            PoolTrust trust = trust(authority);
            return new PoolAccess(
                    TlsContext.client(Optional.of(new CurrentIdentity(own)), trust),
                    trust.pool(),
                    own,
                    authority,
                    identity);
        } catch (TlsException exception) {
            throw new Fault(ExitCode.BROKEN_CONFIGURATION, String.valueOf(exception.getMessage()));
        }
    }

    /// What `ca.crt` says is to be believed.
    ///
    /// @throws Fault if it cannot be used
    public static PoolTrust trust(Path authority) {
        try {
            return PoolTrust.ofClient(Certificates.readFile(authority), Clock.systemUTC());
        } catch (TlsException exception) {
            throw new Fault(ExitCode.BROKEN_CONFIGURATION, String.valueOf(exception.getMessage()));
        } catch (IllegalArgumentException _) {
            throw new Fault(
                    ExitCode.BROKEN_CONFIGURATION,
                    authority
                            + ": is no certificate of a pool; put ca.crt of the token's download there");
        }
    }

    /// Puts TLS over a connection.
    ///
    /// @throws Fault if what is there is not of this pool
    SSLSocket secure(Socket socket, ServerAddress address) throws IOException {
        return secure(tls, socket, address);
    }

    /// Puts TLS over a connection.
    ///
    /// @throws Fault if what is there is not of the pool, beginning with the address
    public static SSLSocket secure(TlsContext tls, Socket socket, ServerAddress address)
            throws IOException {
        SSLSocket secured =
                (SSLSocket)
                        tls.context()
                                .getSocketFactory()
                                .createSocket(socket, address.host(), address.port(), true);
        secured.setSSLParameters(tls.parameters());
        try {
            secured.startHandshake();
        } catch (SSLException exception) {
            throw refused(address, exception);
        }
        if (tls.admit(secured.getSession()) instanceof Admission.Refused(_, String message)) {
            throw new Fault(ExitCode.NOT_ALLOWED, address + ": " + message);
        }
        return secured;
    }

    /// What ended a connection over TLS, with what to do. A server looks at this client's
    /// certificate last: what it thinks of it comes in its first answer's place.
    static Fault refused(ServerAddress address, SSLException exception) {
        return new Fault(
                ExitCode.NOT_ALLOWED,
                address
                        + ": "
                        + HandshakeFailure.of(exception)
                                .map(HandshakeFailure::message)
                                .orElse("no TLS 1.3 there (" + exception.getMessage() + ")"));
    }
}
