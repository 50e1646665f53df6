package org.bitfusion.dispatcher;

import io.netty.channel.Channel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A worker's process, and its connection once it has come: a child of this dispatcher, or one that
/// the dispatcher before it started. Used by the dispatcher's own thread only.
final class WorkerProcess {
    /// What the end of a worker that is no child looks like.
    static final int UNKNOWN_EXIT_CODE = -1;

    private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);

    /// How often is looked whether a process that is no child is still there.
    private static final long LOOK_MILLISECONDS = 50;

    /// Whoever wants to know what the worker says.
    interface Listener {
        void reported(WorkerProcess worker, WorkerReport report);

        /// The process is gone, and with it its memory.
        void ended(WorkerProcess worker, int exitCode);
    }

    private final UUID id;
    private final ProcessLife process;
    private final ScheduledExecutorService executor;
    private final Listener listener;
    private @Nullable Channel channel;
    private boolean ended;

    private WorkerProcess(
            UUID id, ProcessLife process, ScheduledExecutorService executor, Listener listener) {
        this.id = id;
        this.process = process;
        this.executor = executor;
        this.listener = listener;
    }

    /// Starts the process, which is going to come to the run folder's socket.
    ///
    /// @param executor the dispatcher's own thread
    static WorkerProcess start(
            DispatcherSettings settings,
            RunFolder folder,
            ScheduledExecutorService executor,
            Listener listener)
            throws IOException {
        UUID id = UUID.randomUUID();
        List<String> command = new ArrayList<>(settings.workerCommand());
        command.add(folder.socket().toString());
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(settings.workerEnvironment());
        builder.environment().put(WorkerReport.NAME_VARIABLE, id.toString()); // not for all to see
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.redirectInput(Path.of("/dev/null").toFile());
        Process process = builder.start();
        WorkerProcess worker =
                new WorkerProcess(id, ProcessLife.of(process.pid()), executor, listener);
        var _ =
                process.onExit()
                        .thenAcceptAsync(gone -> worker.hasExited(gone.exitValue()), executor);
        return worker;
    }

    /// Takes over one that another dispatcher started.
    static WorkerProcess adopt(
            UUID id, ProcessLife process, ScheduledExecutorService executor, Listener listener) {
        WorkerProcess worker = new WorkerProcess(id, process, executor, listener);
        worker.look();
        return worker;
    }

    private void look() {
        if (process.isAlive()) {
            var _ = executor.schedule(this::look, LOOK_MILLISECONDS, TimeUnit.MILLISECONDS);
        } else {
            hasExited(UNKNOWN_EXIT_CODE);
        }
    }

    /// What it said last is heard before its end.
    private void hasExited(int exitCode) {
        Channel last = channel;
        if (last == null) {
            end(exitCode);
        } else {
            var _ = last.closeFuture().addListener(_ -> end(exitCode));
        }
    }

    private void end(int exitCode) {
        if (!ended) {
            ended = true;
            listener.ended(this, exitCode);
        }
    }

    /// Whether the worker has come and is still there.
    boolean isHere() {
        Channel present = channel;
        return present != null && present.isActive();
    }

    /// The worker has come, or come again.
    void attach(Channel fresh) {
        Channel old = channel;
        channel = fresh;
        if (old != null) {
            var _ = old.close();
        }
    }

    void reported(WorkerReport report) {
        listener.reported(this, report);
    }

    /// Never another worker's; the worker knows it, and nobody else.
    UUID id() {
        return id;
    }

    ProcessLife process() {
        return process;
    }

    long pid() {
        return process.pid();
    }

    /// Gives an order; lost if the worker is gone, which is reported anyway.
    void order(WorkerOrder order) {
        Channel to = channel;
        if (to == null) {
            LOG.debug("worker={} is not there, order lost", process.pid());
        } else {
            ControlSocket.send(to, order);
        }
    }

    void kill() {
        process.kill();
    }
}
