package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
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
    private final List<CudaWindow> windows;
    private final Allocations allocations = new Allocations();
    private final List<CudaGpuContext> contexts = new CopyOnWriteArrayList<>();
    private final PrintCapture output = PrintCapture.install();

    /// Gives back what nobody uses: calls that may wait for running work.
    private final ExecutorService releases =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("cuda-releases").factory());

    private CudaGpuDriver(
            DriverOptions options, List<DeviceSnapshot> snapshots, List<CudaWindow> windows) {
        this.options = options;
        this.windows = windows;
        for (DeviceSnapshot snapshot : snapshots) {
            int index = snapshot.index();
            devices.add(
                    new CudaGpuDevice(
                            index,
                            limited(snapshot, options.budget().limit(index)),
                            new GpuDevice.Window(
                                    windows.get(index).base(), windows.get(index).size())));
        }
    }

    /// Reserves the devices' slices of the window.
    static Outcome<GpuDriver> open(DriverOptions options, List<DeviceSnapshot> snapshots) {
        List<WindowSlices.Slice> slices = WindowSlices.of(options, snapshots);
        List<CudaWindow> windows = new ArrayList<>();
        for (DeviceSnapshot snapshot : snapshots) {
            WindowSlices.Slice slice = slices.get(snapshot.index());
            Outcome<CudaWindow> window =
                    CudaWindow.reserve(
                            snapshot.index(), slice.base(), slice.bytes(), options.budget());
            if (window instanceof Outcome.Failure<CudaWindow>(CudaStatus status, String detail)) {
                windows.forEach(CudaWindow::close);
                return Outcome.failed(status, detail);
            }
            windows.add(window.value());
        }
        return Outcome.of(new CudaGpuDriver(options, snapshots, windows));
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

    CudaWindow window(int device) {
        return windows.get(device);
    }

    PrintCapture output() {
        return output;
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
        return CudaGpuContext.create(
                        this,
                        devices.get(device.index()),
                        flags,
                        windows.get(device.index()),
                        options.budget(),
                        allocations)
                .map(context -> {
                    contexts.add(context);
                    return context;
                });
    }

    /// Whether the bytes are one allocation's, or not in the window: then the driver judges.
    boolean mayUse(long address, long bytes) {
        boolean inside =
                windows.stream()
                        .anyMatch(window ->
                                Long.compareUnsigned(address - window.base(), window.size()) < 0);
        return !inside || allocations.cover(address, bytes);
    }

    /// Hands to the driver what streams could not yet, until nothing more can be.
    void submitWaiting() {
        boolean any = true;
        while (any) {
            any = false;
            for (CudaGpuContext context : contexts) {
                any |= context.submitWaiting();
            }
        }
    }

    /// Runs on the thread that may wait for running work.
    void release(Runnable task) {
        releases.execute(task);
    }

    @Override
    public boolean isWorking() {
        boolean any = false;
        for (CudaGpuContext context : contexts) {
            any |= context.isWorking();
        }
        return any;
    }

    /// Whether nothing is under way in any context.
    boolean isIdle() {
        return contexts.stream().allMatch(CudaGpuContext::isIdle);
    }

    /// Completes when what has been submitted to any context is done.
    void whenIdle(Completion completion) {
        List<CudaGpuContext> all = List.copyOf(contexts);
        AtomicInteger left = new AtomicInteger(all.size());
        all.forEach(context ->
                context.whenIdle(status -> {
                    if (left.decrementAndGet() == 0) {
                        completion.completed(status);
                    }
                }));
    }

    /// The context has ended.
    void forget(CudaGpuContext context) {
        contexts.remove(context);
    }

    @Override
    public void close() {
        contexts.forEach(CudaGpuContext::close);
        windows.forEach(CudaWindow::close);
        releases.shutdown();
    }
}
