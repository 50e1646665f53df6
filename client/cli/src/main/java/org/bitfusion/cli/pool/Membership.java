package org.bitfusion.cli.pool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.connection.PoolTls;
import org.bitfusion.cli.connection.Validity;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.tls.Names;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.Renewal;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.jspecify.annotations.Nullable;

/// This user's membership of a pool: the files that an administrator gave (`ca.crt`, `client.yaml`
/// with a token) and the certificate that the first command gets for them
/// (`~/.bitfusion/tls/client.pem`).
public final class Membership {
    private static final Duration RENEWAL_LIMIT = Duration.ofSeconds(5);

    /// So long before the end a renewal that fails is worth a word.
    private static final Duration SOON = Duration.ofDays(30);

    private static final String DOWNLOAD =
            "put ca.crt of a token's download into /etc/bitfusion/tls, client.yaml and servers.conf into ";

    private static final int KEY_LIMIT = 1 << 16;

    private final Path own;
    private final Path system;

    /// @param userHome of the user
    /// @param system folder of the machine's configuration, `/etc`
    public Membership(Path userHome, Path system) {
        this.own = userHome.resolve(".bitfusion");
        this.system = system.resolve("bitfusion");
    }

    /// Whether this user is a client of a pool, or has a token to become one.
    public boolean isThere() {
        return Files.exists(identity()) || token() != null;
    }

    private Path identity() {
        return own.resolve("tls/client.pem");
    }

    private Path authority() {
        Path users = own.resolve("tls/ca.crt");
        Path machines = system.resolve("tls/ca.crt");
        if (!Files.exists(users) && !Files.exists(machines)) {
            throw new Fault(
                    ExitCode.NOT_ALLOWED,
                    machines
                            + ": no such file, nor "
                            + users
                            + "; appliances are known by it: "
                            + DOWNLOAD
                            + own);
        }
        return Files.exists(users) ? users : machines;
    }

    private @Nullable String token() {
        // A home that this user may not enter, as one that HOME still names after a change of the
        // user, holds nothing of this user's.
        String token = Files.isDirectory(own) ? ClientFile.token(own.resolve("client.yaml")) : null;
        return token != null ? token : ClientFile.token(system.resolve("client.yaml"));
    }

    /// What connections to the pool need; enrols this user first if need be.
    ///
    /// @param managers of the pool
    /// @throws Fault if this user cannot be enrolled
    public PoolAccess access(List<ServerAddress> managers, Notices notices) {
        Path authority = authority();
        PoolAccess present =
                Files.exists(identity()) ? PoolAccess.readFiles(authority, identity()) : null;
        String problem = present == null ? missing() : problem(present);
        if (present != null && problem == null) {
            return present;
        }
        String token = token();
        if (token == null) {
            throw new Fault(ExitCode.NOT_ALLOWED, problem + DOWNLOAD + own);
        }
        return enrol(authority, token, managers, notices);
    }

    private String missing() {
        return identity() + ": no such file, and no token to get it with; ";
    }

    /// Why a certificate is of no use any more; null if it is.
    private @Nullable String problem(PoolAccess present) {
        Validity known = present.tls().validity();
        if (known != null && known.renewal(Instant.now()) != Renewal.EXPIRED) {
            return null;
        }
        X509Certificate certificate = present.own().certificate();
        Optional<PoolId> pool = PeerIdentity.of(certificate).map(PeerIdentity::pool);
        if (pool.isPresent() && !pool.get().equals(present.pool())) {
            return identity()
                    + ": is of pool "
                    + pool.get()
                    + ", "
                    + present.authority()
                    + " of pool "
                    + present.pool()
                    + "; if the pool was made anew, ";
        }
        return Renewal.of(certificate, Instant.now()) == Renewal.EXPIRED
                ? identity()
                        + ": ended at "
                        + certificate.getNotAfter().toInstant()
                        + " and no token is there to get another with; "
                : null;
    }

    private PoolAccess enrol(
            Path authority, String token, List<ServerAddress> managers, Notices notices) {
        PoolTrust trust = PoolAccess.trust(authority);
        try (FileChannel channel = lockFile();
                FileLock lock = channel.lock()) {
            if (!lock.isValid()) {
                throw new IOException("no lock");
            }
            // Another command of this user may have done it in the meantime.
            if (Files.exists(identity())) {
                PoolAccess present = PoolAccess.readFiles(authority, identity());
                if (problem(present) == null) {
                    return present;
                }
            }
            Asking asking = asking();
            Map<String, String> body =
                    Map.of("token", token, "name", hostName(), "request", asking.request);
            PoolTls tls =
                    PoolTls.of(authority, null, () -> TlsContext.client(Optional.empty(), trust));
            try (Pool pool = new Pool(managers, tls, Optional.empty(), notices)) {
                JsonObject answer = ask(pool, body);
                notices.enrolled(pool.answering(), answer.uuid("id").toString());
                write(asking.key, answer.text("certificates"), trust);
                Files.deleteIfExists(askingFile());
            }
            return PoolAccess.readFiles(authority, identity());
        } catch (IOException exception) {
            throw unwritable(exception);
        }
    }

    /// A key for which a certificate is asked for.
    private record Asking(PrivateKey key, String request) {}

    private Path askingFile() {
        return own.resolve("tls/enrolling.pem");
    }

    /// The key of a command that heard no answer, or a new one, which is kept until it has its
    /// certificate: for a while the pool knows a key again, and takes no second use of the token.
    private Asking asking() {
        try {
            if (Files.exists(askingFile())) {
                String text =
                        new String(
                                PrivateFiles.readPrivate(askingFile(), KEY_LIMIT),
                                StandardCharsets.US_ASCII);
                int begin = text.indexOf("-----BEGIN CERTIFICATE REQUEST-----");
                if (begin > 0) {
                    return new Asking(
                            PrivateKeys.read(text, Optional.empty()), text.substring(begin));
                }
            }
        } catch (TlsException _) {
            // It is of no use.
        }
        KeyPair pair = PrivateKeys.generate();
        Asking fresh = new Asking(pair.getPrivate(), SigningRequest.write(pair, hostName()));
        PrivateFiles.writePrivate(
                askingFile(),
                (PrivateKeys.write(fresh.key) + fresh.request).getBytes(StandardCharsets.US_ASCII));
        return fresh;
    }

    private static JsonObject ask(Pool pool, Map<String, String> body) {
        HttpAnswer answer;
        try {
            answer = pool.ask(Pool.Request.post("/api/v1/enrolment/clients", body).repeatable());
        } catch (Fault fault) {
            throw new Fault(
                    fault.code(),
                    "none of the servers responded correctly to client id claim requests: "
                            + fault.line());
        }
        if (!answer.isSuccess()) {
            throw Problem.of(answer).fault();
        }
        try {
            JsonObject enrolled = JsonObject.read(answer.body());
            var _ = enrolled.uuid("id");
            var _ = enrolled.text("certificates");
            return enrolled;
        } catch (MalformedJsonException exception) {
            throw pool.nonsense(exception);
        }
    }

    /// @throws Fault if what came is not what was asked for
    private void write(PrivateKey key, String certificates, PoolTrust trust) {
        try {
            Identity identity = new Identity(key, Certificates.read(certificates));
            var _ = trust.check(identity.chain(), Set.of(PeerRole.CLIENT));
            identity.writeFile(identity());
        } catch (TlsException | PeerRefused | IllegalArgumentException exception) {
            throw new Fault(
                    ExitCode.PROTOCOL,
                    "the certificate that the pool gave cannot be used: "
                            + Problem.oneLine(String.valueOf(exception.getMessage())));
        }
    }

    /// Opened before anything is asked for, so that no token is used up for a certificate that
    /// cannot be kept.
    private FileChannel lockFile() throws IOException {
        Path folder = own.resolve("tls");
        Files.createDirectories(
                folder,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return FileChannel.open(
                folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private Fault unwritable(IOException exception) {
        return new Fault(
                ExitCode.CANNOT_CREATE,
                own.resolve("tls")
                        + ": this user has no certificate of the pool yet, and it cannot be kept there ("
                        + Problem.oneLine(exception.toString())
                        + "); make the folder writable, set HOME to one that is, or put a client.pem there that was enrolled elsewhere");
    }

    private static String hostName() {
        try {
            String name = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
            return Names.isHostName(name) ? name : "client";
        } catch (IOException _) {
            return "client";
        }
    }

    /// Renews this user's certificate if it is time to; says nothing of a failure while there is
    /// time for others.
    ///
    /// @return what is to be said; null: nothing
    public @Nullable String renewIfDue(List<ServerAddress> managers, PoolAccess access) {
        if (access.renewal(Instant.now()) != Renewal.DUE) {
            return null;
        }
        try {
            renew(managers, access);
            return null;
        } catch (IOException | Fault | TlsException exception) {
            Instant end = access.own().certificate().getNotAfter().toInstant();
            return Instant.now().plus(SOON).isAfter(end)
                    ? "this client's certificate ends at "
                            + end
                            + " and could not be renewed: "
                            + Problem.oneLine(String.valueOf(exception.getMessage()))
                    : null;
        }
    }

    private void renew(List<ServerAddress> managers, PoolAccess access) throws IOException {
        try (FileChannel channel = lockFile();
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                return; // another command is at it
            }
            KeyPair pair = PrivateKeys.generate();
            Map<String, String> body = Map.of("request", SigningRequest.write(pair, hostName()));
            try (Pool pool = new Pool(managers, access.tls(), Optional.empty(), Notices.NONE)) {
                Pool.Request request =
                        Pool.Request.post("/api/v1/renewal", body).within(RENEWAL_LIMIT);
                JsonObject answer = JsonObject.read(pool.succeed(request).body());
                write(
                        pair.getPrivate(),
                        answer.text("certificates"),
                        PoolAccess.trust(access.authority()));
            }
        }
    }
}
