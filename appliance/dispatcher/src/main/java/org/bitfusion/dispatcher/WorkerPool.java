package org.bitfusion.dispatcher;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.control.WorkerReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps workers ready ahead of need. One starts at a time unless sessions wait for one; a worker
/// that ends before it is ready is tried again, later each time.
///
/// Everything runs on `executor`, a single thread.
final class WorkerPool implements WorkerProcess.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerPool.class);
    private static final int GIVE_UP_AFTER = 3;
    private static final long LONGEST_PAUSE_MILLISECONDS = 10_000;

    /// More at once would not be ready sooner.
    private static final Duration TIME_TO_START = Duration.ofMinutes(2);

    private static final int MOST_STARTING =
            Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 8);

    /// Told what the pool learns.
    interface Listener {
        /// The GPUs of this machine; told by the first worker that is ready.
        void devicesKnown(List<WorkerReport.Device> devices);

        /// No worker can be started.
        void startingFailed(String reason);
    }

    /// Somebody in the line for a worker.
    interface Taker {
        /// False when it is not there any more.
        boolean waits();

        /// @param worker null when none can be had
        void take(@Nullable WorkerProcess worker);
    }

    /// The one who has taken a worker.
    interface Owner {
        void reported(WorkerReport report);

        void ended(int exitCode);
    }

    /// What the pool knows of a worker.
    private sealed interface Life {
        record Starting(List<WorkerReport.Device> devices) implements Life {}

        record Ready() implements Life {}

        record Taken(Owner owner) implements Life {}
    }

    private final DispatcherSettings settings;
    private final RunFolder folder;
    private final ScheduledExecutorService executor;
    private final Listener listener;
    private final Duration timeToStart;
    private final Map<WorkerProcess, Life> workers = new HashMap<>();
    private final Deque<WorkerProcess> ready = new ArrayDeque<>();
    private final Deque<Taker> waiting = new ArrayDeque<>();
    private int starting;
    private int failures;
    private boolean pausing;
    private boolean devicesKnown;
    private boolean closed;

    WorkerPool(
            DispatcherSettings settings,
            RunFolder folder,
            ScheduledExecutorService executor,
            Listener listener) {
        this(settings, folder, executor, listener, TIME_TO_START);
    }

    /// @param timeToStart how long a worker may take until it is ready
    WorkerPool(
            DispatcherSettings settings,
            RunFolder folder,
            ScheduledExecutorService executor,
            Listener listener,
            Duration timeToStart) {
        this.timeToStart = timeToStart;
        this.settings = settings;
        this.folder = folder;
        this.executor = executor;
        this.listener = listener;
    }

    /// Starts as many workers as are missing.
    void fill() {
        int wanted = Math.max(settings.prestartedWorkers(), devicesKnown ? 0 : 1) + waiting.size();
        int atOnce = Math.clamp(waiting.size(), 1, MOST_STARTING);
        while (!closed && !pausing && starting < atOnce && ready.size() + starting < wanted) {
            startOne();
        }
    }

    /// It may hang in the GPU's driver, and perhaps cannot even be killed: others start in its
    /// place.
    private void giveUp(WorkerProcess worker) {
        if (workers.get(worker) instanceof Life.Starting) {
            workers.remove(worker);
            worker.kill();
            starting--;
            startFailed(
                    "worker %d was not ready within %d s"
                            .formatted(worker.pid(), timeToStart.toSeconds()));
        }
    }

    private void startOne() {
        try {
            WorkerProcess worker = WorkerProcess.start(settings, folder, executor, this);
            workers.put(worker, new Life.Starting(new ArrayList<>()));
            starting++;
            var _ =
                    executor.schedule(
                            () -> giveUp(worker), timeToStart.toMillis(), TimeUnit.MILLISECONDS);
        } catch (IOException e) {
            startFailed(String.valueOf(e.getMessage()));
        }
    }

    /// Gives a worker to `taker`, now or when one is ready; null when none can be had.
    void take(Taker taker) {
        WorkerProcess worker = ready.poll();
        if (worker == null) {
            waiting.add(taker);
        } else {
            taker.take(worker);
        }
        fill();
    }

    /// From now on `owner` hears what the worker says.
    void assign(WorkerProcess worker, Owner owner) {
        workers.put(worker, new Life.Taken(owner));
    }

    /// The process, wherever in its life, that was started under this name.
    Optional<WorkerProcess> find(UUID id) {
        return workers.keySet().stream().filter(worker -> worker.id().equals(id)).findFirst();
    }

    /// Takes over a worker that serves a session of the dispatcher before.
    WorkerProcess adopt(RunFolder.SessionRecord session, Owner owner) {
        WorkerProcess worker =
                WorkerProcess.adopt(session.worker(), session.process(), executor, this);
        workers.put(worker, new Life.Taken(owner));
        return worker;
    }

    @Override
    public void reported(WorkerProcess worker, WorkerReport report) {
        switch (workers.get(worker)) {
            case Life.Starting(List<WorkerReport.Device> devices) -> {
                switch (report) {
                    case WorkerReport.Device device -> devices.add(device);
                    case WorkerReport.Ready _ -> becomeReady(worker, devices);
                    case WorkerReport.Failed(String reason) -> startFailed(reason);
                    default -> worker.kill();
                }
            }
            case Life.Taken(Owner owner) -> owner.reported(report);
            case Life.Ready _ -> worker.kill();
            case null -> {}
        }
    }

    private void becomeReady(WorkerProcess worker, List<WorkerReport.Device> devices) {
        starting--;
        failures = 0;
        workers.put(worker, new Life.Ready());
        LOG.info("worker={} ready", worker.pid());
        if (!devicesKnown) {
            devicesKnown = true;
            listener.devicesKnown(List.copyOf(devices));
        }
        waiting.removeIf(taker -> !taker.waits());
        Taker taker = waiting.poll();
        if (taker == null) {
            ready.add(worker);
        } else {
            taker.take(worker);
        }
        fill();
    }

    private void startFailed(String reason) {
        failures++;
        LOG.error("worker could not start, error=\"{}\" attempt={}", reason, failures);
        if (failures >= GIVE_UP_AFTER) {
            listener.startingFailed(reason);
            refuseAll();
        }
        if (!closed) {
            pausing = true;
            long pause = Math.min(LONGEST_PAUSE_MILLISECONDS, 100L << Math.min(failures, 10));
            var _ = executor.schedule(this::goOn, pause, TimeUnit.MILLISECONDS);
        }
    }

    private void goOn() {
        pausing = false;
        fill();
    }

    @Override
    public void ended(WorkerProcess worker, int exitCode) {
        switch (workers.remove(worker)) {
            case Life.Starting _ when closed -> starting--;
            case Life.Starting _ -> {
                starting--;
                startFailed("worker ended with exit code " + exitCode + "; see its log");
            }
            case Life.Ready _ -> {
                ready.remove(worker);
                if (closed) {
                    return;
                }
                LOG.warn("worker={} ended while idle, code={}", worker.pid(), exitCode);
            }
            case Life.Taken(Owner owner) -> owner.ended(exitCode);
            case null -> {}
        }
        fill();
    }

    /// Ends the workers that serve nobody. Those that serve go on: their programs finish.
    void close() {
        closed = true;
        workers.forEach((worker, life) -> {
            if (!(life instanceof Life.Taken)) {
                worker.kill();
            }
        });
        refuseAll();
    }

    private void refuseAll() {
        List<Taker> refused = List.copyOf(waiting);
        waiting.clear();
        refused.forEach(taker -> taker.take(null));
    }
}
