package org.bitfusion.gpu.soft.memory;

import java.lang.foreign.MemorySegment;
import org.bitfusion.gpu.soft.nativeaccess.AddressSpace;

/// The one segment in which everything lies: device memory at [0, window size), private areas of
/// running kernels behind it, both within the addresses that the client has set aside: a host
/// address of its program is never one of either. Knows which 2 MiB pages of the window are live.
public final class WindowMemory implements AutoCloseable {
    public static final long PAGE = AddressSpace.PAGE;
    private static final int PAGE_SHIFT = 21;

    /// Address space for shared memory, local memory and parameters of resident blocks: so much at
    /// most, and of a small window this part.
    private static final long PRIVATE_BYTES = 64L << 30;

    private static final int PRIVATE_PART = 4;

    private final AddressSpace space;
    private final MemorySegment segment;
    private final long windowBase;
    private final long windowSize;
    private final byte[] livePages;
    private final PrivateMemory privateMemory;

    /// @param bytes that the client has set aside at `windowBase`, for device memory and private
    ///   areas
    public WindowMemory(long windowBase, long bytes) {
        long privateBytes = Math.min(PRIVATE_BYTES, bytes / PRIVATE_PART) & -PAGE;
        this.windowBase = windowBase;
        this.windowSize = bytes - privateBytes;
        this.space = AddressSpace.reserve(bytes);
        this.segment = space.segment();
        this.livePages = new byte[Math.toIntExact(windowSize >>> PAGE_SHIFT)];
        this.privateMemory = new PrivateMemory(space, windowSize, privateBytes);
    }

    public MemorySegment segment() {
        return segment;
    }

    public long windowBase() {
        return windowBase;
    }

    public long windowSize() {
        return windowSize;
    }

    public PrivateMemory privateMemory() {
        return privateMemory;
    }

    /// Position in the segment of a generic address; meaningless (and out of bounds, or dead) for
    /// an address outside.
    public long offsetOf(long address) {
        return address - windowBase;
    }

    public long addressAt(long offset) {
        return windowBase + offset;
    }

    /// True when every page of a range of device addresses is live.
    public boolean isLive(long address, long bytes) {
        long first = address - windowBase;
        if (first < 0 || bytes < 0 || first >= windowSize || bytes > windowSize - first) {
            return false;
        }
        int last = (int) ((first + Math.max(bytes, 1) - 1) >>> PAGE_SHIFT);
        for (int page = (int) (first >>> PAGE_SHIFT); page <= last; page++) {
            if (livePages[page] == 0) {
                return false;
            }
        }
        return true;
    }

    void makeLive(long offset, long bytes) {
        space.makeLive(offset, bytes);
        mark(offset, bytes, (byte) 1);
    }

    void makeDead(long offset, long bytes) {
        mark(offset, bytes, (byte) 0);
        space.makeDead(offset, bytes);
    }

    private void mark(long offset, long bytes, byte live) {
        int end = (int) ((offset + bytes) >>> PAGE_SHIFT);
        for (int page = (int) (offset >>> PAGE_SHIFT); page < end; page++) {
            livePages[page] = live;
        }
    }

    @Override
    public void close() {
        space.close();
    }
}
