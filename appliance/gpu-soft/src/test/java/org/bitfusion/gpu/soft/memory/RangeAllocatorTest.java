package org.bitfusion.gpu.soft.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RangeAllocatorTest {
    private static final int SIZE = 1 << 16;

    @Test
    void rangesNeverOverlapAndAllComesBackInOnePiece() {
        RangeAllocator allocator = new RangeAllocator();
        allocator.give(0, SIZE);
        boolean[] used = new boolean[SIZE];
        List<long[]> taken = new ArrayList<>();
        Random random = new Random(11);
        for (int round = 0; round < 20_000; round++) {
            if (random.nextBoolean() && !taken.isEmpty()) {
                long[] range = taken.remove(random.nextInt(taken.size()));
                mark(used, range, false);
                allocator.give(range[0], range[1]);
            } else {
                long bytes = 1L + random.nextInt(900);
                long alignment = 1L << random.nextInt(9);
                long offset = allocator.take(bytes, alignment);
                if (offset >= 0) {
                    assertThat(offset % alignment).isZero();
                    mark(used, new long[] {offset, bytes}, true);
                    taken.add(new long[] {offset, bytes});
                }
            }
        }
        taken.forEach(range -> allocator.give(range[0], range[1]));
        assertThat(allocator.take(SIZE, 1)).isZero();
        assertThat(allocator.take(1, 1)).isNegative();
    }

    private static void mark(boolean[] used, long[] range, boolean value) {
        for (long at = range[0]; at < range[0] + range[1]; at++) {
            assertThat(used[(int) at]).isEqualTo(!value);
            used[(int) at] = value;
        }
    }

    @Test
    void theSmallestRangeThatFitsIsTaken() {
        RangeAllocator allocator = new RangeAllocator();
        allocator.give(0, 100);
        allocator.give(1000, 20);
        allocator.give(2000, 50);
        assertThat(allocator.take(20, 1)).isEqualTo(1000);
        assertThat(allocator.take(30, 1)).isEqualTo(2000);
        assertThat(allocator.take(20, 1)).isEqualTo(2030);
        assertThat(allocator.take(101, 1)).isNegative();
    }
}
