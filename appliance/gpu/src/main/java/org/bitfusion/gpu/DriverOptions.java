package org.bitfusion.gpu;

import java.util.Map;

/// How a driver is opened for one client process.
///
/// @param windowBase first address of the range that the client reserved; device addresses lie in
///   it; 2 MiB aligned
/// @param windowSize bytes of that range, a multiple of 2 MiB
/// @param environment the BF_* settings of the appliance
public record DriverOptions(
        long windowBase,
        long windowSize,
        AllocationBudget budget,
        Map<String, String> environment) {
    public DriverOptions {
        environment = Map.copyOf(environment);
    }
}
