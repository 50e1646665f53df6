package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.ServerAddress;
import org.bitfusion.scheduler.request.Share;

/// The GPUs that a [Choice] lets pass, in whatever state their appliances are.
final class Eligible {
    /// How many GPUs of one size of memory there are.
    private record Count(int known, int available) {}

    private final long[] gpus;

    /// How many of the appliances before a position have such a GPU.
    private final int[] appliancesBefore;

    private final Map<Integer, Count> counts = new TreeMap<>();
    private final List<ServerAddress> unknownServers = new ArrayList<>();

    private Eligible(long[] gpus) {
        this.gpus = gpus;
        appliancesBefore = new int[gpus.length + 1];
    }

    static Eligible of(Topology topology, Choice choice) {
        List<Appliance> appliances = topology.appliances();
        Eligible eligible = new Eligible(new long[appliances.size()]);
        for (int position = 0; position < appliances.size(); position++) {
            eligible.add(appliances.get(position), position, choice);
            eligible.appliancesBefore[position + 1] =
                    eligible.appliancesBefore[position] + (eligible.gpus[position] == 0 ? 0 : 1);
        }
        for (ServerAddress server : choice.servers()) {
            if (appliances.stream().noneMatch(appliance -> Choice.isOf(server, appliance))) {
                eligible.unknownServers.add(server);
            }
        }
        return eligible;
    }

    private void add(Appliance appliance, int position, Choice choice) {
        if (!choice.acceptsServer(appliance)) {
            return;
        }
        int available = appliance.state() == ApplianceState.AVAILABLE ? 1 : 0;
        List<Gpu> here = appliance.gpus();
        for (int place = 0; place < here.size(); place++) {
            if (choice.acceptsGpu(appliance, here.get(place))) {
                gpus[position] |= 1L << place;
                counts.merge(
                        here.get(place).memoryMiB(),
                        new Count(1, available),
                        (a, b) -> new Count(a.known + b.known, a.available + b.available));
            }
        }
    }

    /// Bit i stands for the GPU at place i of the appliance.
    long gpus(int position) {
        return gpus[position];
    }

    /// Whether any of so many appliances has a GPU that passes; there may be fewer appliances.
    boolean isAnyIn(int firstPosition, int positions) {
        int end = Math.min(gpus.length, firstPosition + positions);
        return appliancesBefore[end] > appliancesBefore[firstPosition];
    }

    /// Servers that were asked for, and that the pool does not know.
    List<ServerAddress> unknownServers() {
        return unknownServers;
    }

    /// All GPUs that pass.
    int known() {
        return counts.values().stream().mapToInt(Count::known).sum();
    }

    /// Those that are large enough for the share.
    int known(Share share) {
        int sum = 0;
        for (Map.Entry<Integer, Count> entry : counts.entrySet()) {
            sum += share.fits(entry.getKey()) ? entry.getValue().known : 0;
        }
        return sum;
    }

    /// Those of appliances that give leases now.
    int available(Share share) {
        int sum = 0;
        for (Map.Entry<Integer, Count> entry : counts.entrySet()) {
            sum += share.fits(entry.getKey()) ? entry.getValue().available : 0;
        }
        return sum;
    }

    /// In MiB, 0 if no GPU passes.
    int largestMemory() {
        return counts.keySet().stream().mapToInt(Integer::intValue).max().orElse(0);
    }
}
