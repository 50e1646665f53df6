package org.bitfusion.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.Share;
import org.bitfusion.cli.pool.GrantedLease;
import org.bitfusion.cli.pool.LeaseOrder;
import org.bitfusion.cli.pool.LeaseWish;
import org.bitfusion.cli.pool.Notices;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.cli.pool.StandInManager;
import org.bitfusion.cli.session.Cancellation;
import org.bitfusion.cli.session.Transcript;
import org.bitfusion.tls.TestPool;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Grants at appliances that cannot be reached.
class PoolGrantTest {
    private static final TestPool POOL = new TestPool();

    @TempDir Path home;
    private final List<String> warnings = new ArrayList<>();
    private final List<GrantedLease> granted = new ArrayList<>();
    private PoolAccess access;
    private int closedPort;

    @BeforeEach
    void enrol() throws IOException {
        access = StandInManager.client(home, POOL);
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closedPort = socket.getLocalPort();
        }
    }

    private StandInManager.Answer answer(StandInManager.Asked asked) {
        return asked.method().equals("DELETE")
                ? StandInManager.Answer.raw("HTTP/1.1 204 No Content\r\n\r\n")
                : StandInManager.Answer.json(
                        201,
                        """
                        {"id":"%s","secret":"00112233445566778899aabbccddeeff","renewSeconds":600,
                         "idleTimeoutSeconds":0,"parts":[{"appliance":"a","name":"gpu-1",
                         "addresses":["127.0.0.1"],"dispatcherPort":%d,"controlPort":56001,
                         "build":"5.0.0","gpus":[{"index":0,"uuid":"%s","name":"T4","memoryMiB":5}]}]}
                        """
                                .formatted(id(asked), closedPort, UUID.randomUUID()));
    }

    private static String id(StandInManager.Asked asked) {
        return asked.method().equals("DELETE")
                ? asked.target().substring(asked.target().lastIndexOf('/') + 1)
                : asked.body().replaceAll("(?s).*\"id\":\"([0-9a-f-]{36})\".*", "$1");
    }

    private <T> T take(
            StandInManager manager,
            Duration patience,
            Duration persistence,
            Function<GrantedLease, T> joining) {
        LeaseWish wish =
                new LeaseWish(
                        1,
                        new Share.Whole(),
                        List.of(),
                        List.of(),
                        patience,
                        "run",
                        Optional.empty(),
                        "true");
        try (Pool pool =
                new Pool(
                        List.of(manager.address()), access.tls(), Optional.empty(), Notices.NONE)) {
            return new PoolGrant(
                            new PoolRequest(new Transcript(true)),
                            new Cancellation(_ -> {}),
                            warnings::add,
                            persistence)
                    .take(
                            new LeaseOrder(pool, wish),
                            wish,
                            lease -> {
                                granted.add(lease);
                                return joining.apply(lease);
                            });
        }
    }

    private Lease join(GrantedLease lease) {
        return Lease.join(lease.parts().getFirst().joined(), Access.of(access), null);
    }

    @Test
    void thePoolIsAskedAgainForGpusThatCanBeReached() throws IOException {
        try (StandInManager manager = new StandInManager(POOL, this::answer)) {
            UUID taken =
                    take(
                            manager,
                            Duration.ofSeconds(1000),
                            PoolGrant.PERSISTENCE,
                            lease -> {
                                if (granted.size() < 3) {
                                    var _ = join(lease);
                                }
                                return lease.id();
                            });
            List<String> asked = new ArrayList<>();
            manager.asked.forEach(one -> asked.add(one.method() + " " + id(one)));
            List<UUID> ids = granted.stream().map(GrantedLease::id).toList();
            assertThat(asked)
                    .containsExactly(
                            "POST " + ids.get(0),
                            "DELETE " + ids.get(0),
                            "POST " + ids.get(1),
                            "DELETE " + ids.get(1),
                            "POST " + ids.get(2));
            assertThat(ids).doesNotHaveDuplicates().endsWith(taken);
            assertThat(manager.asked.getLast().body()).containsPattern("\"timeoutSeconds\":99\\d,");
            assertThat(warnings).hasSize(1);
            assertThat(warnings.getFirst())
                    .startsWith("the GPUs were granted, but 127.0.0.1:" + closedPort)
                    .endsWith("the pool is asked again")
                    .doesNotContain("\n");
        }
    }

    private Fault fault(Duration patience, Duration persistence) throws IOException {
        try (StandInManager manager = new StandInManager(POOL, this::answer)) {
            Fault fault =
                    catchThrowableOfType(
                            Fault.class, () -> take(manager, patience, persistence, this::join));
            assertThat(fault.line()).startsWith("the GPUs were granted, but 127.0.0.1");
            assertThat(manager.asked.getLast().method()).isEqualTo("DELETE");
            return fault;
        }
    }

    @Test
    void whoHasNoTimeLeftFails() throws IOException {
        Duration longTime = Duration.ofSeconds(1000);
        assertThat(fault(Duration.ZERO, longTime).code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(granted).hasSize(1);
        assertThat(warnings).isEmpty();
        assertThat(fault(longTime, Duration.ofMillis(1500)).code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(granted).hasSize(3);
        assertThat(fault(Duration.ofMillis(1500), longTime).code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(granted).hasSize(5);
        assertThat(warnings).hasSize(2);
    }

    @Test
    void whatWouldNotBeBetterTheNextTimeIsNotTriedAgain() throws IOException {
        try (StandInManager manager = new StandInManager(POOL, this::answer)) {
            Fault fault =
                    catchThrowableOfType(
                            Fault.class,
                            () ->
                                    take(
                                            manager,
                                            Duration.ofSeconds(1000),
                                            PoolGrant.PERSISTENCE,
                                            _ -> {
                                                throw new Fault(ExitCode.PROTOCOL, "what is this");
                                            }));
            assertThat(fault.line()).isEqualTo("the GPUs were granted, but what is this");
            assertThat(granted).hasSize(1);
            assertThat(manager.asked.getLast().method()).isEqualTo("DELETE");
        }
    }
}
