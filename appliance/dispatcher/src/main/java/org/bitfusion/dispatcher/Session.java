package org.bitfusion.dispatcher;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.Consumer;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.bitfusion.protocol.message.SessionOpen;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client process and its worker, as the dispatcher sees them.
///
/// ```
/// Opening --listening--> Waiting --connected--> Served
///    |  noport, failed      |                      |
///    +----------------------+----------------------+--- process ends ---> Ended
/// ```
///
/// Used by one thread only.
final class Session implements WorkerPool.Owner {
    /// How long a worker may take to open its port, and a client to come to it.
    static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

    private sealed interface State {
        /// The client waits for the port.
        record Opening(Consumer<SessionResult> taker) implements State {}

        record Waiting() implements State {}

        record Served() implements State {}

        record Ended() implements State {}
    }

    private final SessionBroker broker;
    private final UUID lease;
    private final UUID id;
    private final WorkerProcess worker;
    private ClientProgram program;
    private State state;
    private boolean isHeardOf;

    /// A new one, in which somebody waits for the port.
    Session(
            SessionBroker broker,
            WorkerProcess worker,
            UUID lease,
            ClientProgram program,
            Consumer<SessionResult> taker) {
        this.broker = broker;
        this.worker = worker;
        this.lease = lease;
        this.program = program;
        id = UUID.randomUUID();
        state = new State.Opening(taker);
        isHeardOf = true;
    }

    /// One that the dispatcher before opened, and whose client has come.
    Session(SessionBroker broker, WorkerPool pool, RunFolder.SessionRecord kept) {
        this.broker = broker;
        lease = kept.lease();
        id = kept.id();
        program = kept.program();
        state = new State.Served();
        worker = pool.adopt(kept, this);
    }

    /// Whether a program uses it.
    boolean isServed() {
        return state instanceof State.Served;
    }

    /// Whether it is known when it was last used; not of one that the dispatcher before opened,
    /// before its worker has come.
    boolean isHeardOf() {
        return isHeardOf;
    }

    /// Its worker has come to this dispatcher.
    void resumed(Duration idle) {
        isHeardOf = true;
        broker.used(lease, idle);
    }

    RunFolder.SessionRecord record() {
        return new RunFolder.SessionRecord(id, lease, worker.id(), worker.process(), program);
    }

    /// @param shares what the session may use, in the order of the devices in `ledgerFile`
    /// @param user as whom the worker is to run; empty: as it does
    /// @param asked over what the client asked for it, from which both derive the session's secret
    void open(
            DispatcherSettings settings,
            List<Share> shares,
            Path ledgerFile,
            OptionalInt user,
            SessionOpen request,
            Handshake asked) {
        List<WorkerOrder.Share> granted = new ArrayList<>();
        for (Share share : shares) {
            granted.add(new WorkerOrder.Share(broker.driverIndex(share), share.limit()));
        }
        worker.order(
                new WorkerOrder.Open(
                        lease.toString(),
                        id,
                        request.hostWord() != 0,
                        asked.sessionSecret(id),
                        settings.ports().minimum(),
                        settings.ports().maximum(),
                        request.windowBase(),
                        request.windowBytes(),
                        request.process(),
                        request.program(),
                        ledgerFile.toString(),
                        user.isPresent() ? RunFolder.images(ledgerFile).toString() : "",
                        user.orElse(WorkerOrder.Open.SAME_USER),
                        granted));
    }

    @Override
    public void reported(WorkerReport report) {
        switch (report) {
            case WorkerReport.Listening(int port) ->
                    opened(new SessionResult.Opened(port, id), new State.Waiting());
            case WorkerReport.NoPort _ -> {
                LOG.error("lease={} worker={} error=\"no data port is free\"", lease, worker.pid());
                opened(new SessionResult.NoPort(), state);
                worker.kill();
            }
            case WorkerReport.NoWindow _ -> {
                LOG.warn("lease={} worker={} window refused by the driver", lease, worker.pid());
                opened(new SessionResult.NoWindow(), state);
                worker.kill();
            }
            case WorkerReport.Failed(String reason) -> {
                LOG.error("lease={} worker={} error=\"{}\"", lease, worker.pid(), reason);
                opened(new SessionResult.NoWorker(), state);
            }
            case WorkerReport.Connected(int process) -> {
                LOG.info("lease={} worker={} client={} connected", lease, worker.pid(), process);
                boolean isFirst = state instanceof State.Opening || state instanceof State.Waiting;
                if (isFirst && process != program.process()) { // prepared for whoever comes first
                    program = new ClientProgram(process, "");
                    broker.changed(this);
                }
                state = new State.Served();
                broker.used(lease, Duration.ZERO);
            }
            case WorkerReport.Used _ -> broker.used(lease, Duration.ZERO);
            case WorkerReport.Device _,
                    WorkerReport.Ready _,
                    WorkerReport.Hello _,
                    WorkerReport.Resumed _ ->
                    worker.kill();
        }
    }

    private void opened(SessionResult result, State next) {
        if (state instanceof State.Opening(Consumer<SessionResult> taker)) {
            state = next instanceof State.Opening ? new State.Waiting() : next;
            taker.accept(result);
        }
    }

    /// The client or the worker has not done its part in time.
    void giveUpOpening() {
        if (state instanceof State.Opening || state instanceof State.Waiting) {
            LOG.warn("lease={} worker={} nobody came", lease, worker.pid());
            opened(new SessionResult.NoWorker(), state);
            worker.kill();
        }
    }

    WorkerProcess worker() {
        return worker;
    }

    ClientProgram program() {
        return program;
    }

    /// What the client calls it; nobody can guess it.
    UUID id() {
        return id;
    }

    /// The lease or the program is over.
    ///
    /// @param reason what its user is told; empty: nothing
    void end(String reason) {
        if (state instanceof State.Opening || state instanceof State.Waiting) {
            worker.kill(); // nobody has come: it has nothing to finish, and its lease waits for it
        } else {
            worker.order(new WorkerOrder.End(reason));
        }
    }

    void kill() {
        if (!(state instanceof State.Ended)) {
            worker.kill();
        }
    }

    @Override
    public void ended(int exitCode) {
        LOG.info("lease={} worker={} ended, code={}", lease, worker.pid(), exitCode);
        if (isServed()) {
            broker.used(lease, Duration.ZERO);
        }
        opened(new SessionResult.NoWorker(), state);
        state = new State.Ended();
        broker.ended(this, lease);
    }
}
