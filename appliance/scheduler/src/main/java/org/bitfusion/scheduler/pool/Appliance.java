package org.bitfusion.scheduler.pool;

import java.util.List;
import java.util.UUID;

/// A server appliance as the pool knows it.
///
/// @param host where it is and what runs there
/// @param gpus at most [#GPU_LIMIT], none for a witness of the ensemble
public record Appliance(UUID id, Host host, ApplianceState state, List<Gpu> gpus) {
    /// No machine has more.
    public static final int GPU_LIMIT = 64;

    public Appliance {
        gpus = List.copyOf(gpus);
        if (gpus.size() > GPU_LIMIT) {
            throw new IllegalArgumentException(
                    "gpus: " + gpus.size() + " (expected: at most " + GPU_LIMIT + ")");
        }
        if (gpus.stream().mapToInt(Gpu::index).distinct().count() != gpus.size()) {
            throw new IllegalArgumentException("gpus: " + gpus + " (expected: different indexes)");
        }
    }

    /// What filters can ask of an appliance.
    ///
    /// @param addresses `host` or `host:port`, of each of its networks
    /// @param cudaVersion such as `12.4`; empty where there is none
    /// @param driverVersion such as `550.54.15`; empty where there is none
    public record Host(
            String name,
            List<String> addresses,
            boolean hasRdma,
            String cudaVersion,
            String driverVersion) {
        public Host {
            addresses = List.copyOf(addresses);
        }
    }

    public Appliance withState(ApplianceState now) {
        return new Appliance(id, host, now, gpus);
    }

    public Appliance withGpus(List<Gpu> now) {
        return new Appliance(id, host, state, now);
    }
}
