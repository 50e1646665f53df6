package org.bitfusion.gpu.cuda;

import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/// Addresses that nobody uses, of one range: the lowest that fit are given first. Not thread-safe.
final class FreeRanges {
    private final TreeMap<Long, Long> free = new TreeMap<>();
    private final long bytes;
    private long freeBytes;

    FreeRanges(long base, long bytes) {
        this.bytes = bytes;
        if (bytes > 0) {
            give(base, bytes);
        }
    }

    /// @param alignment power of two
    OptionalLong take(long wanted, long alignment) {
        for (Map.Entry<Long, Long> range : free.entrySet()) {
            long start = range.getKey();
            long end = start + range.getValue();
            long address = (start + alignment - 1) & -alignment;
            if (address >= start && wanted <= end - address) {
                free.remove(start);
                keep(start, address - start);
                keep(address + wanted, end - address - wanted);
                freeBytes -= wanted;
                return OptionalLong.of(address);
            }
        }
        return OptionalLong.empty();
    }

    private void keep(long start, long length) {
        if (length > 0) {
            free.put(start, length);
        }
    }

    /// Takes back what [#take] gave.
    void give(long address, long length) {
        freeBytes += length;
        long start = address;
        long end = address + length;
        Map.Entry<Long, Long> before = free.lowerEntry(address);
        if (before != null && before.getKey() + before.getValue() == start) {
            start = before.getKey();
            free.remove(start);
        }
        Long behind = free.remove(end);
        free.put(start, end - start + (behind == null ? 0 : behind));
    }

    /// Whether nothing is in use.
    boolean isWhole() {
        return freeBytes == bytes;
    }
}
