package org.bitfusion.scheduler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What is set aside for requests that come before another one: memory of GPUs, and how many of a
/// client's GPUs. It changes only while it is being gathered, by one thread.
final class Claims {
    private static final int[] NONE = {};

    private final int appliances;
    private int[][] memory = {};
    private final List<Integer> positions = new ArrayList<>();
    private final Map<String, Integer> gpuCounts = new HashMap<>();

    /// @param appliances how many the pool has
    Claims(int appliances) {
        this.appliances = appliances;
    }

    /// In MiB, by place; empty if nothing of the appliance is set aside.
    int[] of(int position) {
        return memory.length == 0 ? NONE : memory[position];
    }

    /// Positions of the appliances of which something is set aside.
    List<Integer> positions() {
        return positions;
    }

    /// How many GPUs requests of the client that come before will have.
    int gpuCount(String client) {
        return gpuCounts.getOrDefault(client, 0);
    }

    void addGpus(String client, int count) {
        gpuCounts.merge(client, count, Integer::sum);
    }

    void add(Target target) {
        if (memory.length == 0) {
            memory = new int[appliances][];
            Arrays.fill(memory, NONE);
        }
        for (Target.Part part : target.parts()) {
            int[] here = memory[part.position()];
            if (here.length == 0) {
                here = new int[part.appliance().gpus().size()];
                memory[part.position()] = here;
                positions.add(part.position());
            }
            here[part.place()] += part.needMiB();
        }
    }
}
