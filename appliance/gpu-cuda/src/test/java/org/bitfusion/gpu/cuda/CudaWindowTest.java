package org.bitfusion.gpu.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The client's window in the driver's hands: reserved once, divided by memory, shared by small
/// allocations, refused as a whole if the driver puts it elsewhere.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CudaWindowTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final long BASE = 0x1000_0000_0000L;

    private final Map<Integer, Long> reserved = new HashMap<>();
    private GpuDriverProvider provider;

    private final AllocationBudget counting =
            new AllocationBudget() {
                @Override
                public synchronized boolean reserve(int device, long bytes) {
                    reserved.merge(device, bytes, Long::sum);
                    return true;
                }

                @Override
                public synchronized void release(int device, long bytes) {
                    reserved.merge(device, -bytes, Long::sum);
                }

                @Override
                public long limit(int device) {
                    return Long.MAX_VALUE;
                }

                @Override
                public long available(int device) {
                    return Long.MAX_VALUE;
                }
            };

    @BeforeEach
    void start() {
        provider = StrictDriver.fresh();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(StrictDriver.reservations()).isZero();
    }

    private Outcome<GpuDriver> open(long base) {
        return provider.open(new DriverOptions(base, 64 * GIB, counting, Map.of()));
    }

    @Test
    void theWholeWindowIsReservedOnceAndNoAllocationReservesMore() {
        try (GpuDriver driver = open(BASE).value()) {
            assertThat(StrictDriver.reservations()).isEqualTo(2); // a slice a device
            GpuContext context = driver.createContext(driver.devices().getFirst(), 0).value();
            for (int i = 0; i < 100; i++) {
                context.memory().allocate(3 * MIB, 1).value();
            }
            assertThat(StrictDriver.reservations()).isEqualTo(2);
        }
    }

    @Test
    void aRefusedHintRefusesTheWindowAndAnotherPlaceCanBeHad() {
        Outcome<List<DeviceSnapshot>> devices = provider.probe(Map.of());
        assertThat(devices.value()).hasSize(2);
        StrictDriver.refuseHintsBelow(2 * BASE);
        Outcome<GpuDriver> refused = open(BASE);
        assertThat(refused.status()).isEqualTo(CudaStatus.MAP_FAILED);
        assertThat(StrictDriver.reservations()).isZero();
        try (GpuDriver driver = open(2 * BASE).value()) {
            GpuContext context = driver.createContext(driver.devices().getFirst(), 0).value();
            assertThat(context.memory().allocate(100, 1).value()).isGreaterThan(2 * BASE);
        }
    }

    @Test
    void aRefusalOfTheSecondDevicesSliceGivesTheFirstBack() {
        assertThat(provider.probe(Map.of()).value()).hasSize(2);
        try (GpuDriver other = open(BASE + 32 * GIB).value()) {
            // The second slice would lie on the other window.
            assertThat(open(BASE).status()).isEqualTo(CudaStatus.MAP_FAILED);
            assertThat(StrictDriver.reservations()).isEqualTo(other.devices().size());
        }
    }

    @Test
    void smallAllocationsShareWhatTheDeviceGives() {
        try (GpuDriver driver = open(BASE).value()) {
            GpuContext context = driver.createContext(driver.devices().getFirst(), 0).value();
            long[] addresses = new long[1000];
            for (int i = 0; i < addresses.length; i++) {
                addresses[i] = context.memory().allocate(1000, 1).value();
            }
            // 1,000 times 1,024 bytes
            assertThat(StrictDriver.taken(0)).isEqualTo(2 * MIB);
            assertThat(reserved).containsEntry(0, 2 * MIB);
            for (long address : addresses) {
                assertThat(context.memory().free(address)).isEqualTo(CudaStatus.SUCCESS);
            }
            assertThat(StrictDriver.taken(0)).isZero();
            assertThat(reserved).containsEntry(0, 0L);
        }
    }

    @Test
    void largeAllocationsEndWithAFault() {
        try (GpuDriver driver = open(BASE).value()) {
            GpuContext context = driver.createContext(driver.devices().getFirst(), 0).value();
            long address = context.memory().allocate(2 * MIB, 1).value();
            assertThat(context.defaultStream().fill(address + 2 * MIB, 0, 1, 0, 1, 1))
                    .isEqualTo(CudaStatus.INVALID_VALUE);
        }
    }

    @Test
    void memoryThatAPeerMayUseIsMappedForItBeforeAndAfter() {
        try (GpuDriver driver = open(BASE).value()) {
            GpuContext first = driver.createContext(driver.devices().get(0), 0).value();
            GpuContext second = driver.createContext(driver.devices().get(1), 0).value();
            long before = second.memory().allocate(4 * MIB, 1).value();
            assertThat(StrictDriver.readers(before)).isEqualTo(0b10);
            assertThat(first.enablePeer(second)).isEqualTo(CudaStatus.SUCCESS);
            long after = second.memory().allocate(4 * MIB, 1).value();
            assertThat(StrictDriver.readers(before)).isEqualTo(0b11);
            assertThat(StrictDriver.readers(after)).isEqualTo(0b11);
            long own = first.memory().allocate(4 * MIB, 1).value();
            assertThat(StrictDriver.readers(own)).isEqualTo(0b01);
        }
    }

    private static DeviceSnapshot device(int index, long memory) {
        return new DeviceSnapshot(index, "device", "", memory, Map.of());
    }

    @Test
    void theWindowIsDividedByMemory() {
        DriverOptions options = new DriverOptions(BASE, 64 * GIB, counting, Map.of());
        List<WindowSlices.Slice> slices =
                WindowSlices.of(options, List.of(device(0, 24 * GIB), device(1, 72 * GIB)));
        assertThat(slices)
                .containsExactly(
                        new WindowSlices.Slice(BASE, 16 * GIB),
                        new WindowSlices.Slice(BASE + 16 * GIB, 48 * GIB));
    }

    @Test
    void devicesOutsideTheShareGetNothing() {
        AllocationBudget second =
                new AllocationBudget() {
                    @Override
                    public boolean reserve(int device, long bytes) {
                        return device == 1;
                    }

                    @Override
                    public void release(int device, long bytes) {}

                    @Override
                    public long limit(int device) {
                        return device == 1 ? GIB : 0;
                    }

                    @Override
                    public long available(int device) {
                        return limit(device);
                    }
                };
        DriverOptions options = new DriverOptions(BASE, 64 * GIB, second, Map.of());
        try (GpuDriver driver = provider.open(options).value()) {
            assertThat(driver.devices().get(0).window().bytes()).isZero();
            assertThat(driver.devices().get(1).window().base()).isEqualTo(BASE);
            assertThat(driver.devices().get(1).window().bytes()).isEqualTo(64 * GIB);
        }
    }

    /// Eight H200 of 141 GB in the smallest window that an unlimited client asks for.
    @Test
    void eightLargeDevicesFitTheWindow() {
        DriverOptions options = new DriverOptions(BASE, 4096 * GIB, counting, Map.of());
        List<DeviceSnapshot> devices =
                java.util.stream.IntStream.range(0, 8)
                        .mapToObj(index -> device(index, 141_000_000_000L))
                        .toList();
        assertThat(WindowSlices.of(options, devices))
                .allMatch(slice -> slice.bytes() >= 2 * 141_000_000_000L);
    }
}
