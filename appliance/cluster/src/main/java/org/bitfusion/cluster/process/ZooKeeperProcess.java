package org.bitfusion.cluster.process;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.connection.PoolConnection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A ZooKeeper process that is there until it is closed: when it ends it is started again, with a
/// pause that grows. Thread-safe; a virtual thread of its own waits for the process.
public final class ZooKeeperProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperProcess.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Settings settings;
    private final InstantSource clock;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicInteger starts = new AtomicInteger();
    private final Thread watcher;
    private volatile @Nullable Process process;

    /// @param folder with identity, roots and members
    /// @param tick see [ZooKeeperFolder#configure]
    /// @param heapMiB of its JVM: what is kept lies in it, some MiB for a large pool
    public record Settings(ZooKeeperFolder folder, Member self, Duration tick, int heapMiB) {
        public static final Duration TICK = Duration.ofSeconds(2);
        public static final int HEAP_MIB = 128;
    }

    /// Starts it, and returns without waiting until it serves.
    ///
    /// @throws ClusterException PROCESS_NOT_STARTED
    public ZooKeeperProcess(Settings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        Process first = start();
        watcher = Thread.ofVirtual().name("zookeeper-watch").start(() -> watch(first));
    }

    /// How often it was started, the first time included.
    public int starts() {
        return starts.get();
    }

    /// Empty between two starts and after the end.
    public OptionalLong pid() {
        Process present = process;
        return present != null && present.isAlive()
                ? OptionalLong.of(present.pid())
                : OptionalLong.empty();
    }

    private Process start() {
        settings.folder().configure(settings.self(), settings.tick());
        Path root = settings.folder().root();
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx" + settings.heapMiB() + "m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+ExitOnOutOfMemoryError",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:ErrorFile=" + root.resolve("crash-%p.log"),
                        "-Djute.maxbuffer=" + PoolConnection.MOST_BYTES,
                        "-Dlogback.configurationFile=org/bitfusion/cluster/process/logback.xml",
                        "-Dbitfusion.zookeeper.log=" + root.resolve("zookeeper.log"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ZooKeeperMain.class.getName(),
                        root.toString());
        try {
            Process started =
                    new ProcessBuilder(command)
                            .directory(root.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(root.resolve("zookeeper.out").toFile())
                            .start();
            process = started;
            starts.incrementAndGet();
            LOG.info("zookeeper started pid={} member={}", started.pid(), settings.self().number());
            return started;
        } catch (IOException exception) {
            throw new ClusterException(
                    ClusterError.PROCESS_NOT_STARTED,
                    "ZooKeeper could not be started: " + exception,
                    exception);
        }
    }

    private void watch(Process first) {
        Process present = first;
        BackOff pause = BackOff.FIRST;
        try {
            while (true) {
                var began = clock.instant();
                int code = present.waitFor();
                if (closed.getCount() == 0) {
                    return;
                }
                LOG.warn(
                        "zookeeper ended code={} again_in={} see={}",
                        code,
                        pause.next(),
                        settings.folder().root().resolve("zookeeper.log"));
                if (closed.await(pause.next().toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                pause = pause.after(Duration.between(began, clock.instant()));
                present = startAgain(present);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// What cannot be started now is tried again after the next pause.
    private Process startAgain(Process ended) {
        synchronized (closed) {
            if (closed.getCount() == 0) {
                return ended;
            }
            try {
                return start();
            } catch (RuntimeException exception) {
                LOG.error("zookeeper error={}", exception.getMessage());
                return ended;
            }
        }
    }

    /// Ends the process, and returns when it has ended.
    @Override
    public void close() {
        synchronized (closed) {
            closed.countDown();
        }
        Process present = process;
        if (present == null) {
            return;
        }
        try {
            end(present);
            watcher.join();
        } catch (InterruptedException _) {
            present.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static void end(Process present) throws InterruptedException {
        try {
            OutputStream input = present.getOutputStream();
            input.close();
        } catch (IOException _) {
            // It has ended already.
        }
        if (!present.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            present.destroyForcibly().waitFor();
        }
    }
}
