package org.bitfusion.dispatcher;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    private final List<ServedDevice> devices;
    private final Ledger ledger;
    private final RunFolder folder;
    private final Duration renewal;
    private final LongSupplier nanoClock;
    private final Map<UUID, Lease> leases = new HashMap<>();

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
        Lease lease = lease(id, secretOf.apply(id), request.clientName(), shares);
        try {
            folder.createLedger(
                    lease.ledgerFile(), shares.stream().mapToLong(Share::limit).toArray());
            write(lease, false);
        } catch (IOException e) {
            folder.removeLease(id);
            throw e;
        }
        leases.put(lease.id(), lease);
        return lease;
    }

    private Lease lease(UUID id, Secret secret, String client, List<Share> shares) {
        return new Lease(
                id,
                secret,
                client,
                shares,
                folder.ledger(id),
                nanoClock.getAsLong() + renewal.toNanos());
    }

    private void write(Lease lease, boolean ended) throws IOException {
        List<RunFolder.LeasedPart> parts = new ArrayList<>();
        for (Share share : lease.shares()) {
            parts.add(new RunFolder.LeasedPart(devices.get(share.device()).uuid(), share.limit()));
        }
        folder.write(
                new RunFolder.LeaseRecord(
                        lease.id(), lease.secret(), ended, lease.client(), parts));
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
                int device = position(part.device());
                shares.add(new Share(device, part.bytes()));
                taken[device] += part.bytes();
            }
            Lease lease = lease(kept.id(), kept.secret(), kept.client(), shares);
            folder.keepLedger(lease.ledgerFile());
            if (kept.ended()) {
                ended.add(lease);
            } else {
                leases.put(lease.id(), lease);
            }
        }
        for (int device = 0; device < taken.length; device++) {
            ledger.setTaken(device, taken[device]);
        }
        return ended;
    }

    private int position(UUID device) throws IOException {
        for (int i = 0; i < devices.size(); i++) {
            if (devices.get(i).uuid().equals(device)) {
                return i;
            }
        }
        throw new IOException("a lease of GPU " + device + ", which is not here");
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
        lease.expireAt(nanoClock.getAsLong() + renewal.toNanos());
        return true;
    }

    /// A connection of the holder's is gone: unless it has renewed over another, or does so soon,
    /// the lease ends.
    void holderGone(UUID id, Object connection, Duration grace) {
        Lease lease = leases.get(id);
        if (lease != null && !lease.isHeldOverAnother(connection)) {
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
        giveBack(lease.shares());
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
