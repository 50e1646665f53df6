package org.bitfusion.gpu.soft.device;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.StagingMemory;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.memory.DeviceMemory;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.jspecify.annotations.Nullable;

/// The software GPUs of one client process: one window of memory, one pool of threads.
public final class SoftDriver implements GpuDriver {
    /// What cuDriverGetVersion answers: CUDA 13.0.
    private static final int VERSION = 13000;

    private final Object lock = new Object();
    private final Settings settings;
    private final WindowMemory window;
    private final StagingMemory staging =
            new StagingMemory(
                    () -> Outcome.of(Arena.ofAuto().allocate(StagingMemory.PIECE_BYTES, 64)));
    private final ExecutorService threads = DeviceThreads.create();
    private final List<SoftDevice> devices = new ArrayList<>();
    private final CopyOnWriteArrayList<SoftContext> contexts = new CopyOnWriteArrayList<>();
    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private final AllocationTable allocations;
    private final List<ProgramFactory> factories;
    private final LaunchContext.@Nullable CoverageRecorder coverage;

    /// @param executors ways to execute kernels that there are, the preferred one first
    /// @throws IllegalArgumentException naming a setting that makes no sense
    /// @throws OutOfMemoryError when the address space cannot be had
    public SoftDriver(DriverOptions options, List<ProgramFactory> executors) {
        settings = Settings.of(options.environment());
        window = new WindowMemory(options.windowBase(), options.windowSize());
        for (int index = 0; index < settings.devices(); index++) {
            DeviceMemory memory =
                    new DeviceMemory(
                            window,
                            index,
                            settings.devices(),
                            settings.memoryBytes(),
                            options.budget(),
                            settings.exactBounds());
            devices.add(new SoftDevice(index, settings, memory));
        }
        allocations = new AllocationTable(window, devices, lock, this::queues);
        boolean watched = settings.exactBounds() || settings.coverageFile() != null;
        factories = chosen(executors, watched ? "interpreter" : settings.executor());
        coverage =
                settings.coverageFile() == null ? null : new CoverageFile(settings.coverageFile());
    }

    /// The devices that a driver with these settings would have.
    public static List<DeviceSnapshot> probe(java.util.Map<String, String> environment) {
        Settings settings = Settings.of(environment);
        List<DeviceSnapshot> snapshots = new ArrayList<>();
        for (int index = 0; index < settings.devices(); index++) {
            snapshots.add(SoftDevice.snapshot(index, settings, settings.memoryBytes()));
        }
        return snapshots;
    }

    private static List<ProgramFactory> chosen(List<ProgramFactory> all, String setting) {
        return setting.equals("auto")
                ? List.copyOf(all)
                : all.stream().filter(factory -> factory.name().equals(setting)).toList();
    }

    Settings settings() {
        return settings;
    }

    WindowMemory window() {
        return window;
    }

    StagingMemory staging() {
        return staging;
    }

    ExecutorService threads() {
        return threads;
    }

    Object lock() {
        return lock;
    }

    AllocationTable allocations() {
        return allocations;
    }

    List<ProgramFactory> factories() {
        return factories;
    }

    LaunchContext.@Nullable CoverageRecorder coverage() {
        return coverage;
    }

    /// True the first time that somebody asks about this kind of message.
    boolean isFirst(String kind) {
        return told.add(kind);
    }

    void forget(SoftContext context) {
        contexts.remove(context);
    }

    private List<StreamQueue> queues() {
        List<StreamQueue> queues = new ArrayList<>();
        contexts.forEach(context -> queues.addAll(context.queues()));
        return queues;
    }

    @Override
    public boolean isWorking() {
        return queues().stream().anyMatch(queue -> !queue.isIdle());
    }

    @Override
    public int version() {
        return VERSION;
    }

    @Override
    public List<GpuDevice> devices() {
        return List.copyOf(devices);
    }

    @Override
    public Outcome<GpuContext> createContext(GpuDevice device, int flags) {
        if (!(device instanceof SoftDevice own) || !devices.contains(own)) {
            return Outcome.failed(CudaStatus.INVALID_DEVICE);
        }
        SoftContext context = new SoftContext(this, own);
        contexts.add(context);
        return Outcome.of(context);
    }

    /// Ends contexts and threads. A kernel that does not stop keeps its thread, and with it the
    /// window, until the process ends.
    @Override
    public void close() {
        contexts.forEach(SoftContext::close);
        threads.shutdown();
    }
}
