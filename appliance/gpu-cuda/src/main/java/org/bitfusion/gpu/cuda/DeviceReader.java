package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.Outcome;

/// Reads a device's snapshot from the driver, and clears what is not carried to clients.
final class DeviceReader {
    /// The highest CUdevice_attribute number asked for; numbers that a driver does not know are
    /// left out.
    private static final int LAST_ATTRIBUTE = 200;

    /// Features that the protocol does not carry (CUdevice_attribute numbers): host-mapped memory
    /// 19, managed memory 83, host native atomics 86, pageable access 88, concurrent managed access
    /// 89, stream memory operations 92–94, 122 and 123, host-registered pointers 91, host page
    /// tables 100, direct managed access 101, virtual memory management and its handles 102–105,
    /// 107 and 119, GPUDirect RDMA 110 and 116–118, IPC 125, multicast 132, host NUMA 130 and
    /// 134–137.
    private static final Set<Integer> NOT_CARRIED =
            Set.of(
                    19, 83, 86, 88, 89, 91, 92, 93, 94, 100, 101, 102, 103, 104, 105, 107, 110, 116,
                    117, 118, 119, 122, 123, 124, 125, 128, 130, 132, 134, 135, 136, 137);

    /// A word to the client beside CUDA's attributes: which images a device takes, bit 0 PTX, bit 1
    /// SASS. Absent means PTX only.
    private static final int IMAGE_KINDS = 0x42460001;

    private static final int PTX_AND_SASS = 3;

    private DeviceReader() {}

    static DeviceSnapshot read(int index) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(256);
            DriverCall.checked("cuDeviceGetName", CudaLibrary.cuDeviceGetName(name, 256, index));
            MemorySegment uuid = arena.allocate(16);
            DriverCall.checked("cuDeviceGetUuid", CudaLibrary.cuDeviceGetUuid_v2(uuid, index));
            long memory =
                    Scratch.longFrom(room -> CudaLibrary.cuDeviceTotalMem_v2(room, index)).value();
            return new DeviceSnapshot(
                    index,
                    name.getString(0),
                    HexFormat.of().formatHex(uuid.toArray(ValueLayout.JAVA_BYTE)),
                    memory,
                    attributes(index));
        }
    }

    /// Whether the driver maps memory at addresses of our choice.
    static boolean hasAddressReservation(int index) {
        return attribute(index, 102) instanceof Outcome.Success<Integer> success
                && success.value() == 1;
    }

    private static Map<Integer, Integer> attributes(int index) {
        Map<Integer, Integer> attributes = new TreeMap<>();
        for (int number = 1; number <= LAST_ATTRIBUTE; number++) {
            if (attribute(index, number) instanceof Outcome.Success<Integer> success) {
                attributes.put(number, NOT_CARRIED.contains(number) ? 0 : success.value());
            }
        }
        attributes.put(IMAGE_KINDS, PTX_AND_SASS);
        return attributes;
    }

    private static Outcome<Integer> attribute(int index, int number) {
        return Scratch.intFrom(room -> CudaLibrary.cuDeviceGetAttribute(room, number, index));
    }
}
