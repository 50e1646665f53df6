package org.bitfusion.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.process.ZooKeeperFolder;
import org.bitfusion.cluster.process.ZooKeeperProcess;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.PrivateKeys;

/// ZooKeeper processes of one pool on loopback, all ended by [#close].
public final class TestMembers implements AutoCloseable {
    private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

    private static final Duration TICK = Duration.ofMillis(500);
    private static final int HEAP_MIB = 64;

    public final TestPool pool = new TestPool();
    private final Path root;
    private final List<Runnable> open = new ArrayList<>();

    public TestMembers(Path root) {
        this.root = root;
    }

    public static Member member(int number) {
        return new Member(
                number,
                new UUID(0, number),
                "127.0.0.1",
                new Member.Ports(freePort(), freePort(), freePort()));
    }

    /// Out of the range that the system gives to those who connect; each once in this JVM.
    public static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
            if (!GIVEN.add(port)) {
                continue;
            }
            try (ServerSocket socket =
                    new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException _) {
                // Taken.
            }
        }
    }

    /// The folder of a member, with an identity and the pool's root.
    public ZooKeeperFolder folder(Member member) {
        ZooKeeperFolder folder = new ZooKeeperFolder(root.resolve("member-" + member.number()));
        folder.writeIdentity(identity(member));
        folder.writeRoots(List.of(pool.authority.root()));
        return folder;
    }

    /// It names the address alone: a name that a name server knows for it must not matter.
    private Identity identity(Member member) {
        KeyPair pair = PrivateKeys.generate();
        ApplianceSubject subject =
                new ApplianceSubject(
                        member.appliance(), "gpu-1", List.of(), List.of(member.host()));
        return new Identity(
                pair.getPrivate(),
                pool.authority.issueAppliance(subject, TestPool.request(pair), pool.now));
    }

    public ZooKeeperProcess start(Member member, List<Member> voters, List<Member> observers) {
        ZooKeeperFolder folder = folder(member);
        folder.begin(member, voters, observers);
        return start(member, folder);
    }

    public ZooKeeperProcess start(Member member, ZooKeeperFolder folder) {
        ZooKeeperProcess process =
                new ZooKeeperProcess(
                        new ZooKeeperProcess.Settings(folder, member, TICK, HEAP_MIB),
                        InstantSource.system());
        open.add(process::close);
        return process;
    }

    /// @param as whose identity is shown
    public PoolConnection connect(Member as, List<Member> members) {
        PoolConnection connection =
                new PoolConnection(
                        new PoolConnection.Settings(
                                folder(as), members, Duration.ofSeconds(9), Duration.ofSeconds(8)));
        open.add(connection::close);
        return connection;
    }

    @Override
    public void close() {
        open.reversed().forEach(Runnable::run);
    }
}
