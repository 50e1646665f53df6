package org.bitfusion.scheduler;

import java.util.Arrays;
import java.util.stream.LongStream;

/// The smallest of the values that were offered, ascending; a few of them.
final class Smallest {
    private final long[] values;
    private int count;

    /// @param limit how many are kept
    Smallest(int limit) {
        values = new long[limit];
    }

    void clear() {
        count = 0;
    }

    boolean isFull() {
        return count == values.length;
    }

    int count() {
        return count;
    }

    long at(int i) {
        return values[i];
    }

    /// The largest of them.
    long last() {
        return values[count - 1];
    }

    void offer(long value) {
        if (isFull() && value >= values[count - 1]) {
            return;
        }
        int at = isFull() ? count - 1 : count++;
        while (at > 0 && values[at - 1] > value) {
            values[at] = values[at - 1];
            at--;
        }
        values[at] = value;
    }

    LongStream stream() {
        return Arrays.stream(values, 0, count);
    }
}
