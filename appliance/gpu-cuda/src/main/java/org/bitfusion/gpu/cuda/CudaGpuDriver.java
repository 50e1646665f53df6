package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.Outcome;

/// The machine's driver as one client process uses it. Everything that enters libcuda runs on
/// platform threads.
final class CudaGpuDriver implements GpuDriver {
    private final DriverOptions options;
    private final List<CudaGpuDevice> devices = new ArrayList<>();
    private final List<CudaWindow> windows = new ArrayList<>();
    private final List<CudaGpuContext> contexts = new CopyOnWriteArrayList<>();
    private final PrintCapture output = PrintCapture.install();

    CudaGpuDriver(DriverOptions options, List<DeviceSnapshot> snapshots) {
        this.options = options;
        long part = options.windowSize() / Math.max(1, snapshots.size());
        for (DeviceSnapshot snapshot : snapshots) {
            int index = snapshot.index();
            devices.add(new CudaGpuDevice(index, limited(snapshot, options.budget().limit(index))));
            windows.add(CudaWindow.of(index, options.windowBase() + index * part, part));
        }
    }

    /// A program sees no more memory than its share.
    private static DeviceSnapshot limited(DeviceSnapshot snapshot, long share) {
        return new DeviceSnapshot(
                snapshot.index(),
                snapshot.name(),
                snapshot.uuid(),
                Math.min(snapshot.totalMemory(), share),
                snapshot.attributes());
    }

    @Override
    public int version() {
        return Scratch.intFrom(CudaLibrary::cuDriverGetVersion).value();
    }

    @Override
    public List<GpuDevice> devices() {
        return List.copyOf(devices);
    }

    @Override
    public Outcome<GpuContext> createContext(GpuDevice device, int flags) {
        Outcome<Long> handle =
                Scratch.longFrom(room -> CudaLibrary.cuCtxCreate_v2(room, flags, device.index()));
        return handle.map(value -> {
            CudaGpuContext context =
                    new CudaGpuContext(
                            this,
                            devices.get(device.index()),
                            value,
                            windows.get(device.index()),
                            options.budget(),
                            output);
            contexts.add(context);
            return context;
        });
    }

    void forget(CudaGpuContext context) {
        contexts.remove(context);
    }

    @Override
    public void close() {
        contexts.forEach(CudaGpuContext::close);
    }
}
