package org.bitfusion.gpu.soft.memory;

import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// Free ranges of numbers: takes the smallest that fits, joins neighbours when given back. Not
/// thread-safe.
final class RangeAllocator {
    private final TreeMap<Long, Long> bytesByOffset = new TreeMap<>();
    private final TreeMap<Long, TreeSet<Long>> offsetsByBytes = new TreeMap<>();

    /// Answers the first number of a free range of `bytes`, aligned, or -1.
    long take(long bytes, long alignment) {
        for (Map.Entry<Long, TreeSet<Long>> entry : offsetsByBytes.tailMap(bytes).entrySet()) {
            for (long offset : entry.getValue()) {
                long aligned = (offset + alignment - 1) & -alignment;
                if (aligned - offset <= entry.getKey() - bytes) {
                    cut(offset, entry.getKey(), aligned, bytes);
                    return aligned;
                }
            }
        }
        return -1;
    }

    private void cut(long offset, long size, long wanted, long bytes) {
        remove(offset, size);
        if (wanted > offset) {
            insert(offset, wanted - offset);
        }
        long behind = offset + size - (wanted + bytes);
        if (behind > 0) {
            insert(wanted + bytes, behind);
        }
    }

    /// Gives a range back, or adds a new one; answers the free range that it is now part of.
    Range give(long offset, long bytes) {
        long start = offset;
        long end = offset + bytes;
        Map.Entry<Long, Long> before = bytesByOffset.floorEntry(offset);
        if (before != null && before.getKey() + before.getValue() == offset) {
            start = before.getKey();
            remove(start, before.getValue());
        }
        Map.Entry<Long, Long> behind = bytesByOffset.ceilingEntry(end);
        if (behind != null && behind.getKey() == end) {
            end += behind.getValue();
            remove(behind.getKey(), behind.getValue());
        }
        insert(start, end - start);
        return new Range(start, end - start);
    }

    /// Takes a part out of a free range that contains it.
    void withdraw(Range free, long offset, long bytes) {
        cut(free.offset(), free.bytes(), offset, bytes);
    }

    private void insert(long offset, long bytes) {
        bytesByOffset.put(offset, bytes);
        offsetsByBytes.computeIfAbsent(bytes, _ -> new TreeSet<>()).add(offset);
    }

    private void remove(long offset, long bytes) {
        bytesByOffset.remove(offset);
        TreeSet<Long> offsets = offsetsByBytes.get(bytes);
        if (offsets != null) {
            offsets.remove(offset);
            if (offsets.isEmpty()) {
                offsetsByBytes.remove(bytes);
            }
        }
    }

    /// Consecutive numbers.
    record Range(long offset, long bytes) {}
}
