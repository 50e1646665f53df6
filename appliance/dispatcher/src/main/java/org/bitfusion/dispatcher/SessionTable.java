package org.bitfusion.dispatcher;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.protocol.control.WorkerReport;

/// The sessions that there are, by their leases. Used by one thread only.
final class SessionTable {
    private final Map<UUID, Set<Session>> sessions = new HashMap<>();

    void add(UUID lease, Session session) {
        sessions.computeIfAbsent(lease, _ -> new HashSet<>()).add(session);
    }

    void remove(UUID lease, Session session) {
        sessions.computeIfPresent(
                lease,
                (_, open) -> {
                    open.remove(session);
                    return open.isEmpty() ? null : open;
                });
    }

    /// As they are now, whatever comes and goes afterwards.
    Set<Session> of(UUID lease) {
        return Set.copyOf(sessions.getOrDefault(lease, Set.of()));
    }

    boolean isEmpty() {
        return sessions.isEmpty();
    }

    /// Who is served in a lease.
    List<ClientProgram> programs(UUID lease) {
        return of(lease).stream().filter(Session::isServed).map(Session::program).toList();
    }

    /// The one whose worker says so; empty if there is no such session.
    Optional<Session> find(WorkerReport.Resumed resumed) {
        return sessions.values().stream()
                .flatMap(Set::stream)
                .filter(each -> each.id().equals(resumed.session()))
                .filter(each -> each.worker().id().equals(resumed.worker()))
                .findFirst();
    }
}
