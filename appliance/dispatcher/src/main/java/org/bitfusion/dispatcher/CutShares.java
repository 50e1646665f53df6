package org.bitfusion.dispatcher;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.bitfusion.ledger.ShareLedger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leases that are cut out of the shares of others: what of a share is promised to them stands in
/// the ledger of the lease that has it. Used by one thread only.
final class CutShares {
    private static final Logger LOG = LoggerFactory.getLogger(CutShares.class);
    private static final long MIB = 1 << 20;

    private final Map<UUID, Lease> leases;

    /// The ledgers of leases out of whose share others were cut.
    private final Map<UUID, ShareLedger> ledgers = new HashMap<>();

    /// @param leases that there are, by their ids; looked at at each call
    CutShares(Map<UUID, Lease> leases) {
        this.leases = leases;
    }

    /// Takes a lease's shares out of its parent's.
    ///
    /// @return what is missing; then nothing was taken
    Optional<String> take(Lease lease, UUID parentId) throws IOException {
        Lease parent = leases.get(parentId);
        if (parent == null
                || !parent.part()
                        .map(PoolPart::client)
                        .equals(lease.part().map(PoolPart::client))) {
            return Optional.of("the client holds no lease " + parentId + " here");
        }
        ShareLedger of = ledger(parent);
        List<Share> taken = new ArrayList<>();
        for (Share share : lease.shares()) {
            OptionalInt place = place(parent, share.device());
            if (place.isEmpty() || !of.promise(place.getAsInt(), share.limit())) {
                taken.forEach(back -> setAside(parent, of, back.device(), -back.limit()));
                return Optional.of(
                        "%d MiB of GPU %d are not free in lease %s"
                                .formatted(share.limit() / MIB, share.device(), parentId));
            }
            taken.add(share);
        }
        return Optional.empty();
    }

    private ShareLedger ledger(Lease parent) throws IOException {
        ShareLedger open = ledgers.get(parent.id());
        if (open == null) {
            open = ShareLedger.open(parent.ledgerFile());
            ledgers.put(parent.id(), open);
        }
        return open;
    }

    /// What is taken of a lease's share, in bytes.
    long used(Lease lease, int place) {
        try {
            ShareLedger of = ledger(lease);
            return of.reserved(place) + of.promised(place);
        } catch (IOException | RuntimeException | InternalError e) { // its workers may write to it
            LOG.warn("lease={} error=\"its ledger cannot be read: {}\"", lease.id(), e.toString());
            return 0;
        }
    }

    private static OptionalInt place(Lease lease, int device) {
        for (int i = 0; i < lease.shares().size(); i++) {
            if (lease.shares().get(i).device() == device) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    private static void setAside(Lease parent, ShareLedger of, int device, long bytes) {
        place(parent, device).ifPresent(place -> of.setPromised(place, of.promised(place) + bytes));
    }

    /// Gives a lease's shares back to its parent, if that is there.
    void giveBack(Lease lease, UUID parentId) {
        Lease parent = leases.get(parentId);
        ShareLedger of = ledgers.get(parentId);
        if (parent != null && of != null) {
            lease.shares().forEach(share -> setAside(parent, of, share.device(), -share.limit()));
        }
    }

    /// What leases were cut out of others is what the living ones have, and those that end.
    void restore(List<Lease> ended) throws IOException {
        List<Lease> cut = new ArrayList<>(leases.values());
        cut.addAll(ended);
        cut.removeIf(lease -> lease.parent().isEmpty());
        for (Lease lease : cut) {
            Lease parent = leases.get(lease.parent().orElseThrow());
            if (parent != null && !ledgers.containsKey(parent.id())) {
                ShareLedger open = ledger(parent);
                for (int place = 0; place < open.devices(); place++) {
                    open.setPromised(place, 0);
                }
            }
        }
        for (Lease lease : cut) {
            Lease parent = leases.get(lease.parent().orElseThrow());
            if (parent != null) {
                ShareLedger open = ledger(parent);
                lease.shares()
                        .forEach(share -> setAside(parent, open, share.device(), share.limit()));
            }
        }
    }

    /// The lease is over; nothing is cut out of it any more.
    void forget(UUID parent) {
        ShareLedger ledger = ledgers.remove(parent);
        if (ledger != null) {
            ledger.close();
        }
    }

    void close() {
        ledgers.values().forEach(ShareLedger::close);
        ledgers.clear();
    }
}
