package org.bitfusion.cluster.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.Member;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.store.FileRecordStore;

/// What a ZooKeeper process lives on, in a folder of mode 0700:
///
/// | file | what |
/// |---|---|
/// | `zookeeper.cfg` | written at each start; ZooKeeper puts the newest list of members into it |
/// | `members`, `members.dynamic.*` | who votes and who observes, written here once, then by ZooKeeper |
/// | `identity.pem` | the appliance's key and chain, read again when it changes |
/// | `roots.pem` | the pool's roots |
/// | `revoked` | records of what is revoked, read at each handshake |
/// | `lock` | held by the process: there is one at a time |
/// | `data`, `log` | ZooKeeper's own |
///
/// Not thread-safe: its appliance alone writes it.
public final class ZooKeeperFolder {
    private static final String DYNAMIC = "dynamicConfigFile=";
    private static final String SUITES =
            "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256";
    private static final int CONFIGURATION_LIMIT = 1 << 20;

    private final Path root;

    /// Makes the folder if it is not there.
    ///
    /// @throws ClusterException FOLDER_UNUSABLE
    public ZooKeeperFolder(Path root) {
        this.root = root.toAbsolutePath();
        if (this.root.toString().chars().anyMatch(character -> character < ' ')
                || this.root.toString().indexOf('\\') >= 0) {
            throw new IllegalArgumentException(
                    "root: (expected: no backslash and no control characters)");
        }
        try {
            for (Path folder : List.of(this.root, data(), this.root.resolve("log"))) {
                Files.createDirectories(
                        folder,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            }
            Set<?> mode = Files.getPosixFilePermissions(this.root, LinkOption.NOFOLLOW_LINKS);
            if (!mode.equals(PosixFilePermissions.fromString("rwx------"))) {
                throw new ClusterException(
                        ClusterError.FOLDER_UNUSABLE,
                        this.root + " can be entered by others; run: chmod 700 " + this.root);
            }
        } catch (IOException exception) {
            throw unusable(exception);
        }
    }

    public Path root() {
        return root;
    }

    Path configuration() {
        return root.resolve("zookeeper.cfg");
    }

    Path lockFile() {
        return root.resolve("lock");
    }

    private Path data() {
        return root.resolve("data");
    }

    public Path identityFile() {
        return root.resolve("identity.pem");
    }

    public Path rootsFile() {
        return root.resolve("roots.pem");
    }

    /// Where the appliance puts a copy of the pool's revocations: the process cannot ask itself.
    public FileRecordStore revocations() {
        return new FileRecordStore(root.resolve("revoked"));
    }

    /// Connections made from now on show it.
    public void writeIdentity(Identity identity) {
        identity.writeFile(identityFile());
    }

    public void writeRoots(List<X509Certificate> roots) {
        Certificates.writeFile(rootsFile(), roots);
    }

    /// Whether it was ever given members: a pool's, or its own alone.
    public boolean hasMembers() {
        return Files.exists(configuration());
    }

    /// The list of members to begin with. Later ones are ZooKeeper's: this is done once, before the
    /// first start.
    ///
    /// @param self one of `voters` (the first of a pool) or of `observers` (one that joins)
    public void begin(Member self, List<Member> voters, List<Member> observers) {
        if (hasMembers()) {
            throw new IllegalArgumentException("self: is a member already (expected: a new one)");
        }
        if (voters.isEmpty() || voters.contains(self) == observers.contains(self)) {
            throw new IllegalArgumentException(
                    "self: (expected: either one of the voters or of the observers)");
        }
        String lines = lines(voters, true) + lines(observers, false);
        Path members = root.resolve("members");
        write(members, lines);
        write(data().resolve("myid"), self.number() + "\n");
        write(configuration(), DYNAMIC + members + "\n");
    }

    private static String lines(List<Member> members, boolean votes) {
        return members.stream()
                .map(member -> "server." + member.number() + "=" + member.line(votes) + "\n")
                .collect(Collectors.joining());
    }

    /// The rest of the configuration, before each start; the list of members stays what it was.
    ///
    /// @param tick ZooKeeper's unit of time: sessions live 2 to 20 of it, members wait 10 for one
    ///   another
    void configure(Member self, Duration tick) {
        String members =
                membersLine()
                        .orElseThrow(() ->
                                new ClusterException(
                                        ClusterError.FOLDER_UNUSABLE,
                                        configuration() + " does not name a list of members"));
        write(configuration(), text(self, tick) + members + "\n");
    }

    private Optional<String> membersLine() {
        String present =
                new String(
                        PrivateFiles.read(configuration(), CONFIGURATION_LIMIT),
                        StandardCharsets.UTF_8);
        return present.lines().filter(line -> line.startsWith(DYNAMIC)).findFirst();
    }

    private String text(Member self, Duration tick) {
        return """
        # Written at each start of the appliance.
        dataDir=%s
        dataLogDir=%s
        tickTime=%d
        initLimit=10
        syncLimit=5
        # A quorum always, be it of one; members come and go without a stop.
        standaloneEnabled=false
        reconfigEnabled=true
        # TLS 1.3 with the pool's certificates, and no port without.
        secureClientPort=%d
        secureClientPortAddress=%s
        serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
        authProvider.x509=%s
        ssl.authProvider=x509
        ssl.clientAuth=need
        ssl.protocol=TLSv1.3
        ssl.enabledProtocols=TLSv1.3
        ssl.ciphersuites=%s
        sslQuorum=true
        ssl.quorum.context.supplier.class=%s
        ssl.quorum.clientAuth=need
        ssl.quorum.protocol=TLSv1.3
        ssl.quorum.enabledProtocols=TLSv1.3
        ssl.quorum.ciphersuites=%s
        # One word answers within TLS: who leads.
        4lw.commands.whitelist=srvr
        admin.enableServer=false
        # Old logs go; new ones grow in small steps.
        autopurge.snapRetainCount=3
        autopurge.purgeInterval=24
        preAllocSize=4096
        """
                .formatted(
                        data(),
                        root.resolve("log"),
                        tick.toMillis(),
                        self.ports().client(),
                        self.host(),
                        PoolAuthentication.class.getName(),
                        SUITES,
                        QuorumTls.class.getName(),
                        SUITES);
    }

    private static void write(Path file, String text) {
        PrivateFiles.writePrivate(file, text.getBytes(StandardCharsets.UTF_8));
    }

    private ClusterException unusable(IOException exception) {
        return new ClusterException(
                ClusterError.FOLDER_UNUSABLE, root + " cannot be used: " + exception, exception);
    }
}
