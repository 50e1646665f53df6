package org.bitfusion.gpu.soft.nativeaccess;

import java.lang.foreign.MemorySegment;

/// A range of addresses whose pages are dead until they are made live. Touching a dead page raises
/// a bus error, which the JVM turns into an InternalError in the code that touched it. Live pages
/// are zero at first and take memory when touched. Offsets and sizes are multiples of [#PAGE]. Safe
/// for several threads as long as they work on different pages.
public final class AddressSpace implements AutoCloseable {
    /// Size and alignment of what is made live or dead.
    public static final long PAGE = 2L << 20;

    private static final long SMALL_PAGE = 4096;

    private final int deadFile;
    private final long mapped;
    private final long mappedBytes;
    private final long base;
    private final long bytes;

    private AddressSpace(int deadFile, long mapped, long mappedBytes, long bytes) {
        this.deadFile = deadFile;
        this.mapped = mapped;
        this.mappedBytes = mappedBytes;
        this.base = (mapped + PAGE - 1) & -PAGE;
        this.bytes = bytes;
    }

    /// Reserves addresses only; all dead.
    ///
    /// @throws OutOfMemoryError when the address space of the process is limited below that
    public static AddressSpace reserve(long bytes) {
        int file = LibC.emptyFile();
        long wanted = bytes + PAGE;
        try {
            long address = LibC.map(0, wanted, LibC.MAP_SHARED | LibC.MAP_NORESERVE, file, 0);
            return new AddressSpace(file, address, wanted, bytes);
        } catch (OutOfMemoryError refused) {
            LibC.close(file);
            throw refused;
        }
    }

    /// The whole range; never closed by itself, so do not touch it after [#close].
    public MemorySegment segment() {
        return MemorySegment.ofAddress(base).reinterpret(bytes);
    }

    /// Puts zeroed memory behind pages. The size may be a multiple of 4096 instead.
    public void makeLive(long offset, long byteCount) {
        check(offset, byteCount);
        int flags = LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS | LibC.MAP_NORESERVE | LibC.MAP_FIXED;
        LibC.map(base + offset, byteCount, flags, -1, 0);
    }

    /// Takes the memory away; what it held is lost.
    public void makeDead(long offset, long byteCount) {
        check(offset, byteCount);
        int flags = LibC.MAP_SHARED | LibC.MAP_NORESERVE | LibC.MAP_FIXED;
        LibC.map(base + offset, byteCount, flags, deadFile, offset);
    }

    private void check(long offset, long byteCount) {
        if (offset < 0
                || byteCount <= 0
                || offset % SMALL_PAGE != 0
                || byteCount % SMALL_PAGE != 0
                || offset > bytes - byteCount) {
            throw new IllegalArgumentException("range " + offset + "+" + byteCount);
        }
    }

    @Override
    public void close() {
        LibC.unmap(mapped, mappedBytes);
        LibC.close(deadFile);
    }
}
