package org.bitfusion.scheduler;

import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.request.Wish;

/// What a queued request waits for.
public sealed interface Wait {
    /// For people, as in "waits for …".
    String words();

    /// That memory of GPUs becomes free. These GPUs are set aside: no later request of the same or
    /// a lower priority gets of them what this one needs. It may be served with others.
    ///
    /// @param setAside as many GPUs as are asked for, those that are short of the least first
    record ForGpus(Wish wish, List<SetAside> setAside) implements Wait {
        private static final int SHOWN = 4;

        public ForGpus {
            setAside = List.copyOf(setAside);
        }

        @Override
        public String words() {
            List<SetAside> missing = setAside.stream().filter(gpu -> gpu.missingMiB > 0).toList();
            String text =
                    "%s: %d of %d free, waits for %s"
                            .formatted(
                                    wish.words(),
                                    setAside.size() - missing.size(),
                                    setAside.size(),
                                    missing.stream()
                                            .limit(SHOWN)
                                            .map(SetAside::words)
                                            .collect(Collectors.joining(", ")));
            return missing.size() > SHOWN
                    ? text + " and " + (missing.size() - SHOWN) + " more"
                    : text;
        }
    }

    /// @param needMiB the request's share of the GPU
    /// @param missingMiB how much of it others hold, or came before for; 0 if it is free
    record SetAside(UUID appliance, String hostName, int gpuIndex, int needMiB, int missingMiB) {
        String words() {
            return "%d MiB on GPU %d of %s".formatted(missingMiB, gpuIndex, hostName);
        }
    }

    /// That the client gives GPUs back: it is at its limit. Nothing is set aside but its own places
    /// under the limit.
    ///
    /// @param held by the client now
    /// @param before what earlier requests of the client will get
    record ForClientLimit(String client, int limit, int held, int before, int wanted)
            implements Wait {
        @Override
        public String words() {
            return "client %s may hold %d GPUs at a time, holds %d%s, and asks for %d more: waits until it has given back %d"
                    .formatted(
                            client,
                            limit,
                            held,
                            before == 0 ? "" : ", waits for " + before,
                            wanted,
                            held + before + wanted - limit);
        }
    }

    /// That an appliance gives leases again. Nothing is set aside.
    record ForAppliances(List<Absent> absent) implements Wait {
        private static final int SHOWN = 4;

        public ForAppliances {
            absent = List.copyOf(absent);
        }

        @Override
        public String words() {
            String text =
                    absent.stream()
                            .limit(SHOWN)
                            .map(Absent::words)
                            .collect(Collectors.joining(" or "));
            return "too few GPUs of those that would do give leases now: waits for "
                    + text
                    + (absent.size() > SHOWN ? " or others" : "");
        }
    }

    /// @param state not [ApplianceState#AVAILABLE]
    record Absent(UUID appliance, String hostName, ApplianceState state) {
        String words() {
            return hostName
                    + switch (state) {
                        case FULL -> " (has as many leases as it can)";
                        case AVAILABLE, UNAVAILABLE, DRAINING ->
                                " (" + state.name().toLowerCase(Locale.ROOT) + ")";
                    };
        }
    }
}
