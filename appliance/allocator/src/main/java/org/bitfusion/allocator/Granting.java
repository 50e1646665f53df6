package org.bitfusion.allocator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bitfusion.cluster.pool.EndOutcome;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.cluster.pool.PoolState;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.dispatcher.PoolPart;
import org.bitfusion.scheduler.Upkeep;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The second half of a grant, and its undoing: each appliance concerned is asked to take its part,
/// all at the same time. Whatever is left half done here is put right by the appliances themselves
/// ([Parts]). Thread-safe; methods wait.
final class Granting {
    private static final Logger LOG = LoggerFactory.getLogger(Granting.class);
    private static final long MIB = 1 << 20;

    private final ManagersKey key;
    private final PoolState pool;
    private final Peers peers;
    private final Duration renewal;
    private final Duration limit;
    private final ExecutorService executor;

    /// @param renewal of a lease of `run`
    /// @param limit for what appliances are asked
    Granting(
            ManagersKey key,
            PoolState pool,
            Peers peers,
            Duration renewal,
            Duration limit,
            ExecutorService executor) {
        this.key = key;
        this.pool = pool;
        this.peers = peers;
        this.renewal = renewal;
        this.limit = limit;
        this.executor = executor;
    }

    /// What one appliance said.
    sealed interface Said {
        record Taken() implements Said {}

        record Refused(String reason) implements Said {}

        record Nothing(String why) implements Said {}
    }

    Duration renewal(Lease lease) {
        return lease.origin() == Lease.Origin.RUN ? renewal : Upkeep.ABSENCE_LIMIT;
    }

    /// Has all appliances of the lease take their parts.
    ///
    /// @param view with these appliances' GPUs
    /// @return what each said, in time
    Map<UUID, Said> taken(HeldLease held, PoolView view) {
        Map<UUID, Future<PartAnswer>> asked = new LinkedHashMap<>();
        for (Map.Entry<UUID, List<LeasedGpu>> entry : byAppliance(held.lease()).entrySet()) {
            Part part = part(held, entry.getValue(), view);
            asked.put(entry.getKey(), executor.submit(() -> peers.take(entry.getKey(), part)));
        }
        long until = System.nanoTime() + limit.toNanos();
        Map<UUID, Said> said = new HashMap<>();
        asked.forEach((appliance, answer) -> said.put(appliance, said(answer, until)));
        return said;
    }

    private static Said said(Future<PartAnswer> asked, long until) {
        try {
            return switch (asked.get(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                case PartAnswer.Taken() -> new Said.Taken();
                case PartAnswer.Refused(String reason) -> new Said.Refused(reason);
            };
        } catch (ExecutionException exception) {
            return new Said.Nothing(String.valueOf(exception.getCause()));
        } catch (TimeoutException _) {
            asked.cancel(true);
            return new Said.Nothing("no answer in time");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            asked.cancel(true);
            return new Said.Nothing("interrupted");
        }
    }

    private Part part(HeldLease held, List<LeasedGpu> gpus, PoolView view) {
        Lease lease = held.lease();
        List<PoolPart.GpuShare> shares = new ArrayList<>();
        for (LeasedGpu gpu : gpus) {
            shares.add(new PoolPart.GpuShare(gpu(view, gpu).uuid(), gpu.memoryMiB() * MIB));
        }
        return new Part(
                held.attempt(),
                new PoolPart(
                        lease.id(),
                        key.leaseSecret(lease.id(), held.attempt()),
                        UUID.fromString(lease.client()),
                        held.user(),
                        new PoolPart.Life(
                                renewal(lease), lease.origin() == Lease.Origin.REQUEST_GPUS),
                        lease.parent(),
                        shares));
    }

    /// In the client's order.
    private static Map<UUID, List<LeasedGpu>> byAppliance(Lease lease) {
        Map<UUID, List<LeasedGpu>> byAppliance = new LinkedHashMap<>();
        for (LeasedGpu gpu : lease.gpus()) {
            byAppliance.computeIfAbsent(gpu.appliance(), _ -> new ArrayList<>()).add(gpu);
        }
        return byAppliance;
    }

    private static Gpu gpu(PoolView view, LeasedGpu leased) {
        return appliance(view, leased.appliance()).gpus().stream()
                .filter(gpu -> gpu.index() == leased.gpuIndex())
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("lease: " + leased + " is not there"));
    }

    private static Appliance appliance(PoolView view, UUID id) {
        return view.appliances().stream()
                .filter(appliance -> appliance.id().equals(id))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("appliance: " + id + " is not there"));
    }

    /// Whether all of the lease's GPUs are in the view: an appliance may have left, or lost one.
    static boolean isKnown(Lease lease, PoolView view) {
        return lease.gpus().stream()
                .allMatch(leased ->
                        view.appliances().stream()
                                .filter(each -> each.id().equals(leased.appliance()))
                                .flatMap(each -> each.gpus().stream())
                                .anyMatch(gpu -> gpu.index() == leased.gpuIndex()));
    }

    Answer.Granted answer(HeldLease held, PoolView view, Duration idleTimeout) {
        Lease lease = held.lease();
        List<Answer.GivenPart> parts = new ArrayList<>();
        for (Map.Entry<UUID, List<LeasedGpu>> entry : byAppliance(lease).entrySet()) {
            Appliance appliance = appliance(view, entry.getKey());
            List<Answer.GivenGpu> gpus = new ArrayList<>();
            for (LeasedGpu leased : entry.getValue()) {
                Gpu gpu = gpu(view, leased);
                gpus.add(
                        new Answer.GivenGpu(
                                gpu.index(), gpu.uuid(), gpu.name(), leased.memoryMiB()));
            }
            parts.add(
                    new Answer.GivenPart(
                            appliance.id(),
                            appliance.host().name(),
                            appliance.host().addresses(),
                            view.contact(appliance.id()),
                            gpus));
        }
        return new Answer.Granted(
                lease.id(),
                key.leaseSecret(lease.id(), held.attempt()),
                renewal(lease),
                idleTimeout,
                parts);
    }

    /// Ends a lease, or what there is of it: first its parts, then the promises of those appliances
    /// that do not answer.
    ///
    /// @param reason what its programs' user is told; empty: nothing
    EndOutcome over(HeldLease held, String reason) {
        UUID lease = held.lease().id();
        List<Future<?>> told = new ArrayList<>();
        for (UUID appliance : held.appliances()) {
            if (!held.isGivenBy(appliance)) {
                continue;
            }
            told.add(
                    executor.submit(() -> {
                        peers.end(appliance, lease, held.attempt(), reason);
                        return appliance;
                    }));
        }
        long until = System.nanoTime() + limit.toNanos();
        for (Future<?> each : told) {
            if (!isDone(each, until)) {
                LOG.warn("lease={} an appliance did not say that its part has ended", lease);
            }
        }
        return pool.end(lease, held.attempt());
    }

    private static boolean isDone(Future<?> told, long until) {
        try {
            told.get(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            return true;
        } catch (ExecutionException exception) {
            LOG.debug("not told", exception);
            return false;
        } catch (TimeoutException _) {
            told.cancel(true);
            return false;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            told.cancel(true);
            return false;
        }
    }
}
