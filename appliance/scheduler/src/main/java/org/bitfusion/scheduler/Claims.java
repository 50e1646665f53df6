package org.bitfusion.scheduler;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// What is set aside for requests that come before another one: memory of GPUs, and how many of a
/// client's GPUs.
///
/// Used by one thread, for one decision.
final class Claims {
    private static final int[] NONE = {};

    private final int[][] memory;
    private final Map<String, Integer> gpuCounts = new HashMap<>();

    /// @param appliances how many the pool has
    Claims(int appliances) {
        memory = new int[appliances][];
        Arrays.fill(memory, NONE);
    }

    /// In MiB, by place; empty if nothing of the appliance is set aside.
    int[] of(int position) {
        return memory[position];
    }

    /// How many GPUs requests of the client that come before will have.
    int gpuCount(String client) {
        return gpuCounts.getOrDefault(client, 0);
    }

    void addGpus(String client, int count) {
        gpuCounts.merge(client, count, Integer::sum);
    }

    void add(Target target) {
        for (Target.Part part : target.parts()) {
            Room room = part.room();
            int[] here = memory[room.position()];
            if (here.length == 0) {
                here = new int[room.free().length];
                memory[room.position()] = here;
            }
            here[part.place()] += part.needMiB();
        }
    }
}
