package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.request.Waiting;

/// A snapshot made anew from the facts that another one holds.
final class Recomputed {
    private Recomputed() {}

    static Snapshot of(Snapshot snapshot) {
        Snapshot again = Snapshot.of(snapshot.terms("nobody"), snapshot.appliances());
        for (String client : Set.of("limited", "urgent", "tight")) {
            ClientTerms terms = snapshot.terms(client);
            again =
                    again.withClient(
                            new Client(
                                    client,
                                    terms.gpuLimit(),
                                    terms.priority(),
                                    terms.idleTimeout(),
                                    terms.disabled()));
        }
        List<Lease> leases = new ArrayList<>(snapshot.leases());
        Set<UUID> added = new HashSet<>();
        while (!leases.isEmpty()) {
            for (Lease lease : List.copyOf(leases)) {
                if (lease.parent() == null || added.contains(lease.parent())) {
                    again = again.withLease(lease);
                    added.add(lease.id());
                    leases.remove(lease);
                }
            }
        }
        for (Waiting waiting : snapshot.waiting()) {
            again = again.withWaiting(waiting);
        }
        return again;
    }

    /// The indexes tell the same as ones that are made from the facts alone.
    static void assertIsTheSame(Snapshot snapshot, Instant now, String where) {
        Snapshot again = of(snapshot);
        assertThat(snapshot.tree().root()).as(where).hasToString(again.tree().root().toString());
        assertThat(line(snapshot, now)).as(where).isEqualTo(line(again, now));
        Oracle oracle = new Oracle(snapshot);
        for (Appliance appliance : snapshot.appliances()) {
            appliance
                    .gpus()
                    .forEach(gpu ->
                            assertThat(snapshot.freeMiB(appliance.id(), gpu.index()))
                                    .as(where)
                                    .isEqualTo(
                                            oracle.free().get(appliance.id() + "/" + gpu.index())));
        }
        for (String client : List.of("a", "b", "limited", "urgent", "tight")) {
            assertThat(snapshot.heldGpus(client)).as(where).isEqualTo(oracle.held(client));
        }
    }

    private static List<String> line(Snapshot snapshot, Instant now) {
        return snapshot.line(now).entries().stream()
                .map(entry ->
                        entry.waiting().request().id()
                                + " "
                                + entry.standing().getClass()
                                + entry.target().parts().stream().map(Recomputed::part).toList())
                .toList();
    }

    private static String part(Target.Part part) {
        return "%d/%d %d %d"
                .formatted(part.position(), part.place(), part.needMiB(), part.missingMiB());
    }
}
