package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.scheduler.Decision.Granted;
import org.bitfusion.scheduler.Decision.Queued;
import org.bitfusion.scheduler.Oracle.Answer;
import org.bitfusion.scheduler.Oracle.Opinion;
import org.bitfusion.scheduler.Oracle.Place;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Waiting;
import org.junit.jupiter.api.Test;

/// What holds for any pool, whatever happens. `-Dbitfusion.seed=N` repeats a run.
class SchedulerPropertyTest {
    private static final int POOLS = 200;
    private static final int STEPS = 100;

    private final long seed = Long.getLong("bitfusion.seed", System.nanoTime());
    private final Map<String, Integer> seen = new HashMap<>();

    @Test
    void whateverHappensTheRulesHold() {
        for (int i = 0; i < POOLS; i++) {
            Random random = new Random(seed + i);
            RandomPool pool = new RandomPool(random);
            for (int step = 0; step < STEPS; step++) {
                String where = "bitfusion.seed=%d, pool %d, step %d".formatted(seed, i, step);
                step(pool, random, where);
            }
        }
        assertThat(seen)
                .as("each kind of answer was met, seed %d", seed)
                .containsKeys(
                        "GRANT",
                        "FOR_GPUS",
                        "FOR_LIMIT",
                        "FOR_APPLIANCES",
                        "NEVER",
                        "inside",
                        "back-filled",
                        "served",
                        "expired",
                        "dropped",
                        "several appliances");
    }

    private void step(RandomPool pool, Random random, String where) {
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> pool.releaseOne();
            case 3 -> pool.passTime();
            case 4 -> {
                if (random.nextInt(4) == 0) {
                    pool.disturb();
                }
            }
            case 5 -> serve(pool, where);
            default -> ask(pool, where);
        }
        Recomputed.assertIsTheSame(pool.snapshot(), pool.now(), where);
    }

    private void ask(RandomPool pool, String where) {
        Request request = pool.request();
        Snapshot before = pool.snapshot();
        Decision decision = Scheduler.decide(before, request, pool.now());
        assertThat(Scheduler.decide(Recomputed.of(before), request, pool.now()))
                .as("%s: the same from the same facts", where)
                .isEqualTo(decision);
        if (request.parent() == null) {
            assertAgrees(before, request, decision, pool, where);
        } else {
            count("inside");
        }
        switch (decision) {
            case Granted granted -> {
                assertIsRight(before, request, granted, where);
                pool.grant(request, granted);
                assertNobodyIsOvertaken(before, pool, request, where);
            }
            case Queued _ -> pool.queue(request);
            case Decision.Refused refused -> assertThat(refused.sentence()).as(where).contains(":");
        }
    }

    private void count(String what) {
        seen.merge(what, 1, Integer::sum);
    }

    /// With the oracle: on whether it is granted, on what it waits for, and on how good the grant
    /// is.
    private void assertAgrees(
            Snapshot before, Request request, Decision decision, RandomPool pool, String where) {
        Oracle oracle = new Oracle(before);
        Map<UUID, Opinion> opinions = oracle.opinionsUpTo(request, pool.now());
        Opinion opinion = opinions.getOrDefault(request.id(), NONE);
        count(opinion.answer().name());
        assertThat(answer(decision)).as("%s: %s", where, request).isEqualTo(opinion.answer());
        switch (decision) {
            case Granted granted -> assertIsBest(oracle, request, granted, where);
            case Queued(int place, Wait wait) -> {
                assertThat(place).as(where).isEqualTo(opinions.size());
                if (wait instanceof Wait.ForGpus forGpus) {
                    Map<String, Integer> missing = new HashMap<>();
                    forGpus.setAside()
                            .forEach(gpu ->
                                    missing.put(
                                            gpu.appliance() + "/" + gpu.gpuIndex(),
                                            gpu.missingMiB()));
                    assertThat(missing).as(where).isEqualTo(opinion.missing());
                }
            }
            case Decision.Refused _ -> {}
        }
    }

    private static final Opinion NONE = new Opinion(Answer.NEVER, Map.of());

    private static Answer answer(Decision decision) {
        return switch (decision) {
            case Granted _ -> Answer.GRANT;
            case Queued(int _, Wait.ForGpus _) -> Answer.FOR_GPUS;
            case Queued(int _, Wait.ForClientLimit _) -> Answer.FOR_LIMIT;
            case Queued(int _, Wait.ForAppliances _) -> Answer.FOR_APPLIANCES;
            case Decision.Refused _ -> Answer.NEVER;
        };
    }

    private void assertIsBest(Oracle oracle, Request request, Granted granted, String where) {
        int appliances = granted.appliances().size();
        assertThat(appliances)
                .as("%s: on as few appliances as can be", where)
                .isEqualTo(oracle.fewestAppliances(request));
        if (appliances > 1) {
            count("several appliances");
            return;
        }
        long cost = 0;
        for (Place place : places(oracle, granted.lease(request.id(), request))) {
            cost += oracle.cost(request, place);
        }
        assertThat(cost)
                .as("%s: where it fits best", where)
                .isEqualTo(oracle.leastCostOnOneAppliance(request));
    }

    private static List<Place> places(Oracle oracle, Lease lease) {
        List<Place> places = new ArrayList<>();
        for (LeasedGpu gpu : lease.gpus()) {
            oracle.places().stream()
                    .filter(place -> place.key().equals(gpu.appliance() + "/" + gpu.gpuIndex()))
                    .forEach(places::add);
        }
        return places;
    }

    /// What is granted is what was asked for, and was free.
    private static void assertIsRight(
            Snapshot before, Request request, Granted granted, String where) {
        Lease lease = granted.lease(request.id(), request);
        assertThat(lease.gpus()).as(where).hasSize(request.wish().gpuCount());
        UUID parentId = request.parent();
        if (parentId != null) {
            assertStaysInside(before, lease, parentId, where);
            return;
        }
        Oracle oracle = new Oracle(before);
        List<Place> places = places(oracle, lease);
        assertThat(places).as(where).hasSize(lease.gpus().size());
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            int memory = lease.gpus().get(i).memoryMiB();
            assertThat(place.appliance().state()).as(where).isEqualTo(ApplianceState.AVAILABLE);
            assertThat(Oracle.wouldDo(request, place)).as("%s: %s", where, place).isTrue();
            assertThat(memory).as(where).isEqualTo(Oracle.need(request, place));
            assertThat(memory)
                    .as("%s: no GPU is promised twice", where)
                    .isLessThanOrEqualTo(oracle.free().getOrDefault(place.key(), 0));
        }
        assertThat(oracle.held(request.client()) + lease.gpus().size())
                .as("%s: the client's limit", where)
                .isLessThanOrEqualTo(before.terms(request.client()).gpuLimit());
    }

    private static void assertStaysInside(
            Snapshot before, Lease lease, UUID parentId, String where) {
        Lease parent = before.lease(parentId).orElseThrow();
        Map<LeasedGpu, Integer> used = new HashMap<>();
        List<Lease> children = new ArrayList<>(before.childrenOf(parentId));
        children.add(lease);
        for (Lease child : children) {
            child.gpus()
                    .forEach(gpu ->
                            used.merge(
                                    new LeasedGpu(gpu.appliance(), gpu.gpuIndex(), 1),
                                    gpu.memoryMiB(),
                                    Integer::sum));
        }
        used.forEach((gpu, sum) ->
                assertThat(parent.gpus())
                        .as("%s: %d MiB of %s", where, sum, gpu)
                        .anyMatch(mine -> mine.isSameGpu(gpu) && mine.memoryMiB() >= sum));
    }

    /// A grant leaves all who come before waiting for the same, and no longer.
    private void assertNobodyIsOvertaken(
            Snapshot before, RandomPool pool, Request granted, String where) {
        Map<UUID, Opinion> earlier = new Oracle(before).opinionsUpTo(granted, pool.now());
        earlier.remove(granted.id());
        Map<UUID, Opinion> after = new Oracle(pool.snapshot()).opinionsOfAll(pool.now());
        earlier.forEach((waiting, opinion) -> {
            count(opinion.answer() == Answer.FOR_GPUS ? "back-filled" : "not in the way");
            assertThat(after.get(waiting)).as("%s: %s", where, waiting).isEqualTo(opinion);
        });
    }

    private void serve(RandomPool pool, String where) {
        Scheduler.Round round = Scheduler.serve(pool.snapshot(), pool.now());
        assertThat(Scheduler.serve(Recomputed.of(pool.snapshot()), pool.now()))
                .as("%s: the same from the same facts", where)
                .isEqualTo(round);
        for (Scheduler.Served served : round.served()) {
            assertIsRight(pool.snapshot(), served.waiting().request(), served.granted(), where);
            pool.grant(served.waiting().request(), served.granted());
            count("served");
        }
        for (Waiting expired : round.expired()) {
            assertThat(expired.isExpired(pool.now())).as(where).isTrue();
            pool.drop(expired);
            count("expired");
        }
        for (Scheduler.Dropped dropped : round.refused()) {
            pool.drop(dropped.waiting());
            count("dropped");
        }
        assertNobodyWaitsForWhatIsFree(pool, where);
    }

    /// Who still waits does so for a reason that the oracle sees, too. The first of all waits
    /// although nothing is set aside for others: what it needs is not free.
    private static void assertNobodyWaitsForWhatIsFree(RandomPool pool, String where) {
        Map<UUID, Opinion> opinions = new Oracle(pool.snapshot()).opinionsOfAll(pool.now());
        for (Waiting waiting : pool.snapshot().waiting()) {
            Request request = waiting.request();
            if (request.parent() == null) {
                assertThat(opinions.getOrDefault(request.id(), NONE).answer())
                        .as("%s: %s", where, request)
                        .isIn(Answer.FOR_GPUS, Answer.FOR_LIMIT, Answer.FOR_APPLIANCES);
                assertThat(Scheduler.decide(pool.snapshot(), request, pool.now()))
                        .as("%s: %s", where, request)
                        .isInstanceOf(Queued.class);
            }
        }
    }
}
