package org.bitfusion.cli.lease;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.connection.PoolTls;
import org.bitfusion.cli.connection.Validity;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.Renewal;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.jspecify.annotations.Nullable;

/// This client's place in a pool: what it believes and what it shows. What JSSE needs of it is read
/// when it is needed.
public final class PoolAccess {
    private static final String TOGETHER =
            "; enrol this client: put ca.crt, client.yaml and servers.conf of a token's download in place";

    private final Path authority;
    private final Path identity;
    private final PoolTls tls;
    private @Nullable PoolTrust trust;
    private @Nullable Identity own;

    private PoolAccess(Path authority, Path identity) {
        this.authority = authority;
        this.identity = identity;
        this.tls = PoolTls.of(authority, identity, this::context);
    }

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

    /// Looks at both files.
    ///
    /// @throws Fault if they cannot be used
    public static PoolAccess readFiles(Path authority, Path identity) {
        PoolAccess access = new PoolAccess(authority, identity);
        if (!access.tls.isFast()) {
            access.readAll();
        }
        return access;
    }

    private synchronized void readAll() {
        if (own != null) {
            return;
        }
        try {
            Identity read = Identity.readFile(identity);
            trust = trust(authority);
            own = read;
        } catch (TlsException exception) {
            throw new Fault(ExitCode.BROKEN_CONFIGURATION, String.valueOf(exception.getMessage()));
        }
    }

    /// The same for JSSE.
    ///
    /// @throws Fault if the files cannot be used
    public TlsContext context() {
        return TlsContext.client(Optional.of(new CurrentIdentity(own())), trust());
    }

    /// How connections to the pool's appliances are made.
    public PoolTls tls() {
        return tls;
    }

    /// The file with the pool's certificate, `ca.crt`.
    public Path authority() {
        return authority;
    }

    /// The file with this client's key and certificate.
    public Path identity() {
        return identity;
    }

    /// This client's key and certificate.
    ///
    /// @throws Fault if they cannot be used
    public synchronized Identity own() {
        readAll();
        return Objects.requireNonNull(own);
    }

    private synchronized PoolTrust trust() {
        readAll();
        return Objects.requireNonNull(trust);
    }

    /// Of the authority.
    ///
    /// @throws Fault if the files cannot be used
    public PoolId pool() {
        return trust().pool();
    }

    /// Whether this client's certificate is to be renewed.
    public Renewal renewal(Instant now) {
        Validity known = tls.validity();
        return known != null ? known.renewal(now) : Renewal.of(own().certificate(), now);
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
}
