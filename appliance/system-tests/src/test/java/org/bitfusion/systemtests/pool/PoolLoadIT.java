package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Many programs of random sizes at a time on a pool of five appliances; each fills and checks its
/// whole share. `-Dbitfusion.pool.programs=64 -Dbitfusion.pool.seconds=60` for the full length.
class PoolLoadIT {
    private static final int APPLIANCES = Integer.getInteger("bitfusion.pool.appliances", 3);
    private static final int PROGRAMS = Integer.getInteger("bitfusion.pool.programs", 8);
    private static final Duration TIME =
            Duration.ofSeconds(Integer.getInteger("bitfusion.pool.seconds", 15));

    private static final int MOST_SECONDS = 400;
    private static final int WAITED_IN_VAIN = 75;

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

    @Test
    void noGpuIsEverPromisedTwice() throws Exception {
        Path held = Files.createTempDirectory(pool.home(), "load").resolve("held");
        AtomicInteger served = new AtomicInteger();
        ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
        long end = System.nanoTime() + TIME.toNanos();
        try (ExecutorService programs = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < PROGRAMS; i++) {
                Random random = new Random(i);
                programs.execute(() -> {
                    while (System.nanoTime() < end && wrong.isEmpty()) {
                        runOne(random, held, served, wrong);
                    }
                });
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(served).hasPositiveValue();
        System.out.println(served + " programs were served");
        assertThat(mostPromised(held))
                .allSatisfy((_, most) ->
                        assertThat(most)
                                .isLessThanOrEqualTo((long) PoolOfAppliances.MEBIBYTES << 20));
        assertThat(pool.members()).allSatisfy(member -> assertThat(pool.isUnused(member)).isTrue());
    }

    private static void runOne(
            Random random, Path held, AtomicInteger served, ConcurrentLinkedQueue<String> wrong) {
        try {
            Path folder = Files.createTempDirectory(pool.home(), "run");
            List<String> options = new ArrayList<>(List.of("-q", "--timeout", "300"));
            options.addAll(List.of("-n", Integer.toString(1 + random.nextInt(4))));
            switch (random.nextInt(3)) {
                case 0 -> options.addAll(List.of("-p", "0." + (1 + random.nextInt(9))));
                case 1 ->
                        options.addAll(
                                List.of(
                                        "-m",
                                        Integer.toString(
                                                2
                                                        + random.nextInt(
                                                                PoolOfAppliances.MEBIBYTES - 1))));
                default -> {}
            }
            ClientRun run =
                    ClientRun.start(
                            pool,
                            program,
                            held,
                            folder,
                            random.nextDouble(),
                            options.toArray(String[]::new));
            if (!run.process().waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
                wrong.add(options + " does not end: " + run.errorText());
                run.process().destroy();
            } else if (run.process().exitValue() == 0) {
                served.incrementAndGet();
            } else if (run.process().exitValue() != WAITED_IN_VAIN) {
                wrong.add(
                        options
                                + " ended with "
                                + run.process().exitValue()
                                + ": "
                                + run.errorText()
                                + Files.readString(folder.resolve("output")));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The most bytes of each GPU that programs had at one time.
    private static Map<String, Long> mostPromised(Path held) throws IOException {
        Map<String, Long> now = new HashMap<>();
        Map<String, Long> most = new HashMap<>();
        for (String line : Files.readAllLines(held)) {
            String[] words = line.split(" ", -1);
            long bytes = Long.parseLong(words[2]);
            long sum = now.merge(words[1], words[0].equals("+") ? bytes : -bytes, Long::sum);
            most.merge(words[1], sum, Math::max);
        }
        assertThat(now.values()).as("all was given back").containsOnly(0L);
        return most;
    }
}
