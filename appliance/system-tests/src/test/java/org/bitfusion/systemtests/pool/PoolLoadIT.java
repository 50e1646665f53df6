package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/// Many programs of random sizes at a time on a pool, each of which fills and checks its whole
/// share; undisturbed, and while something of the pool breaks again and again. The full length:
/// `-Dbitfusion.pool.programs=64 -Dbitfusion.pool.seconds=60 -Dbitfusion.pool.appliances=5`.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PoolLoadIT {
    private static final int APPLIANCES = Integer.getInteger("bitfusion.pool.appliances", 3);
    private static final int PROGRAMS = Integer.getInteger("bitfusion.pool.programs", 8);
    private static final Duration TIME =
            Duration.ofSeconds(Integer.getInteger("bitfusion.pool.seconds", 12));

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration PAUSE = Duration.ofSeconds(5);
    private static final Duration CUT = Duration.ofSeconds(8);
    private static final int UNAVAILABLE = 69;
    private static final int WAITED_IN_VAIN = 75;
    private static final int SEED = 20261129;

    private static PoolOfAppliances pool;
    private static CProgram program;

    @BeforeAll
    static void startPool() {
        program = CProgram.build("pool");
        pool = PoolOfAppliances.start(APPLIANCES);
    }

    @AfterAll
    static void stopPool() {
        pool.close();
    }

    /// What breaks, again and again.
    private interface Trouble {
        void make(PoolOfAppliances.Member member) throws InterruptedException;
    }

    /// Each trouble in turn, at a random appliance, until the time is over; at least once.
    private static List<Load.Outcome> under(List<Trouble> troubles, Load load)
            throws InterruptedException {
        long end = System.nanoTime() + TIME.toNanos();
        int times = 0;
        Random random = new Random(SEED);
        Duration pause = PAUSE;
        while (times < troubles.size() || System.nanoTime() < end) {
            Thread.sleep(pause);
            long began = System.nanoTime();
            Trouble trouble = troubles.get(times % troubles.size());
            trouble.make(pool.member(1 + random.nextInt(APPLIANCES)));
            Duration taken = Duration.ofNanos(System.nanoTime() - began);
            pause = taken.compareTo(PAUSE) < 0 ? PAUSE.minus(taken) : PAUSE;
            times++;
        }
        List<Load.Outcome> outcomes = load.end();
        System.out.println(
                times
                        + " troubles: "
                        + outcomes.stream()
                                .collect(
                                        Collectors.groupingBy(
                                                Load.Outcome::exitCode, Collectors.counting())));
        return outcomes;
    }

    private static void killManager(PoolOfAppliances.Member member) {
        member.killManager();
        member.startAgain();
        member.listening();
    }

    private static void cutOffLeader(PoolOfAppliances.Member unused) throws InterruptedException {
        Network.Machine leader = pool.leader().machine();
        pool.network().plug(leader, false);
        Thread.sleep(CUT.toMillis());
        pool.network().plug(leader, true);
    }

    /// Appliances that die and come back.
    private record Deaths(Load load, Map<String, Set<String>> gpus, List<Death> all) {
        void kill(PoolOfAppliances.Member member) {
            killOnly(member);
            member.listening();
        }

        /// The next one may die before this one is back.
        void killOnly(PoolOfAppliances.Member member) {
            Set<String> its = Objects.requireNonNull(gpus.get(member.machine().name()));
            all.add(new Death(System.nanoTime(), its));
            member.kill();
            load.memory().lost(its);
            member.startAgain();
        }

        /// All others were served, or waited in vain.
        void explain(List<Load.Outcome> outcomes) {
            explain(outcomes, _ -> false);
        }

        /// @param reason another one for which a program may not have been served
        void explain(List<Load.Outcome> outcomes, Predicate<Load.Outcome> reason) {
            assertThat(outcomes)
                    .filteredOn(each -> each.exitCode() != 0 && each.exitCode() != WAITED_IN_VAIN)
                    .filteredOn(reason.negate())
                    .allMatch(each -> all.stream().anyMatch(death -> ended(death, each)));
            assertThat(outcomes).anyMatch(Load.Outcome::isServed);
        }
    }

    private static void atFullLength() {
        assumeTrue(
                Integer.getInteger("bitfusion.pool.seconds") != null,
                "the length that -Dbitfusion.pool.seconds=60 gives");
    }

    private static void neverTooMuch(Load load) {
        assertThat(load.memory().most())
                .isNotEmpty()
                .allSatisfy((_, most) ->
                        assertThat(most)
                                .isLessThanOrEqualTo((long) PoolOfAppliances.MEBIBYTES << 20));
    }

    private static void allIsGivenBack() {
        await().atMost(PATIENCE)
                .pollInterval(PAUSE.dividedBy(10))
                .until(() -> pool.members().stream().allMatch(pool::isUnused));
    }

    private static void servedOrWaitedInVain(List<Load.Outcome> outcomes) {
        assertThat(outcomes)
                .allSatisfy(each -> assertThat(each.exitCode()).isIn(0, WAITED_IN_VAIN));
        assertThat(outcomes).anyMatch(Load.Outcome::isServed);
    }

    @Test
    @Order(1)
    void noGpuIsEverPromisedTwiceWhateverBreaks() throws Exception {
        try (Load load = Load.begin(pool, program, PROGRAMS)) {
            Deaths deaths = new Deaths(load, pool.gpus(), new ArrayList<>());
            List<Trouble> troubles = new ArrayList<>(List.of(PoolLoadIT::killManager));
            if (pool.network().isOfNamespaces()) {
                troubles.add(PoolLoadIT::cutOffLeader);
            }
            troubles.add(deaths::kill);
            deaths.explain(under(troubles, load));
            neverTooMuch(load);
        }
        allIsGivenBack();
    }

    @Test
    @Order(2)
    void whileNothingBreaksAllAreServed() throws Exception {
        atFullLength();
        try (Load load = Load.begin(pool, program, PROGRAMS)) {
            Thread.sleep(TIME.toMillis());
            servedOrWaitedInVain(load.end());
            neverTooMuch(load);
        }
        allIsGivenBack();
    }

    @Test
    @Order(3)
    void whileManagersAreKilledAllAreServed() throws Exception {
        atFullLength();
        try (Load load = Load.begin(pool, program, PROGRAMS)) {
            servedOrWaitedInVain(under(List.of(PoolLoadIT::killManager), load));
            neverTooMuch(load);
        }
        allIsGivenBack();
    }

    @Test
    @Order(4)
    void whileTheLeaderIsCutOffAllAreServed() throws Exception {
        atFullLength();
        assumeTrue(pool.network().isOfNamespaces(), "the loopback has no cables");
        try (Load load = Load.begin(pool, program, PROGRAMS)) {
            servedOrWaitedInVain(under(List.of(PoolLoadIT::cutOffLeader), load));
            neverTooMuch(load);
        }
        allIsGivenBack();
    }

    /// When an appliance died, and which GPUs went with it.
    private record Death(long time, Set<String> gpus) {}

    @Test
    @Order(5)
    void whenAppliancesDieOnlyTheirProgramsFail() throws Exception {
        atFullLength();
        try (Load load = Load.begin(pool, program, PROGRAMS)) {
            Deaths deaths = new Deaths(load, pool.gpus(), new ArrayList<>());
            deaths.explain(under(List.of(deaths::kill), load));
            neverTooMuch(load);
        }
        allIsGivenBack();
    }

    @Test
    @Order(6)
    void whenAppliancesDieFasterThanTheyComeBackWhoAsksIsToldWhatIsMissing() throws Exception {
        atFullLength();
        try (Load load = Load.begin(pool, program, PROGRAMS)) {
            Deaths deaths = new Deaths(load, pool.gpus(), new ArrayList<>());
            List<Load.Outcome> outcomes = under(List.of(deaths::killOnly), load);
            pool.members().forEach(PoolOfAppliances.Member::listening);
            deaths.explain(outcomes, PoolLoadIT::foundNoPool);
            neverTooMuch(load);
        }
        allIsGivenBack();
    }

    /// It asked when so many were dead that the others grant nothing, or all of them.
    private static boolean foundNoPool(Load.Outcome outcome) {
        return outcome.exitCode() == UNAVAILABLE
                && (outcome.said().contains("majority")
                        || outcome.said()
                                .contains("Unable to contact any of the existing servers"));
    }

    /// Whether a death is a reason for this: the program ran then, and had a GPU there, or had not
    /// come to all of its GPUs yet.
    private static boolean ended(Death death, Load.Outcome outcome) {
        return outcome.began() < death.time()
                && death.time() < outcome.ended()
                && (!outcome.hadAll() || outcome.held().stream().anyMatch(death.gpus()::contains))
                && !outcome.said().isBlank()
                && outcome.exitCode() > 0;
    }
}
