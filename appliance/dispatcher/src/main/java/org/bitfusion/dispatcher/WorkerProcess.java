package org.bitfusion.dispatcher;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.util.concurrent.Executor;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A worker's process and the two pipes of text to it. What it reports is told on the dispatcher's
/// own thread.
final class WorkerProcess {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);
    private static final int LONGEST_LINE = 16 * 1024;

    /// Whoever wants to know what the worker says.
    interface Listener {
        void reported(WorkerProcess worker, WorkerReport report);

        /// The process is gone, and with it its memory.
        void ended(WorkerProcess worker, int exitCode);
    }

    private final long id;
    private final Process process;
    private final Writer orders;

    private WorkerProcess(long id, Process process) {
        this.id = id;
        this.process = process;
        orders = process.outputWriter();
    }

    /// Starts the process.
    ///
    /// @param id never used for another worker
    /// @param executor runs the listener
    static WorkerProcess start(
            long id, DispatcherSettings settings, Executor executor, Listener listener)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(settings.workerCommand());
        builder.environment().putAll(settings.workerEnvironment());
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        WorkerProcess worker = new WorkerProcess(id, builder.start());
        Thread.ofPlatform()
                .daemon()
                .name("worker-" + worker.process.pid())
                .start(() -> worker.listen(executor, listener));
        return worker;
    }

    private void listen(Executor executor, Listener listener) {
        try (BufferedReader reader = process.inputReader()) {
            for (String line = readLine(reader); line != null; line = readLine(reader)) {
                WorkerReport report = WorkerReport.parse(line);
                executor.execute(() -> listener.reported(this, report));
            }
        } catch (ProtocolException e) {
            LOG.error("worker={} error=\"{}\"", process.pid(), e.getMessage());
            kill();
        } catch (IOException e) {
            LOG.debug("worker={} pipe closed", process.pid());
        }
        var _ =
                process.onExit()
                        .thenAcceptAsync(gone -> listener.ended(this, gone.exitValue()), executor);
    }

    private static @Nullable String readLine(BufferedReader reader) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = reader.read(); c >= 0; c = reader.read()) {
            if (c == '\n') {
                return line.toString();
            }
            if (line.length() == LONGEST_LINE) {
                throw new ProtocolException("a line longer than " + LONGEST_LINE);
            }
            line.append((char) c);
        }
        return null;
    }

    long id() {
        return id;
    }

    long pid() {
        return process.pid();
    }

    /// Gives an order; lost if the worker is gone, which is reported anyway.
    void order(WorkerOrder order) {
        try {
            orders.write(order.line());
            orders.write('\n');
            orders.flush();
        } catch (IOException e) {
            LOG.debug("worker={} is gone, order lost", process.pid());
        }
    }

    void kill() {
        process.destroyForcibly();
    }
}
