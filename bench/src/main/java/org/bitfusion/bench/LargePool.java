package org.bitfusion.bench;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.scheduler.Decision;
import org.bitfusion.scheduler.Scheduler;
import org.bitfusion.scheduler.Snapshot;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Filter;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.ServerAddress;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Waiting;
import org.bitfusion.scheduler.request.Wish;

/// A pool of 1,000 appliances of 8 GPUs with 20,000 leases. Each step ends a lease at random, looks
/// through those who wait, and decides on a new request; what is granted becomes a lease.
final class LargePool {
    static final int APPLIANCES = 1_000;
    static final int GPUS = 8;
    static final int LEASES = 20_000;
    private static final int CLIENTS = 500;
    private static final Instant NOW = Instant.EPOCH;

    private static final Choice LARGE = Choice.of(Filter.parse("device.name=*H100*"));

    private final Random random = new Random(1);
    private final Wishes wishes = new Wishes(random);
    private final List<UUID> leases = new ArrayList<>();
    private Snapshot snapshot = Snapshot.of(ClientTerms.UNLIMITED, appliances());
    private long numbers;

    /// @param waiting how many requests wait meanwhile: three of four for an appliance of which one
    ///   GPU is never free, one of four for 64 large GPUs, of which 63 may be free
    LargePool(int waiting) {
        if (waiting > 0) {
            keepBusy(waiting);
        }
        while (leases.size() < LEASES) {
            decide();
        }
        for (int i = 0; i < waiting; i++) {
            Wish wish =
                    i % 4 == 3
                            ? new Wish(64, new Share.Whole(), LARGE)
                            : new Wish(GPUS, new Share.Whole(), servers("gpu-" + i));
            Waiting one = new Waiting(request(wish), ++numbers, 0, NOW.plusSeconds(1));
            snapshot = snapshot.withWaiting(one);
        }
    }

    /// With leases that never end.
    private void keepBusy(int appliances) {
        for (int number = 0; number < APPLIANCES; number++) {
            boolean isLarge = memory(number) == memory(APPLIANCES - 1);
            for (int gpu = 0; gpu < GPUS; gpu++) {
                boolean mayBeFree = number >= APPLIANCES - 39 && gpu > 0;
                if (isLarge ? !mayBeFree : number < appliances && gpu == 0) {
                    LeasedGpu little = new LeasedGpu(new UUID(7, number), gpu, 2);
                    UUID id = new UUID(8, ++numbers);
                    snapshot =
                            snapshot.withLease(
                                    new Lease(
                                            id, "keeper", Lease.Origin.RUN, null, List.of(little)));
                }
            }
        }
    }

    private static List<Appliance> appliances() {
        List<Appliance> appliances = new ArrayList<>();
        for (int number = 0; number < APPLIANCES; number++) {
            appliances.add(appliance(number));
        }
        return appliances;
    }

    private static Appliance appliance(int number) {
        String name =
                number % 10 < 5 ? "T4" : number % 10 < 8 ? "A100-PCIE-40GB" : "H100 80GB HBM3";
        List<Gpu> gpus = new ArrayList<>();
        for (int index = 0; index < GPUS; index++) {
            gpus.add(new Gpu(index, new UUID(number, index), "NVIDIA " + name, memory(number), 0));
        }
        Appliance.Host host =
                new Appliance.Host(
                        "gpu-" + number,
                        List.of("10.0.%d.%d:56001".formatted(number / 250, number % 250)),
                        number % 2 == 0,
                        "12.4",
                        "550.54.15");
        return new Appliance(new UUID(7, number), host, ApplianceState.AVAILABLE, gpus);
    }

    /// In MiB.
    static int memory(int appliance) {
        return appliance % 10 < 5 ? 15_109 : appliance % 10 < 8 ? 40_536 : 81_559;
    }

    private static Choice servers(String name) {
        return new Choice(List.of(), ServerAddress.parseList(name));
    }

    private Request request(Wish wish) {
        String client = "client-" + random.nextInt(CLIENTS);
        return new Request(new UUID(9, ++numbers), client, Lease.Origin.RUN, wish, null);
    }

    private void decide() {
        Request request = request(wishes.next());
        if (Scheduler.decide(snapshot, request, NOW) instanceof Decision.Granted granted) {
            snapshot = snapshot.withLease(granted.lease(request.id(), request));
            leases.add(request.id());
        }
    }

    private void releaseOne() {
        int at = random.nextInt(leases.size());
        snapshot = snapshot.withoutLease(leases.get(at));
        leases.set(at, leases.getLast());
        leases.removeLast();
        if (!Scheduler.serve(snapshot, NOW).served().isEmpty()) {
            throw new IllegalStateException("the waiting ask for more than ever is free");
        }
    }

    /// A second of processor time, with all that belongs to a step.
    double decisionsPerSecond() {
        return ProcessorTime.perSecond(() -> {
            while (leases.size() >= LEASES) {
                releaseOne();
            }
            decide();
        });
    }
}
