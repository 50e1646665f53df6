package org.bitfusion.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.connection.Attempt;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.pool.EndOutcome;
import org.bitfusion.cluster.pool.GrantOutcome;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.cluster.pool.Promises;
import org.bitfusion.cluster.process.ZooKeeperFolder;
import org.bitfusion.cluster.process.ZooKeeperProcess;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.PoolKey;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.store.MemoryRecordStore;

/// A pool of its own ZooKeeper processes, and as many schedulers at a time as there are
/// [#SCHEDULERS], each granting GPUs of an appliance of its own; beside them bare multis of the
/// same size over the same connection.
final class Grants implements AutoCloseable {
    private static final int SCHEDULERS = 8;
    private static final int GRANTS = 25;
    private static final int MEMORY_MIB = 80_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String BARE = "/bare";

    /// Of a lease and its share, in the middle of a round.
    private static final int PROMISES_BYTES = 45 * GRANTS / 2;

    private static final int EVERYTHING = 31;
    private static final List<ACL> OPEN =
            Collections.singletonList(new ACL(EVERYTHING, new Id("world", "anyone")));

    private final CertificateAuthority authority;
    private final List<ZooKeeperProcess> processes = new ArrayList<>();
    private final PoolConnection connection;
    private final PoolState state;
    private final List<UUID> appliances = new ArrayList<>();

    /// How long one grant took, of the last round of either kind.
    private double[] seconds = {};

    /// @param votes how many processes, all of which vote
    Grants(int votes, Path folder) throws IOException {
        authority =
                CertificateAuthority.create(
                        new MemoryRecordStore(), PoolKey.generate(), Lifetimes.DEFAULT, now());
        List<Member> members = new ArrayList<>();
        for (int number = 1; number <= votes; number++) {
            Member.Ports ports = new Member.Ports(freePort(), freePort(), freePort());
            members.add(new Member(number, new UUID(0, number), "127.0.0.1", ports));
        }
        ZooKeeperFolder last = new ZooKeeperFolder(folder.resolve("zookeeper-client"));
        identify(last, new UUID(0, 0));
        for (Member member : members) {
            ZooKeeperFolder own =
                    new ZooKeeperFolder(
                            folder.resolve("zookeeper-" + votes + "-" + member.number()));
            identify(own, member.appliance());
            own.begin(member, members, List.of());
            processes.add(
                    new ZooKeeperProcess(
                            new ZooKeeperProcess.Settings(
                                    own,
                                    member,
                                    ZooKeeperProcess.Settings.TICK,
                                    ZooKeeperProcess.Settings.HEAP_MIB),
                            InstantSource.system()));
        }
        connection =
                new PoolConnection(
                        new PoolConnection.Settings(
                                last,
                                members,
                                PoolConnection.Settings.SESSION,
                                Duration.ofSeconds(10)));
        if (!connection.awaitConnected(PATIENCE)) {
            close();
            throw new IOException("ZooKeeper did not start in " + PATIENCE);
        }
        state = new PoolState(connection);
        state.prepare();
        for (int number = 0; number < SCHEDULERS; number++) {
            announce(new UUID(1, number));
        }
    }

    private static Instant now() {
        return InstantSource.system().instant();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void identify(ZooKeeperFolder folder, UUID appliance) {
        KeyPair pair = PrivateKeys.generate();
        ApplianceSubject subject =
                new ApplianceSubject(appliance, "bench", List.of(), List.of("127.0.0.1"));
        CertificateRequest request =
                CertificateRequest.parse(CertificateRequest.write(pair, "bench"));
        folder.writeIdentity(
                new Identity(pair.getPrivate(), authority.issueAppliance(subject, request, now())));
        folder.writeRoots(List.of(authority.root()));
    }

    private void announce(UUID id) {
        state.announce(
                new Appliance(
                        id,
                        new Appliance.Host("bench", List.of("127.0.0.1"), false, "", ""),
                        ApplianceState.AVAILABLE,
                        List.of(new Gpu(0, new UUID(2, 0), "GPU", MEMORY_MIB, 0))));
        appliances.add(id);
    }

    /// Grants a second, of all schedulers together. A grant reads what is promised, and writes.
    double grantsPerSecond() throws IOException, InterruptedException {
        List<UUID> leases = new ArrayList<>();
        double rate =
                rate((scheduler, number) -> {
                    UUID appliance = appliances.get(scheduler);
                    UUID id = UUID.randomUUID();
                    synchronized (leases) {
                        leases.add(id);
                    }
                    Promises promises = state.promised(appliance).orElseThrow();
                    PoolView view = new PoolView(List.of(), Map.of(appliance, promises), List.of());
                    LeasedGpu share = new LeasedGpu(appliance, 0, 100 + number);
                    Lease lease = new Lease(id, "bench", Lease.Origin.RUN, null, List.of(share));
                    if (!(state.grant(lease, view) instanceof GrantOutcome.Granted)) {
                        throw new IOException("a grant failed");
                    }
                });
        if (!leases.parallelStream().map(state::end).allMatch(EndOutcome.Ended.class::isInstance)) {
            throw new IOException("a lease did not end");
        }
        return rate;
    }

    /// Multis a second: a node written, of as many bytes as promises have on average, and one
    /// created.
    double multisPerSecond() throws IOException, InterruptedException {
        byte[] promises = new byte[PROMISES_BYTES];
        byte[] lease = new byte[120];
        bare(zooKeeper -> {
            zooKeeper.create(BARE, promises, OPEN, CreateMode.PERSISTENT);
            for (int scheduler = 0; scheduler < SCHEDULERS; scheduler++) {
                zooKeeper.create(BARE + "/" + scheduler, promises, OPEN, CreateMode.PERSISTENT);
            }
        });
        double rate =
                rate((scheduler, number) ->
                        bare(zooKeeper ->
                                zooKeeper.multi(
                                        List.of(
                                                Op.setData(
                                                        BARE + "/" + scheduler, promises, number),
                                                Op.create(
                                                        BARE + "/" + scheduler + "/" + number,
                                                        lease,
                                                        OPEN,
                                                        CreateMode.PERSISTENT)))));
        bare(zooKeeper -> ZKUtil.deleteRecursive(zooKeeper, BARE));
        return rate;
    }

    /// Of the last round: the time that one grant of a hundred was over, in milliseconds.
    double slowestOfHundred() {
        return seconds.length == 0 ? 0 : seconds[seconds.length * 99 / 100] * 1e3;
    }

    private interface Bare {
        void run(ZooKeeper zooKeeper) throws Exception;
    }

    private void bare(Bare operation) throws IOException {
        try {
            Attempt<?> attempt =
                    connection.change(curator -> {
                        operation.run(curator.getZookeeperClient().getZooKeeper());
                        return "";
                    });
            if (!(attempt instanceof Attempt.Done<?>)) {
                throw new IOException("ZooKeeper does not answer");
            }
        } catch (KeeperException exception) {
            throw new IOException(exception);
        }
    }

    private interface Step {
        void run(int scheduler, int number) throws IOException;
    }

    private double rate(Step step) throws IOException, InterruptedException {
        double[] times = new double[SCHEDULERS * GRANTS];
        List<Callable<Void>> schedulers = new ArrayList<>();
        for (int scheduler = 0; scheduler < SCHEDULERS; scheduler++) {
            int own = scheduler;
            schedulers.add(() -> {
                for (int number = 0; number < GRANTS; number++) {
                    long before = System.nanoTime();
                    step.run(own, number);
                    times[own * GRANTS + number] = (System.nanoTime() - before) * 1e-9;
                }
                return null;
            });
        }
        long began = System.nanoTime();
        try (ExecutorService threads = Executors.newFixedThreadPool(SCHEDULERS)) {
            for (Future<Void> each : threads.invokeAll(schedulers)) {
                each.get();
            }
        } catch (ExecutionException exception) {
            throw new IOException(exception.getCause());
        }
        double elapsed = (System.nanoTime() - began) * 1e-9;
        Arrays.sort(times);
        seconds = times;
        return times.length / elapsed;
    }

    @Override
    public void close() {
        connection.close();
        processes.forEach(ZooKeeperProcess::close);
    }
}
