package org.bitfusion.scheduler;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Waiting;
import org.jspecify.annotations.Nullable;

/// A pool at one moment, as far as somebody knows it: appliances, leases, clients, and who waits.
/// It never changes; what happens gives another one (`with…`, `without…`), which has nearly all in
/// common with the first. Leases and requests coming and going cost microseconds; an appliance that
/// joins, leaves or changes its state costs as much as building the pool anew.
///
/// A snapshot may hold what cannot be, such as more leases on a GPU than it has memory: then
/// nothing of it is free.
public final class Snapshot {
    private final ClientTerms defaults;
    private final Rooms rooms;
    private final Holdings holdings;
    private final PersistentMap<String, Client> clients;
    private final List<Waiting> waiting;

    /// Worked out when it is first needed, or taken over from the snapshot before; whoever works it
    /// out gets the same.
    private volatile @Nullable Line line;

    private Snapshot(
            ClientTerms defaults,
            Rooms rooms,
            Holdings holdings,
            PersistentMap<String, Client> clients,
            List<Waiting> waiting) {
        this.defaults = defaults;
        this.rooms = rooms;
        this.holdings = holdings;
        this.clients = clients;
        this.waiting = waiting;
    }

    /// @param defaults for clients for which nothing else is set
    public static Snapshot of(ClientTerms defaults, Collection<Appliance> appliances) {
        return new Snapshot(
                defaults,
                Rooms.of(appliances, Holdings.NONE),
                Holdings.NONE,
                PersistentMap.empty(),
                List.of());
    }

    private Snapshot with(Holdings nowHoldings, Rooms nowRooms) {
        return new Snapshot(defaults, nowRooms, nowHoldings, clients, waiting);
    }

    private Snapshot with(Map<UUID, Appliance> nowAppliances) {
        return new Snapshot(
                defaults, Rooms.of(nowAppliances.values(), holdings), holdings, clients, waiting);
    }

    /// One that is there already is replaced.
    public Snapshot withAppliance(Appliance appliance) {
        Map<UUID, Appliance> now = appliancesById();
        now.put(appliance.id(), appliance);
        return with(now);
    }

    /// Its leases stay: they are over when somebody says so.
    public Snapshot withoutAppliance(UUID appliance) {
        Map<UUID, Appliance> now = appliancesById();
        now.remove(appliance);
        return with(now);
    }

    private Map<UUID, Appliance> appliancesById() {
        Map<UUID, Appliance> byId = new TreeMap<>();
        appliances().forEach(appliance -> byId.put(appliance.id(), appliance));
        return byId;
    }

    /// What something other than leases uses of a GPU has changed.
    ///
    /// @throws IllegalArgumentException if the pool has no such GPU
    public Snapshot withReserved(UUID appliance, int gpuIndex, int reservedMiB) {
        Room room = rooms.room(appliance);
        int place = room.place(gpuIndex);
        if (place < 0) {
            throw new IllegalArgumentException(
                    "gpuIndex: " + gpuIndex + " (expected: one of " + appliance + ")");
        }
        return with(holdings, rooms.with(room.withReserved(place, reservedMiB)));
    }

    /// The appliance's own ledger says how much of a GPU is free: whatever else uses the rest, it
    /// is not to be granted.
    ///
    /// @throws IllegalArgumentException if the pool has no such GPU
    public Snapshot withFree(UUID appliance, int gpuIndex, int freeMiB) {
        Room room = rooms.room(appliance);
        int place = room.place(gpuIndex);
        int believed = place < 0 ? 0 : room.free()[place] + room.reserved()[place];
        return withReserved(appliance, gpuIndex, Math.max(0, believed - freeMiB));
    }

    /// One that is there already is replaced.
    ///
    /// @throws IllegalArgumentException if it has a parent and is not within it
    public Snapshot withLease(Lease lease) {
        Snapshot before = holdings.lease(lease.id()) == null ? this : withoutLease(lease.id());
        UUID parentId = lease.parent();
        if (parentId == null) {
            Snapshot after = before.with(before.holdings.with(lease), before.rooms.with(lease));
            Line known = before.line;
            after.line = known != null && known.holdsWith(lease, after) ? known : null;
            return after;
        }
        Lease parent = before.holdings.lease(parentId);
        if (parent == null || !Inside.isWithin(lease, parent)) {
            throw new IllegalArgumentException(
                    "lease: " + lease + " (expected: within " + parent + ")");
        }
        Snapshot after = before.with(before.holdings.with(lease), before.rooms);
        after.line = before.line;
        return after;
    }

    /// It, and all that are cut out of it, are over. Nothing happens if there is no such lease.
    public Snapshot withoutLease(UUID id) {
        Lease lease = holdings.lease(id);
        if (lease == null) {
            return this;
        }
        Snapshot now = this;
        for (UUID child : holdings.childrenOf(id)) {
            now = now.withoutLease(child);
        }
        boolean isOfPool = lease.parent() == null;
        Rooms nowRooms = isOfPool ? now.rooms.without(lease) : now.rooms;
        Snapshot after = now.with(now.holdings.without(lease), nowRooms);
        Line known = now.line;
        after.line =
                known != null && (!isOfPool || known.holdsWithout(lease, after)) ? known : null;
        return after;
    }

    /// One that is there already is replaced.
    public Snapshot withClient(Client client) {
        return with(defaults, clients.with(client.id(), client), waiting);
    }

    public Snapshot withoutClient(String client) {
        return with(defaults, clients.without(client), waiting);
    }

    public Snapshot withDefaults(ClientTerms nowDefaults) {
        return with(nowDefaults, clients, waiting);
    }

    /// A request is queued; one with its identifier is replaced.
    public Snapshot withWaiting(Waiting added) {
        List<Waiting> now = new ArrayList<>(waiting.size() + 1);
        for (Waiting other : waiting) {
            if (!other.request().id().equals(added.request().id())) {
                now.add(other);
            }
        }
        now.add(added);
        now.sort(Waiting.ORDER);
        return with(defaults, clients, List.copyOf(now));
    }

    /// A request is served or gone. Nothing happens if it does not wait.
    public Snapshot withoutWaiting(UUID request) {
        List<Waiting> now =
                waiting.stream().filter(other -> !other.request().id().equals(request)).toList();
        return now.size() == waiting.size() ? this : with(defaults, clients, now);
    }

    private Snapshot with(
            ClientTerms nowDefaults, PersistentMap<String, Client> nowClients, List<Waiting> now) {
        return new Snapshot(nowDefaults, rooms, holdings, nowClients, now);
    }

    /// With the reservations that they have now.
    public List<Appliance> appliances() {
        return rooms.topology().appliances().stream()
                .map(appliance -> rooms.room(appliance.id()).shown())
                .toList();
    }

    public Optional<Lease> lease(UUID id) {
        return Optional.ofNullable(holdings.lease(id));
    }

    public List<Lease> leases() {
        List<Lease> leases = new ArrayList<>();
        holdings.leases().forEach((_, lease) -> leases.add(lease));
        return leases;
    }

    /// Leases that are cut out of this one.
    public List<Lease> childrenOf(UUID lease) {
        return holdings.childrenOf(lease).stream().flatMap(id -> lease(id).stream()).toList();
    }

    /// In the order in which they are served, the expired ones too.
    public List<Waiting> waiting() {
        return waiting;
    }

    /// What holds for a client.
    public ClientTerms terms(String client) {
        return defaults.of(clients.get(client));
    }

    /// How many GPUs the client holds. What it asked for inside a session is part of what the
    /// session holds, and counts once.
    public int heldGpus(String client) {
        return holdings.gpuCount(client);
    }

    /// MiB of a GPU that neither leases nor reservations use; below 0 where both are more than
    /// there is.
    ///
    /// @throws IllegalArgumentException if the pool has no such appliance
    public int freeMiB(UUID appliance, int gpuIndex) {
        Room room = rooms.room(appliance);
        int place = room.place(gpuIndex);
        if (place < 0) {
            throw new IllegalArgumentException(
                    "gpuIndex: " + gpuIndex + " (expected: one of " + appliance + ")");
        }
        return room.free()[place];
    }

    Topology topology() {
        return rooms.topology();
    }

    RoomTree tree() {
        return rooms.tree();
    }

    Eligible eligible(Request request) {
        return rooms.topology().eligible(request.wish().choice());
    }

    Line line(Instant now) {
        Line known = line;
        if (known == null || !known.holdsAt(now)) {
            known = Line.of(this, now);
            line = known;
        }
        return known;
    }
}
