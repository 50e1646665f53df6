package org.bitfusion.scheduler;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Waiting;
import org.jspecify.annotations.Nullable;

/// Decision 0021 once more, from the facts of a snapshot alone: lists, loops and nothing clever.
/// For requests of the pool, not for those inside a session.
final class Oracle {
    /// @param ordinal place in the pool's order
    record Place(Appliance appliance, Gpu gpu, int ordinal) {
        String key() {
            return appliance.id() + "/" + gpu.index();
        }
    }

    enum Answer {
        GRANT,
        FOR_GPUS,
        FOR_LIMIT,
        FOR_APPLIANCES,
        NEVER
    }

    /// @param missing by [Place#key], of the GPUs that are set aside
    record Opinion(Answer answer, Map<String, Integer> missing) {}

    private final Snapshot snapshot;
    private final List<Place> places = new ArrayList<>();
    private final Map<String, Integer> free = new HashMap<>();
    private final Map<String, Integer> setAside = new HashMap<>();
    private final Map<String, Integer> gpusSetAside = new HashMap<>();

    Oracle(Snapshot snapshot) {
        this.snapshot = snapshot;
        List<Appliance> appliances = new ArrayList<>(snapshot.appliances());
        appliances.sort(
                Comparator.<Appliance>comparingInt(appliance ->
                                appliance.gpus().stream().mapToInt(Gpu::memoryMiB).max().orElse(0))
                        .thenComparing(Appliance::id));
        for (Appliance appliance : appliances) {
            for (Gpu gpu : appliance.gpus()) {
                Place place = new Place(appliance, gpu, places.size());
                places.add(place);
                free.put(place.key(), gpu.memoryMiB() - gpu.reservedMiB());
            }
        }
        for (Lease lease : snapshot.leases()) {
            for (LeasedGpu gpu : lease.gpus()) {
                if (lease.parent() == null) {
                    free.computeIfPresent(
                            gpu.appliance() + "/" + gpu.gpuIndex(),
                            (_, before) -> before - gpu.memoryMiB());
                }
            }
        }
    }

    Map<String, Integer> free() {
        return free;
    }

    List<Place> places() {
        return places;
    }

    /// How many GPUs the client holds.
    int held(String client) {
        return snapshot.leases().stream()
                .filter(lease -> lease.parent() == null && lease.client().equals(client))
                .mapToInt(lease -> lease.gpus().size())
                .sum();
    }

    /// What of a GPU is free and not set aside for requests that come before the last one asked
    /// about.
    int available(Place place) {
        return free.getOrDefault(place.key(), 0) - setAside.getOrDefault(place.key(), 0);
    }

    static boolean wouldDo(Request request, Place place) {
        return request.wish().choice().acceptsServer(place.appliance)
                && request.wish().choice().acceptsGpu(place.appliance, place.gpu)
                && request.wish().share().fits(place.gpu.memoryMiB());
    }

    static int need(Request request, Place place) {
        return request.wish().share().mebibytesOf(place.gpu.memoryMiB());
    }

    /// About all who wait for GPUs of the pool, each after those that come before it.
    Map<UUID, Opinion> opinionsOfAll(Instant now) {
        return opinions(new ArrayList<>(snapshot.waiting()), null, now);
    }

    /// About those who come before a request, and about the request at last.
    Map<UUID, Opinion> opinionsUpTo(Request request, Instant now) {
        List<Waiting> line = new ArrayList<>(snapshot.waiting());
        int priority = snapshot.terms(request.client()).priority();
        line.add(new Waiting(request, Long.MAX_VALUE, priority, Instant.MAX));
        return opinions(line, request.id(), now);
    }

    private Map<UUID, Opinion> opinions(List<Waiting> line, @Nullable UUID last, Instant now) {
        line.removeIf(waiting -> waiting.request().parent() != null || waiting.isExpired(now));
        line.sort((a, b) ->
                a.priority() != b.priority()
                        ? Integer.compare(b.priority(), a.priority())
                        : Long.compare(a.arrival(), b.arrival()));
        Map<UUID, Opinion> opinions = new HashMap<>();
        for (Waiting waiting : line) {
            UUID id = waiting.request().id();
            Opinion opinion = opinion(waiting.request());
            opinions.put(id, opinion);
            if (id.equals(last)) {
                break;
            }
            claim(waiting.request(), opinion);
        }
        return opinions;
    }

    private void claim(Request request, Opinion opinion) {
        switch (opinion.answer) {
            case NEVER, FOR_APPLIANCES -> {}
            case FOR_LIMIT, FOR_GPUS, GRANT ->
                    gpusSetAside.merge(request.client(), request.wish().gpuCount(), Integer::sum);
        }
        for (Place place : places) {
            if (opinion.missing.containsKey(place.key())) {
                setAside.merge(place.key(), need(request, place), Integer::sum);
            }
        }
    }

    private Opinion opinion(Request request) {
        int count = request.wish().gpuCount();
        int limit = snapshot.terms(request.client()).gpuLimit();
        List<Place> known = places.stream().filter(place -> wouldDo(request, place)).toList();
        if (known.size() < count || count > limit) {
            return new Opinion(Answer.NEVER, Map.of());
        }
        List<Place> available =
                new ArrayList<>(
                        known.stream()
                                .filter(place ->
                                        place.appliance.state() == ApplianceState.AVAILABLE)
                                .toList());
        if (available.size() < count) {
            return new Opinion(Answer.FOR_APPLIANCES, Map.of());
        }
        if ((long) held(request.client()) + gpusSetAside.getOrDefault(request.client(), 0) + count
                > limit) {
            return new Opinion(Answer.FOR_LIMIT, Map.of());
        }
        available.sort(
                Comparator.<Place>comparingInt(place -> missing(request, place))
                        .thenComparingInt(Place::ordinal));
        Map<String, Integer> missing = new HashMap<>();
        for (Place place : available.subList(0, count)) {
            missing.put(place.key(), missing(request, place));
        }
        boolean ready = missing.values().stream().allMatch(mib -> mib == 0);
        return new Opinion(ready ? Answer.GRANT : Answer.FOR_GPUS, missing);
    }

    private int missing(Request request, Place place) {
        return Math.max(0, need(request, place) - available(place));
    }

    /// The fewest appliances that the request fits on, as things stand after [#opinionsUpTo].
    int fewestAppliances(Request request) {
        Map<UUID, Integer> fits = new HashMap<>();
        for (Place place : places) {
            if (place.appliance.state() == ApplianceState.AVAILABLE
                    && wouldDo(request, place)
                    && available(place) >= need(request, place)) {
                fits.merge(place.appliance.id(), 1, Integer::sum);
            }
        }
        List<Integer> counts = new ArrayList<>(fits.values());
        int fewest = Integer.MAX_VALUE;
        for (int subset = 1; subset < 1 << counts.size(); subset++) {
            int sum = 0;
            for (int i = 0; i < counts.size(); i++) {
                sum += (subset >> i & 1) * counts.get(i);
            }
            if (sum >= request.wish().gpuCount()) {
                fewest = Math.min(fewest, Integer.bitCount(subset));
            }
        }
        return fewest;
    }

    /// Of all ways to place the request on one appliance the least cost: unused GPUs begun, then
    /// MiB left over.
    long leastCostOnOneAppliance(Request request) {
        long least = Long.MAX_VALUE;
        Set<UUID> appliances = new HashSet<>();
        places.forEach(place -> appliances.add(place.appliance.id()));
        for (UUID appliance : appliances) {
            List<Place> here =
                    places.stream()
                            .filter(place ->
                                    place.appliance.id().equals(appliance)
                                            && place.appliance.state() == ApplianceState.AVAILABLE
                                            && wouldDo(request, place)
                                            && available(place) >= need(request, place))
                            .toList();
            for (int subset = 1; subset < 1 << here.size(); subset++) {
                if (Integer.bitCount(subset) == request.wish().gpuCount()) {
                    long cost = 0;
                    for (int i = 0; i < here.size(); i++) {
                        cost += (subset >> i & 1) * cost(request, here.get(i));
                    }
                    least = Math.min(least, cost);
                }
            }
        }
        return least;
    }

    long cost(Request request, Place place) {
        long available = available(place);
        boolean unused = free.getOrDefault(place.key(), 0) == place.gpu.memoryMiB();
        return (unused ? 1_000_000 : 0) + available - need(request, place);
    }
}
