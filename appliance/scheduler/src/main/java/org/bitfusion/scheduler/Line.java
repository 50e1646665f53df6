package org.bitfusion.scheduler;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Waiting;

/// Who waits for GPUs of the pool at some time, in the order in which they are served, and what is
/// set aside for each. It never changes.
///
/// @param from it holds until `until`, when the next of them expires
record Line(List<Entry> entries, Instant from, Instant until) {
    /// @param target what is set aside for it; no GPU if it waits for something else
    record Entry(Waiting waiting, Standing standing, Target target) {
        private static final Target NO_TARGET = new Target(List.of());

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
        return new Line(List.copyOf(entries), now, until);
    }

    static Entry entry(Snapshot snapshot, Waiting waiting, Claims before) {
        Request request = waiting.request();
        Standing standing = Standing.of(snapshot, request, before);
        Target target =
                standing instanceof Standing.Contending
                        ? target(snapshot, request, before)
                        : Entry.NO_TARGET;
        return new Entry(waiting, standing, target);
    }

    static Target target(Snapshot snapshot, Request request, Claims before) {
        Need need = new Need(request.wish().share(), snapshot.eligible(request), before);
        return new Shortage(need, request.wish().gpuCount()).find(snapshot.tree());
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

    Claims claimsOfFirst(int count, int appliances) {
        Claims claims = new Claims(appliances);
        for (int i = 0; i < count; i++) {
            entries.get(i).claim(claims);
        }
        return claims;
    }
}
