package org.bitfusion.scheduler;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.scheduler.Decision.ApplianceGrant;
import org.bitfusion.scheduler.Decision.GpuGrant;
import org.bitfusion.scheduler.Decision.Granted;
import org.bitfusion.scheduler.Decision.Queued;
import org.bitfusion.scheduler.Decision.Refused;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.request.Refusal;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Waiting;
import org.jspecify.annotations.Nullable;

/// Decides who gets which share of which GPU. The same snapshot, request and time give the same
/// decision, whoever asks.
///
/// Who is served first, and what is set aside for those who wait, is decision 0021.
public final class Scheduler {
    private Scheduler() {}

    /// What a look at the line found, in its order.
    ///
    /// @param served those that can be granted now, all of them together
    /// @param expired those that have waited as long as they wanted
    /// @param refused those that can never be served any more, since the pool or a setting changed
    public record Round(List<Served> served, List<Waiting> expired, List<Dropped> refused) {}

    public record Served(Waiting waiting, Granted granted) {}

    public record Dropped(Waiting waiting, Refused refused) {}

    /// Decides on a request that is new, or waits already. A new one stands behind all of its
    /// priority.
    public static Decision decide(Snapshot snapshot, Request request, Instant now) {
        UUID parentId = request.parent();
        if (parentId == null) {
            return decideInPool(snapshot, request, now);
        }
        Optional<Lease> parent =
                snapshot.lease(parentId).filter(lease -> lease.client().equals(request.client()));
        if (parent.isEmpty()) {
            return noParent(request);
        }
        Snapshot inside = Inside.of(snapshot, parent.get());
        return inside(decideInPool(inside, request.withoutParent(), now), parentId);
    }

    private static Refused noParent(Request request) {
        return new Refused(
                Refusal.NO_SUCH_PARENT,
                "client %s holds no lease %s any more: ask outside of its session"
                        .formatted(request.client(), request.parent()));
    }

    private static Decision inside(Decision decision, UUID parent) {
        return switch (decision) {
            case Refused(Refusal reason, String sentence)
                    when reason == Refusal.TOO_FEW_GPUS || reason == Refusal.SHARE_TOO_LARGE ->
                    new Refused(
                            Refusal.PARENT_TOO_SMALL,
                            "inside the session of lease %s: %s".formatted(parent, sentence));
            case Granted _, Queued _, Refused _ -> decision;
        };
    }

    private static Decision decideInPool(Snapshot snapshot, Request request, Instant now) {
        Waiting waiting =
                snapshot.waiting().stream()
                        .filter(other -> other.request().id().equals(request.id()))
                        .findFirst()
                        .orElseGet(() -> last(snapshot, request));
        if (waiting.isExpired(now)) {
            return new Refused(
                    Refusal.TIMED_OUT,
                    "%s: not free in time; ask for less, or wait longer with --timeout"
                            .formatted(request.wish().words()));
        }
        Line line = snapshot.line(now);
        int before = line.countBefore(waiting);
        Claims claims = line.claimsOfFirst(before, snapshot.tree().size());
        return decide(snapshot, request, claims, before + 1);
    }

    private static Waiting last(Snapshot snapshot, Request request) {
        return new Waiting(
                request, Long.MAX_VALUE, snapshot.terms(request.client()).priority(), Instant.MAX);
    }

    private static Decision decide(Snapshot snapshot, Request request, Claims before, int place) {
        return switch (Standing.of(snapshot, request, before)) {
            case Standing.Hopeless(Refused refused) -> refused;
            case Standing.AppliancesAbsent(Wait.ForAppliances wait) -> new Queued(place, wait);
            case Standing.AtLimit(Wait.ForClientLimit wait) -> new Queued(place, wait);
            case Standing.Contending() -> {
                Granted granted = granted(snapshot, request, before);
                yield granted == null
                        ? new Queued(place, forGpus(snapshot, request, before))
                        : granted;
            }
        };
    }

    private static @Nullable Granted granted(Snapshot snapshot, Request request, Claims before) {
        Need need = new Need(request.wish().share(), snapshot.eligible(request), before);
        List<BestFit.Part> parts =
                new BestFit(need, snapshot.tree()).find(request.wish().gpuCount());
        if (parts.isEmpty()) {
            return null;
        }
        List<ApplianceGrant> grants = new ArrayList<>(parts.size());
        for (BestFit.Part part : parts) {
            Appliance appliance = part.room().appliance();
            List<GpuGrant> gpus = new ArrayList<>(part.places().size());
            for (int at : part.places()) {
                Gpu gpu = appliance.gpus().get(at);
                gpus.add(new GpuGrant(gpu.index(), gpu.uuid(), need.of(gpu.memoryMiB())));
            }
            grants.add(new ApplianceGrant(appliance.id(), gpus));
        }
        return new Granted(grants);
    }

    private static Wait.ForGpus forGpus(Snapshot snapshot, Request request, Claims before) {
        List<Wait.SetAside> setAside = new ArrayList<>();
        for (Target.Part part : Line.target(snapshot, request, before).parts()) {
            Appliance appliance = part.appliance();
            setAside.add(
                    new Wait.SetAside(
                            appliance.id(),
                            appliance.host().name(),
                            appliance.gpus().get(part.place()).index(),
                            part.needMiB(),
                            part.missingMiB()));
        }
        return new Wait.ForGpus(request.wish(), setAside);
    }

    /// Looks through all who wait: who is to be granted now, who is to be dropped.
    public static Round serve(Snapshot snapshot, Instant now) {
        Round round = new Round(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Set<UUID> parents = new LinkedHashSet<>();
        for (Waiting waiting : snapshot.waiting()) {
            UUID parent = waiting.request().parent();
            if (waiting.isExpired(now)) {
                round.expired.add(waiting);
            } else if (parent != null) {
                parents.add(parent);
            }
        }
        serveInPool(snapshot, now, round);
        parents.forEach(parent -> serveInside(snapshot, parent, now, round));
        return round;
    }

    private static void serveInPool(Snapshot snapshot, Instant now, Round round) {
        Line line = snapshot.line(now);
        Snapshot current = snapshot;
        Claims claims =
                null; // of those before, once somebody was served and the line is not the same any
        // more
        for (int i = 0; i < line.entries().size(); i++) {
            Line.Entry entry = line.entries().get(i);
            Waiting waiting = entry.waiting();
            Request request = waiting.request();
            if (claims != null) {
                entry = Line.entry(current, waiting, claims);
            }
            if (entry.standing() instanceof Standing.Hopeless(Refused refused)) {
                round.refused.add(new Dropped(waiting, refused));
            } else if (entry.isReady()) {
                if (claims == null) {
                    claims = line.ownClaimsOfFirst(i, snapshot.tree().size());
                }
                Granted granted = Objects.requireNonNull(granted(current, request, claims));
                round.served.add(new Served(waiting, granted));
                current = current.withLease(granted.lease(request.id(), request));
            } else if (claims != null) {
                entry.claim(claims);
            }
        }
    }

    private static void serveInside(Snapshot snapshot, UUID parentId, Instant now, Round round) {
        Lease parent = snapshot.lease(parentId).orElse(null);
        Round inner =
                parent == null
                        ? new Round(List.of(), List.of(), List.of())
                        : serve(Inside.of(snapshot, parent), now);
        for (Waiting waiting : snapshot.waiting()) {
            Request request = waiting.request();
            if (!parentId.equals(request.parent()) || waiting.isExpired(now)) {
                continue;
            }
            if (parent == null || !parent.client().equals(request.client())) {
                round.refused.add(new Dropped(waiting, noParent(request)));
                continue;
            }
            inner.served.stream()
                    .filter(served -> served.waiting.request().id().equals(request.id()))
                    .forEach(served -> round.served.add(new Served(waiting, served.granted)));
            inner.refused.stream()
                    .filter(dropped -> dropped.waiting.request().id().equals(request.id()))
                    .forEach(dropped -> round.refused.add(new Dropped(waiting, dropped.refused)));
        }
    }
}
