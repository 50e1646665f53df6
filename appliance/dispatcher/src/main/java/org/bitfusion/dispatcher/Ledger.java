package org.bitfusion.dispatcher;

import java.util.List;

/// Who may use how much of each GPU's memory, in bytes. Leases take their share out of a GPU when
/// they are granted; sessions without a lease take what they reserve, when they reserve it. So a
/// GPU is never promised twice. Devices are named by their position among the served ones.
///
/// Used by one thread only.
final class Ledger {
    private final long[] capacity;
    private final long[] taken;

    Ledger(List<ServedDevice> devices) {
        capacity = devices.stream().mapToLong(ServedDevice::servedBytes).toArray();
        taken = new long[capacity.length];
    }

    int devices() {
        return capacity.length;
    }

    long capacity(int device) {
        return capacity[device];
    }

    long free(int device) {
        return capacity[device] - taken[device];
    }

    /// @return false if so much is not free
    boolean take(int device, long bytes) {
        if (bytes < 0 || bytes > free(device)) {
            return false;
        }
        taken[device] += bytes;
        return true;
    }

    void giveBack(int device, long bytes) {
        if (bytes < 0 || bytes > taken[device]) {
            throw new IllegalArgumentException(
                    "bytes: " + bytes + " (expected: 0 to " + taken[device] + ")");
        }
        taken[device] -= bytes;
    }
}
