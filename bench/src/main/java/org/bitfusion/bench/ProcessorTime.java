package org.bitfusion.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/// Counts what one thread does in a second of its processor's time, whatever else the machine does.
final class ProcessorTime {
    private static final long MEASURED_NANOS = 500_000_000;
    private static final int STEPS_AT_A_TIME = 16;

    private ProcessorTime() {}

    /// Steps a second.
    static double perSecond(Runnable step) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        long steps = 0;
        long used = 0;
        while (used < MEASURED_NANOS) {
            for (int i = 0; i < STEPS_AT_A_TIME; i++) {
                step.run();
            }
            steps += STEPS_AT_A_TIME;
            used = threads.getCurrentThreadCpuTime() - start;
        }
        return steps * 1e9 / used;
    }
}
