package org.bitfusion.manager.member;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.scheduler.pool.Appliance;

/// Where the managers of the pool are reached, as each appliance announced. What it tells may be a
/// few seconds old. Thread-safe.
public final class ApplianceDirectory {
    private static final Duration FRESH = Duration.ofSeconds(5);

    private final PoolState state;
    private final Entry own;
    private List<Entry> known = List.of();

    /// Of [System#nanoTime]: whatever is done to the clock on the wall.
    private long readAt = System.nanoTime() - FRESH.toNanos();

    ApplianceDirectory(PoolState state, Entry own) {
        this.state = state;
        this.own = own;
    }

    /// @param addresses the first is its host in the ensemble
    public record Entry(UUID appliance, String name, List<String> addresses, int controlPort) {
        public Entry {
            addresses = List.copyOf(addresses);
        }

        /// `10.0.0.1:56001`, IPv6 in brackets.
        public List<String> controlAddresses() {
            return addresses.stream()
                    .map(each -> each.indexOf(':') < 0 ? each : "[" + each + "]")
                    .map(each -> each + ":" + controlPort)
                    .toList();
        }
    }

    /// All of them, this one first.
    ///
    /// @throws org.bitfusion.cluster.ClusterException NOT_CONNECTED
    public synchronized List<Entry> entries() {
        if (System.nanoTime() - readAt >= FRESH.toNanos()) {
            PoolView view = state.view();
            List<Entry> entries = new ArrayList<>(List.of(own));
            for (Appliance appliance : view.appliances()) {
                Contact contact = view.contact(appliance.id());
                if (!appliance.id().equals(own.appliance()) && contact.controlPort() != 0) {
                    entries.add(
                            new Entry(
                                    appliance.id(),
                                    appliance.host().name(),
                                    appliance.host().addresses(),
                                    contact.controlPort()));
                }
            }
            known = List.copyOf(entries);
            readAt = System.nanoTime();
        }
        return known;
    }

    /// @throws org.bitfusion.cluster.ClusterException NOT_CONNECTED
    public Optional<Entry> find(UUID appliance) {
        return entries().stream().filter(each -> each.appliance().equals(appliance)).findFirst();
    }
}
