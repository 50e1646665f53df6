package org.bitfusion.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Regions come from clients: every number of theirs may be anything.
class RegionTest {
    private static final long HUGE = 1L << 62;

    @ParameterizedTest
    @CsvSource({
        "16, 4, 3, 32, 128, 368", // with gaps
        "16, 4, 3, 16, 64, 192",
        "16, 1, 1, 4611686018427387904, 4611686018427387904, 16", // nothing uses the pitches
        "16, 1, 1, -1, -1, 16",
        "16, 1, 3, -5, 16, 48",
        "0, 4611686018427387904, 4611686018427387904, 8, 8, 0",
    })
    void spansFromTheFirstByteToTheLast(
            long width, long height, long depth, long pitch, long slicePitch, long span) {
        Region region = new Region(width, height, depth, pitch, slicePitch);
        assertThat(region.isValid()).isTrue();
        assertThat(region.spanBytes()).isEqualTo(span);
    }

    @ParameterizedTest
    @CsvSource({
        "-1, 1, 1, 8, 8",
        "8, -1, 1, 8, 8",
        "8, 1, -1, 8, 8",
        "8, 2, 1, 7, 16", // rows overlap
        "8, 2, 2, 8, 15", // slices overlap
        "8, 9, 1, 2305843009213693952, 0", // pitch * height wraps to something small
        "8, 4611686018427387904, 1, 8, 0",
        "8, 2, 4611686018427387904, 8, 16",
        "8, 4294967296, 4294967296, 8, 0", // packed bytes wrap, slices lie on each other
        "70368744177665, 1, 1, 8, 8",
    })
    void whatWrapsOrOverlapsIsNotValid(
            long width, long height, long depth, long pitch, long slicePitch) {
        assertThat(new Region(width, height, depth, pitch, slicePitch).isValid()).isFalse();
    }

    @Test
    void aLinearRegionOfAnySizeIsJudgedByItsSize() {
        assertThat(Region.linear(1L << 46).isValid()).isTrue();
        assertThat(Region.linear(HUGE).isValid()).isFalse();
    }
}
