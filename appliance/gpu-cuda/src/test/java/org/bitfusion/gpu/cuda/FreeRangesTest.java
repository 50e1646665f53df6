package org.bitfusion.gpu.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class FreeRangesTest {
    private static final long BASE = 1L << 40;

    private final FreeRanges ranges = new FreeRanges(BASE, 1000);

    @Test
    void theLowestThatFitIsGivenAndNothingTwice() {
        assertThat(ranges.take(400, 1)).hasValue(BASE);
        assertThat(ranges.take(400, 1)).hasValue(BASE + 400);
        assertThat(ranges.take(400, 1)).isEmpty();
        assertThat(ranges.take(200, 1)).hasValue(BASE + 800);
        assertThat(ranges.take(1, 1)).isEmpty();
    }

    @Test
    void alignmentLeavesTheGapUsable() {
        assertThat(ranges.take(8, 1)).hasValue(BASE);
        assertThat(ranges.take(100, 256)).hasValue(BASE + 256);
        assertThat(ranges.take(200, 8)).hasValue(BASE + 8);
        assertThat(ranges.take(8, 512)).hasValue(BASE + 512);
    }

    @Test
    void neighboursJoinInEveryOrderOfGivingBack() {
        int[][] orders = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        for (int[] order : orders) {
            FreeRanges three = new FreeRanges(BASE, 300);
            for (int i = 0; i < 3; i++) {
                assertThat(three.take(100, 1)).hasValue(BASE + i * 100L);
            }
            assertThat(three.isWhole()).isFalse();
            for (int i : order) {
                three.give(BASE + i * 100L, 100);
            }
            assertThat(three.isWhole()).isTrue();
            assertThat(three.take(300, 1)).isEqualTo(OptionalLong.of(BASE));
        }
    }
}
