package org.bitfusion.scheduler;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Waiting;

/// A pool in which anything may happen next. It does what a scheduler's caller does: grants become
/// leases, who is queued waits.
final class RandomPool {
    private static final int[] MEMORIES = {8, 12, 16, 16, 16, 24};
    private static final String[] CHOICES = {
        "device.name=*A100*",
        "device.name!=*A100*",
        "device.phy-memory>=16",
        "device.id=0",
        "server.hostname=gpu-1",
        "server.has-rdma=true",
        "server.cuda-version<12.3",
    };
    private static final String[] SERVERS = {"gpu-1;gpu-2", "10.0.0.3:56001", "gpu-2", "gpu-77"};
    private static final String[] CLIENTS = {"a", "b", "limited", "urgent", "tight"};

    private final Random random;
    private Snapshot snapshot;
    private Instant now = Pools.NOW;
    private long numbers;

    RandomPool(Random random) {
        this.random = random;
        List<Appliance> appliances = new ArrayList<>();
        int count = 1 + random.nextInt(5);
        for (int number = 1; number <= count; number++) {
            appliances.add(appliance(number));
        }
        snapshot =
                Snapshot.of(ClientTerms.UNLIMITED, appliances)
                        .withClient(new Client("limited", 4, null, null, false))
                        .withClient(new Client("urgent", null, 5, null, false))
                        .withClient(new Client("tight", 1, -1, null, false));
    }

    private Appliance appliance(int number) {
        int[] memories = new int[random.nextInt(5)];
        for (int i = 0; i < memories.length; i++) {
            boolean alike = i > 0 && random.nextInt(4) > 0;
            memories[i] = alike ? memories[i - 1] : MEMORIES[random.nextInt(MEMORIES.length)];
        }
        return Pools.appliance(
                number, random.nextBoolean() ? "NVIDIA A100" : "NVIDIA T4", memories);
    }

    Snapshot snapshot() {
        return snapshot;
    }

    Instant now() {
        return now;
    }

    void become(Snapshot next) {
        snapshot = next;
    }

    Request request() {
        Share share =
                switch (random.nextInt(4)) {
                    case 0 -> Pools.whole();
                    case 1 -> Pools.part("0." + (1 + random.nextInt(99)));
                    default ->
                            Pools.mebibytes(2 + random.nextInt(random.nextInt(6) == 0 ? 24 : 10));
                };
        Choice choice =
                switch (random.nextInt(6)) {
                    case 0 -> Pools.filters(CHOICES[random.nextInt(CHOICES.length)]);
                    case 1 -> Pools.servers(SERVERS[random.nextInt(SERVERS.length)]);
                    default -> Choice.ANY;
                };
        int gpuCount = 1 + random.nextInt(random.nextInt(3) == 0 ? 6 : 2);
        String client = CLIENTS[random.nextInt(CLIENTS.length)];
        Request request = Pools.request(++numbers, client, gpuCount, share, choice);
        List<Lease> parents =
                snapshot.leases().stream().filter(lease -> lease.client().equals(client)).toList();
        return random.nextInt(8) == 0 && !parents.isEmpty()
                ? Pools.inside(request, parents.get(random.nextInt(parents.size())).id())
                : request;
    }

    void grant(Request request, Decision.Granted granted) {
        snapshot =
                snapshot.withLease(granted.lease(request.id(), request))
                        .withoutWaiting(request.id());
    }

    void queue(Request request) {
        Duration patience = Duration.ofSeconds(random.nextInt(200));
        snapshot =
                snapshot.withWaiting(
                        new Waiting(
                                request,
                                ++numbers,
                                snapshot.terms(request.client()).priority(),
                                now.plus(patience)));
    }

    void drop(Waiting waiting) {
        snapshot = snapshot.withoutWaiting(waiting.request().id());
    }

    void releaseOne() {
        List<Lease> leases = snapshot.leases();
        if (!leases.isEmpty()) {
            snapshot = snapshot.withoutLease(leases.get(random.nextInt(leases.size())).id());
        }
    }

    void passTime() {
        now = now.plusSeconds(random.nextInt(20));
    }

    /// An appliance comes, goes or changes, a ledger says something else than was believed, a
    /// setting changes.
    void disturb() {
        List<Appliance> appliances = snapshot.appliances();
        if (appliances.isEmpty() || random.nextInt(6) == 0) {
            snapshot = snapshot.withAppliance(appliance(1 + random.nextInt(7)));
            return;
        }
        Appliance some = appliances.get(random.nextInt(appliances.size()));
        switch (random.nextInt(6)) {
            case 0 -> snapshot = snapshot.withoutAppliance(some.id());
            case 1 -> reserve(some);
            case 2 ->
                    snapshot =
                            snapshot.withClient(
                                    new Client("limited", random.nextInt(5), null, null, false));
            default -> {
                ApplianceState[] states = ApplianceState.values();
                snapshot =
                        snapshot.withAppliance(
                                some.withState(
                                        random.nextBoolean()
                                                ? ApplianceState.AVAILABLE
                                                : states[random.nextInt(states.length)]));
            }
        }
    }

    private void reserve(Appliance appliance) {
        if (!appliance.gpus().isEmpty()) {
            Gpu gpu = appliance.gpus().get(random.nextInt(appliance.gpus().size()));
            UUID id = appliance.id();
            snapshot =
                    random.nextBoolean()
                            ? snapshot.withReserved(id, gpu.index(), random.nextInt(10))
                            : snapshot.withFree(id, gpu.index(), random.nextInt(10));
        }
    }
}
