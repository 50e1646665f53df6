package org.bitfusion.worker.nativeaccess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class TimeSliceTest {
    @Test
    void aThreadCanAskForAShorterSlice() throws Exception {
        FutureTask<long[]> slices =
                new FutureTask<>(() -> {
                    long before = TimeSlice.current();
                    TimeSlice.shorten(200_000);
                    return new long[] {before, TimeSlice.current()};
                });
        Thread.ofPlatform().start(slices);
        assumeThat(slices.get()[0]).as("the system tells slices").isPositive();
        assertThat(slices.get()[1]).isEqualTo(200_000);
    }
}
