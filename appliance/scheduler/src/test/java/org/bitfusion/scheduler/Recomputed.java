package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
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
    static void assertIsTheSame(Snapshot snapshot, String where) {
        Snapshot again = of(snapshot);
        assertThat(tree(snapshot)).as(where).isEqualTo(tree(again));
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

    private static String tree(Snapshot snapshot) {
        StringBuilder text = new StringBuilder();
        write(snapshot.tree().root(), text);
        return text.toString();
    }

    private static void write(RoomTree.Node node, StringBuilder text) {
        text.append('(').append(node.smallestMemory());
        text.append(Arrays.toString(node.free()));
        text.append(Arrays.toString(node.started()));
        for (Room room : node.rooms()) {
            text.append(room.appliance().id()).append(room.position());
            text.append(Arrays.toString(room.free()));
            text.append(Arrays.toString(room.reserved()));
        }
        for (RoomTree.Node child : node.children()) {
            write(child, text);
        }
        text.append(')');
    }
}
