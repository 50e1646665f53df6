package org.bitfusion.cli.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.Share;
import org.bitfusion.tls.TestPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A request for GPUs, from its first word to its end.
class LeaseOrderTest {
    private static final TestPool POOL = new TestPool();
    private static final UUID PARENT = UUID.randomUUID();
    private static final LeaseWish WISH =
            new LeaseWish(
                    2,
                    Share.parseFraction("0.250"),
                    List.of("device.name=T4", "device.id!=0"),
                    List.of(new ServerAddress("10.0.0.1", 56001)),
                    Duration.ofSeconds(70),
                    "run",
                    Optional.of(PARENT),
                    "python x.py");

    @TempDir Path home;
    private final List<String> waiting = new ArrayList<>();

    private GrantedLease await(
            LeaseWish wish, Function<StandInManager.Asked, StandInManager.Answer> answers)
            throws IOException {
        try (StandInManager manager = new StandInManager(POOL, answers);
                Pool pool = pool(List.of(manager.address()))) {
            return new LeaseOrder(pool, wish).await(waiting::add);
        }
    }

    private Pool pool(List<ServerAddress> managers) throws IOException {
        PoolAccess access = StandInManager.client(home, POOL);
        return new Pool(managers, access.tls(), Optional.empty(), Notices.NONE);
    }

    private static JsonObject body(StandInManager.Asked asked) {
        try {
            return JsonObject.read(asked.body().getBytes(StandardCharsets.UTF_8));
        } catch (MalformedJsonException exception) {
            throw new AssertionError(asked.body(), exception);
        }
    }

    private static StandInManager.Answer granted(StandInManager.Asked asked) {
        return StandInManager.Answer.json(
                201,
                """
                {"id":"%s","secret":"00112233445566778899aabbccddeeff","renewSeconds":15,
                 "idleTimeoutSeconds":90,"parts":[{"appliance":"a","name":"gpu-1",
                 "addresses":["10.0.0.1"],"dispatcherPort":55001,"controlPort":56001,
                 "build":"5.0.0","gpus":[{"index":0,"uuid":"%s","name":"T4","memoryMiB":512}]}]}
                """
                        .formatted(body(asked).members().get("id"), UUID.randomUUID()));
    }

    private static StandInManager.Answer queued(StandInManager.Asked asked, int place, String why) {
        return StandInManager.Answer.json(
                202,
                "{\"id\":\"%s\",\"place\":%d,\"waitsFor\":\"%s\",\"ticket\":\"t%d\"}"
                        .formatted(body(asked).members().get("id"), place, why, place));
    }

    @Test
    void whatIsWantedIsSaid() throws Exception {
        List<StandInManager.Asked> asked = new ArrayList<>();
        GrantedLease lease =
                await(
                        WISH,
                        one -> {
                            asked.add(one);
                            return granted(one);
                        });
        assertThat(asked.getFirst().method()).isEqualTo("POST");
        assertThat(asked.getFirst().target()).isEqualTo("/api/v1/leases?waitSeconds=20");
        assertThat(asked.getFirst().client()).isPresent();
        Map<String, Object> expected = WISH.body(lease.id(), "");
        assertThat(body(asked.getFirst()).members())
                .containsEntry("gpuCount", 2L)
                .containsEntry("share", Map.of("fraction", "0.25"))
                .containsEntry("filters", List.of("device.name=T4", "device.id!=0"))
                .containsEntry("servers", List.of("10.0.0.1:56001"))
                .containsEntry("timeoutSeconds", 70L)
                .containsEntry("origin", "run")
                .containsEntry("parent", PARENT.toString())
                .containsEntry("command", "python x.py")
                .containsOnlyKeys(expected.keySet());
        assertThat(lease.idleTimeout()).isEqualTo(Duration.ofSeconds(90));
        assertThat(waiting).isEmpty();
    }

    @Test
    void aPlaceInTheLineIsToldWhenItChanges() throws Exception {
        AtomicInteger count = new AtomicInteger();
        List<Object> tickets = new ArrayList<>();
        var _ =
                await(
                        WISH,
                        asked -> {
                            tickets.add(body(asked).anyText("ticket").orElse("none"));
                            return switch (count.getAndIncrement()) {
                                case 0, 1 -> queued(asked, 2, "2 GPUs");
                                case 2 -> queued(asked, 1, "2 GPUs");
                                default -> granted(asked);
                            };
                        });
        assertThat(waiting)
                .containsExactly(
                        "place 2 in the line; waits for 2 GPUs",
                        "place 1 in the line; waits for 2 GPUs");
        assertThat(tickets).containsExactly("none", "t2", "t2", "t1");
    }

    /// It may have been granted all the same.
    @Test
    void aRequestWhoseFirstAnswerIsNotUnderstoodIsTakenBack() throws Exception {
        try (StandInManager manager =
                        new StandInManager(POOL, _ -> StandInManager.Answer.json(201, "{}"));
                Pool pool = pool(List.of(manager.address()))) {
            LeaseOrder order = new LeaseOrder(pool, WISH);
            Fault fault = catchThrowableOfType(Fault.class, () -> order.await(waiting::add));
            assertThat(fault).isNotNull();
            assertThat(manager.asked.getLast().method()).isEqualTo("DELETE");
            assertThat(manager.asked.getLast().target()).isEqualTo("/api/v1/leases/" + order.id());
        }
    }

    @Test
    void aRefusalIsItsReason() {
        Fault fault =
                catchThrowableOfType(
                        Fault.class,
                        () ->
                                await(
                                        WISH,
                                        _ ->
                                                StandInManager.Answer.problem(
                                                        422, "no pool has 99 GPUs")));
        assertThat(fault.code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(fault.line()).isEqualTo("no pool has 99 GPUs");
        Fault late =
                catchThrowableOfType(
                        Fault.class,
                        () ->
                                await(
                                        WISH,
                                        _ -> StandInManager.Answer.problem(408, "70 s are over")));
        assertThat(late.code()).isEqualTo(ExitCode.WAITED_IN_VAIN);
        assertThat(late.line()).isEqualTo("70 s are over");
    }

    @Test
    void aFilterThatMakesNoSenseIsWrongUsage() {
        Fault fault =
                catchThrowableOfType(
                        Fault.class,
                        () ->
                                await(
                                        WISH,
                                        _ ->
                                                StandInManager.Answer.json(
                                                        422,
                                                        "{\"code\":101,\"detail\":\"no key color\"}")));
        assertThat(fault.code()).isEqualTo(ExitCode.USAGE);
        assertThat(fault.line()).isEqualTo("no key color");
    }

    /// The scheduling manager died: its successor has not come up yet.
    @Test
    void whoWaitsOutlivesAManager() throws Exception {
        AtomicInteger count = new AtomicInteger();
        var _ =
                await(
                        WISH,
                        asked ->
                                switch (count.getAndIncrement()) {
                                    case 0 -> queued(asked, 1, "2 GPUs");
                                    case 1 -> StandInManager.Answer.problem(503, "no leader");
                                    default -> granted(asked);
                                });
        assertThat(waiting).hasSize(2);
        assertThat(waiting.getLast()).contains("no server answers", "no leader");
    }

    @Test
    void withoutAMajorityThereIsAnErrorAtOnce() {
        Fault fault =
                catchThrowableOfType(
                        Fault.class,
                        () -> await(WISH, _ -> StandInManager.Answer.problem(503, "no majority")));
        assertThat(fault.code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(fault.line()).contains("no majority");
    }

    @Test
    void anAnswerThatIsNotUnderstoodIsSaid() {
        Fault fault =
                catchThrowableOfType(
                        Fault.class,
                        () -> await(WISH, _ -> StandInManager.Answer.json(201, "{\"id\":5}")));
        assertThat(fault.code()).isEqualTo(ExitCode.PROTOCOL);
        assertThat(fault.line()).contains("its answer has no 'id'", "this version");
    }

    @Test
    void whoGivesUpSaysSo() throws Exception {
        List<StandInManager.Asked> asked = new ArrayList<>();
        try (StandInManager manager =
                        new StandInManager(
                                POOL,
                                one -> {
                                    asked.add(one);
                                    return StandInManager.Answer.raw(
                                            "HTTP/1.1 204 No Content\r\n\r\n");
                                });
                Pool pool = pool(List.of(new ServerAddress("127.0.0.1", 1), manager.address()))) {
            new LeaseOrder(pool, WISH).withdraw();
            assertThat(asked).hasSize(1);
            assertThat(asked.getFirst().method()).isEqualTo("DELETE");
            assertThat(asked.getFirst().target()).startsWith("/api/v1/leases/");
        }
    }
}
