package org.bitfusion.systemtests.pool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.bitfusion.systemtests.CProgram;

/// Many `bitfusion run` of random sizes at a time, one after the other; each fills and checks its
/// whole share.
final class Load implements AutoCloseable {
    private static final int MOST_SECONDS = 400;

    /// How one ended.
    ///
    /// @param began of [System#nanoTime()], as `ended`
    /// @param exitCode -1: it did not end
    /// @param held the GPUs that it took
    /// @param said what run and program wrote
    record Outcome(
            String name,
            List<String> options,
            int gpus,
            long began,
            long ended,
            int exitCode,
            List<String> held,
            String said) {
        boolean isServed() {
            return exitCode == 0;
        }

        boolean hadAll() {
            return held.size() == gpus;
        }
    }

    private final PoolOfAppliances pool;
    private final CProgram program;
    private final HeldMemory memory;
    private final Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile boolean stopping;

    private Load(PoolOfAppliances pool, CProgram program, HeldMemory memory) {
        this.pool = pool;
        this.program = program;
        this.memory = memory;
    }

    static Load begin(PoolOfAppliances pool, CProgram program, int programs) {
        try {
            Path folder = Files.createTempDirectory(pool.home(), "load");
            Load load = new Load(pool, program, new HeldMemory(folder.resolve("held")));
            for (int i = 0; i < programs; i++) {
                Random random = new Random(i);
                load.threads.execute(() -> {
                    while (!load.stopping) {
                        load.runOne(random);
                    }
                });
            }
            return load;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    HeldMemory memory() {
        return memory;
    }

    /// Starts no more, and waits for those that run or wait.
    List<Outcome> end() {
        stopping = true;
        threads.close();
        return List.copyOf(outcomes);
    }

    @Override
    public void close() {
        stopping = true;
        threads.shutdownNow();
    }

    private static List<String> options(Random random, int gpus) {
        List<String> options = new ArrayList<>(List.of("-q", "--timeout", "300"));
        options.addAll(List.of("-n", Integer.toString(gpus)));
        switch (random.nextInt(3)) {
            case 0 -> options.addAll(List.of("-p", "0." + (1 + random.nextInt(9))));
            case 1 -> {
                int mebibytes = 2 + random.nextInt(PoolOfAppliances.MEBIBYTES - 1);
                options.addAll(List.of("-m", Integer.toString(mebibytes)));
            }
            default -> {}
        }
        return options;
    }

    private void runOne(Random random) {
        int gpus = 1 + random.nextInt(4);
        List<String> options = options(random, gpus);
        try {
            Path folder = Files.createTempDirectory(pool.home(), "run");
            String name = folder.getFileName().toString();
            long began = System.nanoTime();
            ClientRun run =
                    ClientRun.start(
                            pool,
                            program,
                            memory.file(),
                            folder,
                            random.nextDouble(),
                            options.toArray(String[]::new));
            boolean ended = run.process().waitFor(MOST_SECONDS, TimeUnit.SECONDS);
            if (!ended) {
                run.process().destroyForcibly().waitFor();
            }
            memory.ended(name);
            outcomes.add(
                    new Outcome(
                            name,
                            options,
                            gpus,
                            began,
                            System.nanoTime(),
                            ended ? run.process().exitValue() : -1,
                            memory.takenBy(name),
                            run.errorText() + Files.readString(folder.resolve("output"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            stopping = true;
            Thread.currentThread().interrupt();
        }
    }
}
