package org.bitfusion.scheduler;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Waiting;

/// Who waits for GPUs of the pool at some time, in the order in which they are served, and what is
/// set aside for each. It never changes.
final class Line {
    /// @param target what is set aside for it; no GPU if it waits for something else
    record Entry(Waiting waiting, Standing standing, Target target) {
        /// Whether it is to be served now.
        boolean isReady() {
            return standing instanceof Standing.Contending && target.isReady();
        }

        void claim(Claims claims) {
            Request request = waiting.request();
            switch (standing) {
                case Standing.Hopeless _, Standing.AppliancesAbsent _ -> {}
                case Standing.AtLimit _ ->
                        claims.addGpus(request.client(), request.wish().gpuCount());
                case Standing.Contending() -> {
                    claims.addGpus(request.client(), request.wish().gpuCount());
                    claims.add(target);
                }
            }
        }

        /// Whether a GPU of which more is free now may be nearer than one that is set aside.
        private boolean isNearer(Snapshot snapshot, Room room, int place) {
            if (!(standing instanceof Standing.Contending)) {
                return false;
            }
            Request request = waiting.request();
            int memory = room.memory(place);
            if ((snapshot.eligible(request).gpus(room.position()) & (1L << place)) == 0
                    || !request.wish().share().fits(memory)) {
                return false;
            }
            long missing =
                    Math.max(
                            0,
                            (long) request.wish().share().mebibytesOf(memory) - room.free()[place]);
            return Shortage.distance(missing, room.position(), place) <= target.farthest();
        }
    }

    private final List<Entry> entries;
    private final Claims all;
    private final Instant from;
    private final Instant until;

    /// @param all what is set aside for all of them
    /// @param from it holds from then on
    /// @param until when the next of them expires
    private Line(List<Entry> entries, Claims all, Instant from, Instant until) {
        this.entries = List.copyOf(entries);
        this.all = all;
        this.from = from;
        this.until = until;
    }

    static Line of(Snapshot snapshot, Instant now) {
        List<Entry> entries = new ArrayList<>();
        Claims claims = new Claims(snapshot.tree().size());
        Instant until = Instant.MAX;
        for (Waiting waiting : snapshot.waiting()) {
            if (waiting.request().parent() != null || waiting.isExpired(now)) {
                continue;
            }
            until = until.isBefore(waiting.deadline()) ? until : waiting.deadline();
            Entry entry = entry(snapshot, waiting, claims);
            entry.claim(claims);
            entries.add(entry);
        }
        return new Line(entries, claims, now, until);
    }

    static Entry entry(Snapshot snapshot, Waiting waiting, Claims before) {
        Request request = waiting.request();
        Standing standing = Standing.of(snapshot, request, before);
        Target target =
                standing instanceof Standing.Contending
                        ? target(snapshot, request, before)
                        : Target.NONE;
        return new Entry(waiting, standing, target);
    }

    static Target target(Snapshot snapshot, Request request, Claims before) {
        Need need = new Need(request.wish().share(), snapshot.eligible(request), before);
        return new Shortage(need, request.wish().gpuCount()).find(snapshot.tree());
    }

    List<Entry> entries() {
        return entries;
    }

    boolean holdsAt(Instant now) {
        return !now.isBefore(from) && now.isBefore(until);
    }

    /// How many are served before one that is or would be queued so.
    int countBefore(Waiting waiting) {
        int count = 0;
        while (count < entries.size()
                && Waiting.ORDER.compare(entries.get(count).waiting, waiting) < 0) {
            count++;
        }
        return count;
    }

    /// What is set aside for the first of them; not to be changed.
    ///
    /// @param appliances how many the pool has
    Claims claimsOfFirst(int count, int appliances) {
        return count == entries.size() ? all : ownClaimsOfFirst(count, appliances);
    }

    /// The same for one who adds to it.
    Claims ownClaimsOfFirst(int count, int appliances) {
        Claims claims = new Claims(appliances);
        for (int i = 0; i < count; i++) {
            entries.get(i).claim(claims);
        }
        return claims;
    }

    /// Whether it still is the line once a lease was added: the lease holds nothing that was set
    /// aside, and no GPU of a client that waits.
    ///
    /// @param after with the lease
    boolean holdsWith(Lease lease, Snapshot after) {
        return !isOfOneWhoWaits(lease) && lease.gpus().stream().allMatch(gpu -> leaves(gpu, after));
    }

    private boolean leaves(LeasedGpu gpu, Snapshot after) {
        int position = after.topology().position(gpu.appliance());
        if (position < 0 || all.of(position).length == 0) {
            return true;
        }
        Room room = after.tree().room(position);
        int place = room.place(gpu.gpuIndex());
        int claimed = place < 0 ? 0 : all.of(position)[place];
        return claimed == 0 || room.free()[place] >= claimed;
    }

    /// Whether it still is the line once a lease is over: what is free now is not nearer to anybody
    /// than what is set aside.
    ///
    /// @param after without the lease
    boolean holdsWithout(Lease lease, Snapshot after) {
        return !isOfOneWhoWaits(lease)
                && lease.gpus().stream().noneMatch(gpu -> isNearer(gpu, after));
    }

    private boolean isNearer(LeasedGpu gpu, Snapshot after) {
        int position = after.topology().position(gpu.appliance());
        if (position < 0 || entries.isEmpty()) {
            return false;
        }
        Room room = after.tree().room(position);
        int place = room.place(gpu.gpuIndex());
        return place >= 0
                && room.isAvailable()
                && entries.stream().anyMatch(entry -> entry.isNearer(after, room, place));
    }

    private boolean isOfOneWhoWaits(Lease lease) {
        return entries.stream()
                .anyMatch(entry -> entry.waiting.request().client().equals(lease.client()));
    }
}
