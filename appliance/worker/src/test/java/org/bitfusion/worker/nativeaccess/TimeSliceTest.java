package org.bitfusion.worker.nativeaccess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class TimeSliceTest {
    @Test
    void aThreadCanAskForAShorterSliceForItselfAlone() throws Exception {
        FutureTask<long[]> slices =
                new FutureTask<>(() -> {
                    long before = TimeSlice.current();
                    TimeSlice.shorten(200_000);
                    FutureTask<Long> child = new FutureTask<>(TimeSlice::current);
                    Thread.ofPlatform().start(child);
                    return new long[] {before, TimeSlice.current(), child.get()};
                });
        Thread.ofPlatform().start(slices);
        assumeThat(slices.get()[0]).as("the system tells slices").isPositive();
        assertThat(slices.get()[1]).isEqualTo(200_000);
        assertThat(slices.get()[2]).as("of a thread that it starts").isEqualTo(slices.get()[0]);
    }
}
