package org.bitfusion.scheduler;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.bitfusion.scheduler.Decision.Granted;
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

/// Pools and requests for tests, in few words.
final class Pools {
    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    static final Duration PATIENCE = Duration.ofMinutes(30);

    private Pools() {}

    static UUID id(long number) {
        return new UUID(0, number);
    }

    /// `gpu-1` at 10.0.0.1:56001, with GPUs of so many MiB.
    static Appliance appliance(int number, int... memories) {
        return appliance(number, "NVIDIA T4", memories);
    }

    static Appliance appliance(int number, String gpuName, int... memories) {
        List<Gpu> gpus = new ArrayList<>();
        for (int memory : memories) {
            gpus.add(new Gpu(gpus.size(), new UUID(number, gpus.size()), gpuName, memory, 0));
        }
        Appliance.Host host =
                new Appliance.Host(
                        "gpu-" + number,
                        List.of("10.0.0." + number + ":56001", "10.1.0." + number),
                        number % 2 == 0,
                        "12." + number,
                        "550.54." + number);
        return new Appliance(id(number), host, ApplianceState.AVAILABLE, gpus);
    }

    static Snapshot pool(Appliance... appliances) {
        return Snapshot.of(ClientTerms.UNLIMITED, List.of(appliances));
    }

    static Share mebibytes(int amount) {
        return new Share.Mebibytes(amount);
    }

    static Share whole() {
        return new Share.Whole();
    }

    static Share part(String fraction) {
        return Share.parseFraction(fraction);
    }

    static Choice filters(String... texts) {
        return new Choice(List.of(texts).stream().map(Filter::parse).toList(), List.of());
    }

    static Choice servers(String list) {
        return new Choice(List.of(), ServerAddress.parseList(list));
    }

    static Request request(long number, String client, int gpuCount, Share share) {
        return request(number, client, gpuCount, share, Choice.ANY);
    }

    static Request request(long number, String client, int gpuCount, Share share, Choice choice) {
        return new Request(
                id(number), client, Lease.Origin.RUN, new Wish(gpuCount, share, choice), null);
    }

    static Request inside(Request request, UUID parent) {
        return new Request(
                request.id(), request.client(), request.origin(), request.wish(), parent);
    }

    static Waiting waiting(Request request, long arrival) {
        return new Waiting(request, arrival, 0, NOW.plus(PATIENCE));
    }

    static Waiting waiting(Request request, long arrival, int priority) {
        return new Waiting(request, arrival, priority, NOW.plus(PATIENCE));
    }

    /// A lease by `holder` of one GPU.
    static Lease lease(long number, int appliance, int gpu, int memoryMiB) {
        return new Lease(
                id(number),
                "holder",
                Lease.Origin.RUN,
                null,
                List.of(new LeasedGpu(id(appliance), gpu, memoryMiB)));
    }

    static Snapshot with(Snapshot pool, Request request, Decision decision) {
        return pool.withLease(((Granted) decision).lease(request.id(), request));
    }

    /// `1:0=16 2:1=16` for 16 MiB of GPU 0 of `gpu-1` and of GPU 1 of `gpu-2`; else the kind of
    /// decision.
    static String shown(Decision decision) {
        return switch (decision) {
            case Granted(List<Decision.ApplianceGrant> appliances) -> {
                List<String> gpus = new ArrayList<>();
                for (Decision.ApplianceGrant appliance : appliances) {
                    for (Decision.GpuGrant gpu : appliance.gpus()) {
                        gpus.add(
                                "%d:%d=%d"
                                        .formatted(
                                                appliance.appliance().getLeastSignificantBits(),
                                                gpu.index(),
                                                gpu.memoryMiB()));
                    }
                }
                yield String.join(" ", gpus);
            }
            case Decision.Queued(int place, Wait _) -> "queued " + place;
            case Decision.Refused(var reason, String _) -> "refused " + reason;
        };
    }
}
