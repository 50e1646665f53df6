package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;
import org.jspecify.annotations.Nullable;

/// A device's slice of the client's window: addresses reserved once (CUDA driver API, "Virtual
/// Memory Management"), device memory mapped into them piece by piece, the client's share asked
/// first. On a driver without address reservation memory lies wherever the driver puts it.
/// Thread-safe.
///
/// Memory is mapped in pieces of 2 MiB. Allocations of up to half of that share pieces, as the
/// driver's own do; larger ones have theirs alone, so that their end is a fault.
final class CudaWindow {
    private static final long PIECE = 2L << 20;
    private static final long MOST_SHARING = PIECE / 2;
    private static final long LEAST_ALIGNMENT = 256;
    private static final int ALLOCATION_TYPE_PINNED = 1;
    private static final int LOCATION_TYPE_DEVICE = 1;
    private static final int ACCESS_READ_WRITE = 3;
    private static final int ACCESS_BYTES = 12;

    private final int device;
    private final long base;
    private final long size;
    private final AllocationBudget budget;

    /// Null on a driver without address reservation.
    private final @Nullable FreeRanges addresses;

    private final List<Shared> sharing = new ArrayList<>();
    private final Set<Mapping> mappings = new HashSet<>();
    private final TreeSet<Integer> users = new TreeSet<>();

    /// Device memory mapped at addresses of the window.
    private record Mapping(long address, long bytes, long handle) {}

    /// A piece for several small allocations.
    private record Shared(Mapping mapping, FreeRanges rest) {}

    /// Memory in use.
    ///
    /// @param footprint what it takes of the device, for bookkeeping: small allocations round up to
    ///   their alignment, though the piece they share is taken whole
    record Block(
            long address, long footprint, @Nullable Mapping mapping, @Nullable Shared shared) {}

    private CudaWindow(
            int device, long base, long size, AllocationBudget budget, boolean reserves) {
        this.device = device;
        this.base = base;
        this.size = size;
        this.budget = budget;
        // The first piece is never used: addresses just below an allocation fault.
        this.addresses = reserves ? new FreeRanges(base + PIECE, Math.max(0, size - PIECE)) : null;
        users.add(device);
    }

    /// Sets the addresses aside.
    ///
    /// @return MAP_FAILED if the driver does not give these addresses: others may do
    static Outcome<CudaWindow> reserve(int device, long base, long size, AllocationBudget budget) {
        if (!DeviceReader.hasAddressReservation(device) || granularity(device) > PIECE) {
            return Outcome.of(new CudaWindow(device, 0, 0, budget, false));
        }
        if (size == 0) {
            return Outcome.of(new CudaWindow(device, base, 0, budget, true));
        }
        Outcome<Long> given =
                Scratch.longFrom(
                        room -> CudaLibrary.cuMemAddressReserve(room, size, PIECE, base, 0));
        Long address = given.valueOrNull();
        if (address != null && address != base) {
            DriverCall.checked("cuMemAddressFree", CudaLibrary.cuMemAddressFree(address, size));
        }
        return address != null && address == base
                ? Outcome.of(new CudaWindow(device, base, size, budget, true))
                : Outcome.failed(
                        CudaStatus.MAP_FAILED,
                        "the driver does not give 0x%x bytes at 0x%x".formatted(size, base));
    }

    long base() {
        return base;
    }

    long size() {
        return size;
    }

    /// @param alignment power of two
    Outcome<Block> allocate(long bytes, long alignment) {
        long aligned = Math.max(LEAST_ALIGNMENT, alignment);
        if (addresses == null) {
            return plain(bytes);
        }
        if (bytes > size) {
            return Outcome.failed(CudaStatus.OUT_OF_MEMORY);
        }
        if (bytes <= MOST_SHARING && aligned <= MOST_SHARING) {
            return small((bytes + LEAST_ALIGNMENT - 1) & -LEAST_ALIGNMENT, aligned);
        }
        return map((bytes + PIECE - 1) / PIECE * PIECE, Math.max(PIECE, aligned))
                .map(mapping -> new Block(mapping.address(), mapping.bytes(), mapping, null));
    }

    private Outcome<Block> small(long bytes, long alignment) {
        Block block = ofShared(bytes, alignment);
        if (block != null) {
            return Outcome.of(block);
        }
        return map(PIECE, PIECE)
                .map(mapping -> {
                    synchronized (this) {
                        Shared shared =
                                new Shared(mapping, new FreeRanges(mapping.address(), PIECE));
                        sharing.add(shared);
                        long address = shared.rest().take(bytes, alignment).orElseThrow();
                        return new Block(address, bytes, null, shared);
                    }
                });
    }

    private synchronized @Nullable Block ofShared(long bytes, long alignment) {
        for (Shared shared : sharing) {
            OptionalLong address = shared.rest().take(bytes, alignment);
            if (address.isPresent()) {
                return new Block(address.getAsLong(), bytes, null, shared);
            }
        }
        return null;
    }

    private Outcome<Block> plain(long bytes) {
        if (!budget.reserve(device, bytes)) {
            return Outcome.failed(CudaStatus.OUT_OF_MEMORY);
        }
        Outcome<Long> address = Scratch.longFrom(room -> CudaLibrary.cuMemAlloc_v2(room, bytes));
        if (!address.status().isSuccess()) {
            budget.release(device, bytes);
        }
        return address.map(value -> new Block(value, bytes, null, null));
    }

    /// Gives memory back; no work may use it any more. Without address reservation the driver waits
    /// for what runs in the current context.
    synchronized CudaStatus free(Block block) {
        if (block.mapping() != null) {
            return unmap(block.mapping());
        }
        if (block.shared() != null) {
            Shared shared = block.shared();
            shared.rest().give(block.address(), block.footprint());
            if (!shared.rest().isWhole()) {
                return CudaStatus.SUCCESS;
            }
            sharing.remove(shared);
            return unmap(shared.mapping());
        }
        budget.release(device, block.footprint());
        return DriverCall.checked("cuMemFree", CudaLibrary.cuMemFree_v2(block.address()));
    }

    /// From now on kernels of another device may use this device's memory too.
    synchronized CudaStatus allow(int other) {
        CudaStatus status = CudaStatus.SUCCESS;
        if (!users.add(other)) {
            return status;
        }
        for (Mapping mapping : mappings) {
            status = status.isSuccess() ? give(mapping) : status;
        }
        return status;
    }

    /// Not with the lock: what others of the lease are about to give back is waited for.
    private Outcome<Mapping> map(long bytes, long alignment) {
        return budget.reserve(device, bytes)
                ? mapReserved(bytes, alignment)
                : Outcome.failed(CudaStatus.OUT_OF_MEMORY);
    }

    private synchronized Outcome<Mapping> mapReserved(long bytes, long alignment) {
        OptionalLong address =
                addresses == null ? OptionalLong.empty() : addresses.take(bytes, alignment);
        if (address.isEmpty()) {
            budget.release(device, bytes);
            return Outcome.failed(CudaStatus.OUT_OF_MEMORY, "no addresses in the window");
        }
        Outcome<Mapping> mapped = mapAt(address.getAsLong(), bytes);
        if (mapped instanceof Outcome.Success<Mapping> success) {
            mappings.add(success.value());
        } else {
            giveBack(address.getAsLong(), bytes);
        }
        return mapped;
    }

    private void giveBack(long address, long bytes) {
        if (addresses != null) {
            addresses.give(address, bytes);
        }
        budget.release(device, bytes);
    }

    private Outcome<Mapping> mapAt(long address, long bytes) {
        Outcome<Long> created = create(bytes);
        Long handle = created.valueOrNull();
        if (handle == null) {
            return Outcome.failed(created.status());
        }
        CudaStatus status = CudaStatus.of(CudaLibrary.cuMemMap(address, bytes, 0, handle, 0));
        if (status.isSuccess()) {
            Mapping mapping = new Mapping(address, bytes, handle);
            status = give(mapping);
            if (status.isSuccess()) {
                return Outcome.of(mapping);
            }
            DriverCall.checked("cuMemUnmap", CudaLibrary.cuMemUnmap(address, bytes));
        }
        DriverCall.checked("cuMemRelease", CudaLibrary.cuMemRelease(handle));
        return Outcome.failed(status);
    }

    private Outcome<Long> create(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment properties = properties(arena, device);
            return Scratch.longFrom(room -> CudaLibrary.cuMemCreate(room, bytes, properties, 0));
        }
    }

    /// In what multiples the device maps memory.
    private static long granularity(int device) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment properties = properties(arena, device);
            Long least =
                    Scratch.longFrom(room ->
                                    CudaLibrary.cuMemGetAllocationGranularity(room, properties, 0))
                            .valueOrNull();
            return least == null ? Long.MAX_VALUE : least;
        }
    }

    private static MemorySegment properties(Arena arena, int device) {
        // CUmemAllocationProp: type, handle types, location type and id; the rest (padding, flags)
        // is 0.
        MemorySegment properties = arena.allocate(32, 8);
        properties.set(ValueLayout.JAVA_INT, 0, ALLOCATION_TYPE_PINNED);
        properties.set(ValueLayout.JAVA_INT, 8, LOCATION_TYPE_DEVICE);
        properties.set(ValueLayout.JAVA_INT, 12, device);
        return properties;
    }

    /// Lets all users use it.
    private CudaStatus give(Mapping mapping) {
        try (Arena arena = Arena.ofConfined()) {
            // CUmemAccessDesc: location type and id, flags.
            MemorySegment access = arena.allocate((long) ACCESS_BYTES * users.size(), 4);
            long at = 0;
            for (int user : users) {
                access.set(ValueLayout.JAVA_INT, at, LOCATION_TYPE_DEVICE);
                access.set(ValueLayout.JAVA_INT, at + 4, user);
                access.set(ValueLayout.JAVA_INT, at + 8, ACCESS_READ_WRITE);
                at += ACCESS_BYTES;
            }
            return CudaStatus.of(
                    CudaLibrary.cuMemSetAccess(
                            mapping.address(), mapping.bytes(), access, users.size()));
        }
    }

    /// What cannot be unmapped keeps its addresses, and its part of the share.
    private CudaStatus unmap(Mapping mapping) {
        CudaStatus unmapped =
                DriverCall.checked(
                        "cuMemUnmap", CudaLibrary.cuMemUnmap(mapping.address(), mapping.bytes()));
        CudaStatus released =
                DriverCall.checked("cuMemRelease", CudaLibrary.cuMemRelease(mapping.handle()));
        mappings.remove(mapping);
        if (unmapped.isSuccess() && released.isSuccess()) {
            giveBack(mapping.address(), mapping.bytes());
        }
        return unmapped.isSuccess() ? released : unmapped;
    }

    /// Gives the addresses back if nothing is mapped any more.
    synchronized CudaStatus close() {
        return addresses != null && size > 0 && mappings.isEmpty()
                ? DriverCall.checked("cuMemAddressFree", CudaLibrary.cuMemAddressFree(base, size))
                : CudaStatus.SUCCESS;
    }
}
