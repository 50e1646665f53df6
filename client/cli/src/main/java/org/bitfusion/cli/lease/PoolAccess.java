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
/// @param authority the file with the pool's certificate, `ca.crt`
/// @param identity the file with this client's key and certificate
public record PoolAccess(TlsContext tls, Path authority, Path identity) {
    private static final String TOGETHER = "; enrol this client with a token of the pool";

    /// Reads `.bitfusion/tls/client.pem` of the user, and `ca.crt` beside it or in `tls` of the
    /// system's folder.
    ///
    /// @throws Fault if this client is not enrolled, or the files cannot be used
    static PoolAccess read(Path userHome, Path system) {
        Path own = userHome.resolve(".bitfusion/tls");
        Path authority =
                Files.exists(own.resolve("ca.crt"))
                        ? own.resolve("ca.crt")
                        : system.resolve("tls/ca.crt");
        Path identity = own.resolve("client.pem");
        if (!Files.exists(identity) || !Files.exists(authority)) {
            throw new Fault(
                    ExitCode.NOT_ALLOWED,
                    (Files.exists(identity) ? authority : identity)
                            + ": no such file; appliances on other machines let in clients of their pool only"
                            + TOGETHER);
        }
        try {
            CurrentIdentity current = new CurrentIdentity(Identity.readFile(identity));
            PoolTrust trust =
                    PoolTrust.ofClient(Certificates.readFile(authority), Clock.systemUTC());
            return new PoolAccess(
                    TlsContext.client(Optional.of(current), trust), authority, identity);
        } catch (TlsException exception) {
            throw new Fault(ExitCode.BROKEN_CONFIGURATION, String.valueOf(exception.getMessage()));
        }
    }

    /// Puts TLS over a connection.
    ///
    /// @throws Fault if what is there is not of this pool
    SSLSocket secure(Socket socket, ServerAddress address) throws IOException {
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
