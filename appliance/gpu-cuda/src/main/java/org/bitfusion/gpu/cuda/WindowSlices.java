package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.DriverOptions;

/// Divides the client's window among its devices, by their memory: those of which it has no share
/// get nothing.
final class WindowSlices {
    private static final long PIECE = 2L << 20;

    /// Multiples of 2 MiB.
    record Slice(long base, long bytes) {}

    private WindowSlices() {}

    /// A slice for each device, in their order.
    static List<Slice> of(DriverOptions options, List<DeviceSnapshot> devices) {
        double memory = 0;
        for (DeviceSnapshot device : devices) {
            memory += weight(options, device);
        }
        List<Slice> slices = new ArrayList<>();
        long base = options.windowBase();
        for (DeviceSnapshot device : devices) {
            double part = memory == 0 ? 0 : weight(options, device) / memory;
            long pieces = (long) (options.windowSize() * part / PIECE);
            long bytes = pieces * PIECE;
            slices.add(new Slice(base, bytes));
            base += bytes;
        }
        return slices;
    }

    private static double weight(DriverOptions options, DeviceSnapshot device) {
        return options.budget().limit(device.index()) > 0 ? device.totalMemory() : 0;
    }
}
