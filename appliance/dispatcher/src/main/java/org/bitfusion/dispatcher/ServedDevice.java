package org.bitfusion.dispatcher;

import java.util.UUID;
import org.bitfusion.ledger.HostLedger;

/// A GPU that this dispatcher serves.
///
/// @param driverIndex its number in the driver of this machine
/// @param totalBytes of its memory
/// @param servedBytes of that, under the appliance's limit
/// @param pciBusId as `cuDeviceGetPCIBusId` tells it
record ServedDevice(
        int driverIndex,
        UUID uuid,
        String name,
        long totalBytes,
        long servedBytes,
        int major,
        int minor,
        String pciBusId) {
    /// As the machine's ledger knows it.
    HostLedger.Gpu ofHost() {
        return new HostLedger.Gpu(uuid, totalBytes);
    }
}
