package org.bitfusion.dispatcher;

import java.util.Optional;
import java.util.function.Supplier;
import org.bitfusion.protocol.control.WorkerReport;
import org.jspecify.annotations.Nullable;

/// The workers that this dispatcher has started, and those that serve sessions which it has taken
/// over.
///
/// @param broker null until it is known which sessions there are
record KnownWorkers(WorkerPool pool, Supplier<@Nullable SessionBroker> broker)
        implements ControlSocket.Workers {
    @Override
    public Optional<WorkerProcess> started(WorkerReport.Hello hello) {
        return pool.find(hello.worker()).filter(worker -> !worker.isHere()); // comes once
    }

    @Override
    public boolean canResume() {
        return broker.get() != null;
    }

    @Override
    public Optional<WorkerProcess> resumed(WorkerReport.Resumed resumed) {
        SessionBroker known = broker.get();
        return known == null ? Optional.empty() : known.resumed(resumed);
    }
}
