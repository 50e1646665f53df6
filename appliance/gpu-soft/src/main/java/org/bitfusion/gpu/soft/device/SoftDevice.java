package org.bitfusion.gpu.soft.device;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.soft.memory.DeviceMemory;

/// One software GPU.
final class SoftDevice implements GpuDevice {
    private final int index;
    private final DeviceSnapshot snapshot;
    private final DeviceMemory memory;
    private final List<SoftPool> pools = new CopyOnWriteArrayList<>();

    SoftDevice(int index, Settings settings, DeviceMemory memory) {
        this.index = index;
        this.snapshot = snapshot(index, settings, memory.total());
        this.memory = memory;
    }

    /// @param totalMemory what programs are told
    static DeviceSnapshot snapshot(int index, Settings settings, long totalMemory) {
        UUID uuid =
                UUID.nameUUIDFromBytes(
                        ("bitfusion software gpu %d of %s".formatted(index, settings.identity()))
                                .getBytes(StandardCharsets.UTF_8));
        return new DeviceSnapshot(
                index,
                "Bitfusion Software GPU",
                uuid.toString().replace("-", ""),
                totalMemory,
                DeviceAttributes.of(
                        index,
                        settings.capability() / 10,
                        settings.capability() % 10,
                        settings.threads()));
    }

    DeviceMemory memory() {
        return memory;
    }

    /// The pools of all contexts: a pool is the device's, whatever context it was made in (CUDA
    /// Driver API, "Stream Ordered Memory Allocator").
    List<SoftPool> pools() {
        return pools;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public DeviceSnapshot snapshot() {
        return snapshot;
    }

    @Override
    public Window window() {
        return new Window(memory.windowBase(), memory.windowBytes());
    }

    @Override
    public boolean canAccess(GpuDevice peer) {
        return peer != this && peer instanceof SoftDevice;
    }

    @Override
    public long freeMemory() {
        return memory.free();
    }
}
