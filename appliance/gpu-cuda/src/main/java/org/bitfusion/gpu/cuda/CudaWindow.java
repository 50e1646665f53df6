package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;

/// Device memory at addresses of the client's window, by address reservation and mapping (CUDA
/// driver API, "Virtual Memory Management"); on a driver without it, wherever the driver puts it.
/// Thread-safe.
///
/// Every allocation is mapped by itself, rounded to the device's granularity (2 MiB): what is not
/// shared cannot be read by a neighbour.
final class CudaWindow {
    private static final long GRANULARITY = 2L << 20;
    private static final int ALLOCATION_TYPE_PINNED = 1;
    private static final int LOCATION_TYPE_DEVICE = 1;
    private static final int ACCESS_READ_WRITE = 3;

    private record Mapping(long bytes, long handle) {}

    private final int device;
    private final long base;
    private final long size;
    private final boolean reserves;
    private final Map<Long, Mapping> mappings = new HashMap<>();
    private long next;

    private CudaWindow(int device, long base, long size, boolean reserves) {
        this.device = device;
        this.base = base;
        this.size = size;
        this.reserves = reserves;
        this.next = base + GRANULARITY;
    }

    static CudaWindow of(int device, long base, long size) {
        return new CudaWindow(device, base, size, DeviceReader.hasAddressReservation(device));
    }

    /// What an allocation takes of the device.
    long footprint(long bytes) {
        return reserves ? (bytes + GRANULARITY - 1) / GRANULARITY * GRANULARITY : bytes;
    }

    synchronized Outcome<Long> allocate(long bytes) {
        return reserves ? map(footprint(bytes)) : plain(bytes);
    }

    synchronized CudaStatus free(long address) {
        Mapping mapping = mappings.remove(address);
        if (mapping == null) {
            return CudaStatus.INVALID_VALUE;
        }
        if (!reserves) {
            return CudaStatus.of(CudaLibrary.cuMemFree_v2(address));
        }
        CudaStatus status = CudaStatus.of(CudaLibrary.cuMemUnmap(address, mapping.bytes()));
        CudaLibrary.cuMemRelease(mapping.handle());
        CudaLibrary.cuMemAddressFree(address, mapping.bytes());
        return status;
    }

    private Outcome<Long> plain(long bytes) {
        Outcome<Long> address = Scratch.longFrom(room -> CudaLibrary.cuMemAlloc_v2(room, bytes));
        if (address instanceof Outcome.Success<Long> success) {
            mappings.put(success.value(), new Mapping(bytes, 0));
        }
        return address;
    }

    private Outcome<Long> map(long bytes) {
        long wanted = next + bytes <= base + size ? next : base + GRANULARITY;
        Long address =
                Scratch.longFrom(room ->
                                CudaLibrary.cuMemAddressReserve(
                                        room, bytes, GRANULARITY, wanted, 0))
                        .valueOrNull();
        if (address == null) {
            return Outcome.failed(CudaStatus.OUT_OF_MEMORY, "no addresses");
        }
        if (address < base || address + bytes > base + size) {
            CudaLibrary.cuMemAddressFree(address, bytes);
            return Outcome.failed(
                    CudaStatus.OUT_OF_MEMORY,
                    "the driver gave an address outside the client's window");
        }
        next = address + bytes;
        return back(address, bytes);
    }

    private Outcome<Long> back(long address, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            // CUmemAllocationProp: type, handle types, location type and id; the rest (padding,
            // flags) is 0.
            MemorySegment properties = arena.allocate(32, 8);
            properties.set(ValueLayout.JAVA_INT, 0, ALLOCATION_TYPE_PINNED);
            properties.set(ValueLayout.JAVA_INT, 8, LOCATION_TYPE_DEVICE);
            properties.set(ValueLayout.JAVA_INT, 12, device);
            Outcome<Long> created =
                    Scratch.longFrom(room -> CudaLibrary.cuMemCreate(room, bytes, properties, 0));
            Long handle = created.valueOrNull();
            if (handle == null) {
                CudaLibrary.cuMemAddressFree(address, bytes);
                return Outcome.failed(created.status());
            }
            CudaStatus status = CudaStatus.of(CudaLibrary.cuMemMap(address, bytes, 0, handle, 0));
            if (status.isSuccess()) {
                // CUmemAccessDesc: location type and id, flags.
                MemorySegment access = arena.allocate(12, 4);
                access.set(ValueLayout.JAVA_INT, 0, LOCATION_TYPE_DEVICE);
                access.set(ValueLayout.JAVA_INT, 4, device);
                access.set(ValueLayout.JAVA_INT, 8, ACCESS_READ_WRITE);
                status = CudaStatus.of(CudaLibrary.cuMemSetAccess(address, bytes, access, 1));
            }
            if (!status.isSuccess()) {
                CudaLibrary.cuMemUnmap(address, bytes);
                CudaLibrary.cuMemRelease(handle);
                CudaLibrary.cuMemAddressFree(address, bytes);
                return Outcome.failed(status);
            }
            mappings.put(address, new Mapping(bytes, handle));
            return Outcome.of(address);
        }
    }
}
