package org.bitfusion.dispatcher;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeaseRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The leases of this appliance. Shares are whole MiB. Used by one thread only.
final class LeaseTable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseTable.class);
    private static final long MIB = 1 << 20;
    private static final int WHOLE = 1_000_000;

    /// The next dispatcher knows by so much when a lease was last used.
    private static final Duration USE_STEP = Duration.ofSeconds(10);

    private final List<ServedDevice> devices;
    private final Ledger ledger;
    private final RunFolder folder;
    private final Duration renewal;
    private final LongSupplier nanoClock;
    private final Map<UUID, Lease> leases = new HashMap<>();

    private final CutShares cuts = new CutShares(leases);

    /// @param nanoClock as [System#nanoTime]
    LeaseTable(
            List<ServedDevice> devices,
            Ledger ledger,
            RunFolder folder,
            Duration renewal,
            LongSupplier nanoClock) {
        this.devices = List.copyOf(devices);
        this.ledger = ledger;
        this.folder = folder;
        this.renewal = renewal;
        this.nanoClock = nanoClock;
    }

    /// Takes the first devices, in their order, that have so much free.
    ///
    /// @param before how many wait for devices that came before; nothing is taken unless it is 0
    /// @param secretOf gives the lease its secret
    LeaseDecision request(LeaseRequest request, int before, Function<UUID, Secret> secretOf) {
        int count = request.deviceCount();
        if (count < 1 || count > devices.size()) {
            return new LeaseDecision.Impossible(
                    "%d GPUs asked for, %d here".formatted(count, devices.size()));
        }
        if (request.shareMillionths() < 0
                || request.shareMillionths() > WHOLE
                || request.memoryBytes() < 0) {
            return new LeaseDecision.Impossible(
                    "share of %d millionths, %d bytes asked for"
                            .formatted(request.shareMillionths(), request.memoryBytes()));
        }
        List<Share> shares = new ArrayList<>();
        int largeEnough = 0;
        for (int device = 0; device < devices.size() && shares.size() < count; device++) {
            long bytes = bytesWanted(request, device);
            if (bytes >= Ledger.SMALLEST_SHARE && bytes <= ledger.capacity(device)) {
                largeEnough++;
                if (ledger.take(device, bytes)) {
                    shares.add(new Share(device, bytes));
                }
            }
        }
        if (shares.size() < count || before > 0) {
            giveBack(shares);
            String reason =
                    "%d GPUs with %s asked for, %s free, %d came before"
                            .formatted(count, wanted(request), free(), before);
            return largeEnough < count
                    ? new LeaseDecision.Impossible(reason)
                    : new LeaseDecision.NotFree(reason);
        }
        try {
            return new LeaseDecision.Granted(grant(request, shares, secretOf));
        } catch (IOException e) {
            giveBack(shares);
            LOG.error("client={} error=\"no ledger: {}\"", request.clientName(), e.toString());
            return new LeaseDecision.NotFree("the appliance cannot write its run folder");
        }
    }

    private void giveBack(List<Share> shares) {
        shares.forEach(share -> ledger.giveBack(share.device(), share.limit()));
    }

    private Lease grant(LeaseRequest request, List<Share> shares, Function<UUID, Secret> secretOf)
            throws IOException {
        UUID id = UUID.randomUUID();
        return begun(
                new Lease(
                        id,
                        secretOf.apply(id),
                        request.clientName(),
                        shares,
                        folder.ledger(id),
                        renewal));
    }

    private Lease begun(Lease lease) throws IOException {
        try {
            folder.createLedger(
                    lease.ledgerFile(), lease.shares().stream().mapToLong(Share::limit).toArray());
            write(lease, false);
        } catch (IOException e) {
            folder.removeLease(lease.id());
            throw e;
        }
        lease.renewedAt(nanoClock.getAsLong());
        lease.beginsUsedAt(nanoClock.getAsLong());
        leases.put(lease.id(), lease);
        lease.parent().ifPresent(parent -> used(parent, Duration.ZERO));
        return lease;
    }

    /// A lease, and all out of which it is cut, was used so long ago.
    void used(UUID id, Duration ago) {
        Lease lease = leases.get(id);
        if (lease != null) {
            if (lease.usedAt(nanoClock.getAsLong() - ago.toNanos(), USE_STEP)) {
                folder.keepUse(id, ago);
            }
            lease.parent().ifPresent(parent -> used(parent, ago));
        }
    }

    /// Since a lease was last used.
    Duration idle(Lease lease) {
        return lease.idle(nanoClock.getAsLong());
    }

    /// What is taken of a lease's share: by its programs, and by leases that are cut out of it.
    ///
    /// @param place of the GPU among the lease's
    /// @return bytes; 0 where the lease's ledger cannot be read any more
    long used(Lease lease, int place) {
        return cuts.used(lease, place);
    }

    /// Takes what the pool granted. The same again is the same lease, with its whole time.
    LeaseDecision take(PoolPart part) {
        Lease present = leases.get(part.lease());
        if (present != null) {
            if (!present.part().equals(Optional.of(part))) {
                return new LeaseDecision.NotFree("a lease with this identifier is held already");
            }
            present.renewedAt(nanoClock.getAsLong());
            return new LeaseDecision.Granted(present);
        }
        List<Share> shares = new ArrayList<>();
        for (PoolPart.GpuShare wanted : part.shares()) {
            OptionalInt device = find(devices, wanted.gpu());
            if (device.isEmpty()
                    || wanted.bytes() < Ledger.SMALLEST_SHARE
                    || wanted.bytes() > ledger.capacity(device.getAsInt())) {
                return new LeaseDecision.Impossible(
                        "%d bytes of GPU %s asked for".formatted(wanted.bytes(), wanted.gpu()));
            }
            shares.add(new Share(device.getAsInt(), wanted.bytes()));
        }
        try {
            Lease lease = new Lease(part, shares, folder.ledger(part.lease()));
            Optional<String> missing = takeAll(lease);
            if (missing.isPresent()) {
                return new LeaseDecision.NotFree(missing.get());
            }
            try {
                return new LeaseDecision.Granted(begun(lease));
            } catch (IOException e) {
                giveBackShares(lease);
                throw e;
            }
        } catch (IOException e) {
            LOG.error("lease={} error=\"no ledger: {}\"", part.lease(), e.toString());
            return new LeaseDecision.NotFree("the appliance cannot write its run folder");
        }
    }

    /// @return what is missing; then nothing was taken
    private Optional<String> takeAll(Lease lease) throws IOException {
        UUID parentId = lease.parent().orElse(null);
        if (parentId != null) {
            return cuts.take(lease, parentId);
        }
        List<Share> taken = new ArrayList<>();
        for (Share share : lease.shares()) {
            if (!ledger.take(share.device(), share.limit())) {
                giveBack(taken);
                return Optional.of(
                        "%d MiB of GPU %d asked for, %d MiB are free"
                                .formatted(
                                        share.limit() / MIB,
                                        share.device(),
                                        ledger.free(share.device()) / MIB));
            }
            taken.add(share);
        }
        return Optional.empty();
    }

    /// Leases that are cut out of the share of this one.
    List<UUID> childrenOf(UUID parent) {
        return leases.values().stream()
                .filter(lease -> lease.parent().equals(Optional.of(parent)))
                .map(Lease::id)
                .toList();
    }

    Collection<Lease> all() {
        return leases.values();
    }

    private void write(Lease lease, boolean ended) throws IOException {
        List<RunFolder.LeasedPart> parts = new ArrayList<>();
        for (Share share : lease.shares()) {
            parts.add(new RunFolder.LeasedPart(devices.get(share.device()).uuid(), share.limit()));
        }
        folder.write(
                new RunFolder.LeaseRecord(
                        lease.id(),
                        lease.secret(),
                        ended,
                        lease.client(),
                        parts,
                        lease.part()
                                .map(part ->
                                        new RunFolder.PoolTerms(
                                                part.life(), Optional.ofNullable(part.parent())))));
    }

    /// Goes on with the leases of the dispatcher before; each has its whole time to be renewed.
    ///
    /// @return those that had ended already, and still have to be given back
    List<Lease> restore() throws IOException {
        List<Lease> ended = new ArrayList<>();
        long[] taken = new long[devices.size()];
        for (RunFolder.LeaseRecord kept : folder.leases()) {
            List<Share> shares = new ArrayList<>();
            for (RunFolder.LeasedPart part : kept.parts()) {
                shares.add(new Share(position(part.device()), part.bytes()));
            }
            Lease lease = restored(kept, shares);
            if (lease.parent().isEmpty()) {
                shares.forEach(share -> taken[share.device()] += share.limit());
            }
            folder.keepLedger(lease.ledgerFile());
            lease.renewedAt(nanoClock.getAsLong());
            lease.beginsUsedAt(nanoClock.getAsLong() - folder.sinceUse(lease.id()).toNanos());
            if (kept.ended() || !isStillTaken(lease)) {
                ended.add(lease);
            } else {
                leases.put(lease.id(), lease);
            }
        }
        for (int device = 0; device < taken.length; device++) {
            ledger.setTaken(device, taken[device]);
        }
        cuts.restore(ended);
        return ended;
    }

    /// While no dispatcher was here, and no worker of the lease, another one of this machine may
    /// have taken its memory.
    private boolean isStillTaken(Lease lease) {
        boolean isTaken = true;
        for (Share share : lease.parent().isEmpty() ? lease.shares() : List.<Share>of()) {
            isTaken &= ledger.regain(share.device(), share.limit());
        }
        if (!isTaken) {
            LOG.warn(
                    "lease={} client={} ends: another dispatcher of this machine has taken its memory",
                    lease.id(),
                    lease.client());
        }
        return isTaken;
    }

    private Lease restored(RunFolder.LeaseRecord kept, List<Share> shares) {
        RunFolder.PoolTerms terms = kept.pool().orElse(null);
        if (terms == null) {
            return new Lease(
                    kept.id(),
                    kept.secret(),
                    kept.client(),
                    shares,
                    folder.ledger(kept.id()),
                    renewal);
        }
        int blank = kept.client().indexOf(' ');
        PoolPart part =
                new PoolPart(
                        kept.id(),
                        kept.secret(),
                        UUID.fromString(kept.client().substring(0, Math.max(0, blank))),
                        kept.client().substring(blank + 1),
                        terms.life(),
                        terms.parent().orElse(null),
                        kept.parts().stream()
                                .map(share -> new PoolPart.GpuShare(share.device(), share.bytes()))
                                .toList());
        return new Lease(part, shares, folder.ledger(kept.id()));
    }

    private int position(UUID device) throws IOException {
        return find(devices, device)
                .orElseThrow(
                        () -> new IOException("a lease of GPU " + device + ", which is not here"));
    }

    private static OptionalInt find(List<ServedDevice> devices, UUID device) {
        for (int i = 0; i < devices.size(); i++) {
            if (devices.get(i).uuid().equals(device)) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    boolean isEmpty() {
        return leases.isEmpty();
    }

    private long bytesWanted(LeaseRequest request, int device) {
        long capacity = ledger.capacity(device);
        if (request.shareMillionths() > 0) {
            return capacity / MIB * request.shareMillionths() / WHOLE * MIB;
        }
        return request.memoryBytes() > 0
                ? Math.ceilDiv(request.memoryBytes(), MIB) * MIB
                : capacity / MIB * MIB;
    }

    private static String wanted(LeaseRequest request) {
        if (request.shareMillionths() > 0) {
            return request.shareMillionths() / 10_000 + " % of the memory";
        }
        return request.memoryBytes() > 0
                ? Math.ceilDiv(request.memoryBytes(), MIB) + " MiB"
                : "all of the memory";
    }

    private String free() {
        List<String> free = new ArrayList<>();
        for (int device = 0; device < devices.size(); device++) {
            free.add(ledger.free(device) / MIB + " MiB");
        }
        return String.join(", ", free);
    }

    Optional<Lease> find(UUID id) {
        return id.equals(Hello.NO_LEASE) ? Optional.empty() : Optional.ofNullable(leases.get(id));
    }

    /// @param connection over which the holder renews it
    /// @return false if there is no such lease (any more)
    boolean renew(UUID id, Object connection) {
        Lease lease = leases.get(id);
        if (lease == null) {
            return false;
        }
        lease.heldOver(connection);
        lease.renewedAt(nanoClock.getAsLong());
        return true;
    }

    /// A connection of the holder's is gone: unless it has renewed over another, or does so soon,
    /// the lease ends.
    void holderGone(UUID id, Object connection, Duration grace) {
        Lease lease = leases.get(id);
        boolean outlives =
                lease != null
                        && lease.part().map(part -> part.life().outlivesConnection()).orElse(false);
        if (lease != null && !outlives && !lease.isHeldOverAnother(connection)) {
            lease.expireBy(nanoClock.getAsLong() + grace.toNanos());
        }
    }

    /// From now on nobody can use the lease; its memory stays taken until [#giveBack].
    ///
    /// @return empty if there is no such lease (any more)
    Optional<Lease> end(UUID id) {
        Optional<Lease> ended = Optional.ofNullable(leases.remove(id));
        ended.ifPresent(lease -> {
            try {
                write(lease, true);
            } catch (IOException e) {
                LOG.warn("lease={} error=\"its end is not kept: {}\"", id, e.toString());
            }
        });
        return ended;
    }

    /// The last worker of an ended lease is gone.
    void giveBack(Lease lease) {
        folder.removeLease(lease.id());
        cuts.forget(lease.id());
        giveBackShares(lease);
    }

    private void giveBackShares(Lease lease) {
        UUID parentId = lease.parent().orElse(null);
        if (parentId == null) {
            giveBack(lease.shares());
        } else {
            cuts.giveBack(lease, parentId);
        }
    }

    /// Files are left as they are.
    void close() {
        cuts.close();
    }

    /// Who holds what of each device, for logs.
    String holders() {
        List<String> holders = new ArrayList<>();
        for (Lease lease : leases.values()) {
            for (Share share : lease.shares()) {
                holders.add(
                        "%s %d MiB of GPU %d"
                                .formatted(lease.client(), share.limit() / MIB, share.device()));
            }
        }
        return String.join(", ", holders);
    }

    /// Leases that were not renewed in time.
    List<Lease> expired() {
        long now = nanoClock.getAsLong();
        return leases.values().stream().filter(lease -> lease.isExpired(now)).toList();
    }
}
