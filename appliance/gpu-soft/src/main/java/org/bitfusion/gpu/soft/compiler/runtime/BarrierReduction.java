package org.bitfusion.gpu.soft.compiler.runtime;

import java.util.function.IntPredicate;

/// `bar.red`: one result for all threads of a barrier.
final class BarrierReduction {
    private BarrierReduction() {}

    /// @param takesPart which threads
    static void run(CutPoint.Action action, Frame frame, IntPredicate takesPart) {
        int count = 0;
        int threads = 0;
        for (int thread = 0; thread < frame.threads; thread++) {
            if (takesPart.test(thread)) {
                count += frame.third[thread] & 1;
                threads++;
            }
        }
        int result =
                switch (action) {
                    case BARRIER_AND -> count == threads ? 1 : 0;
                    case BARRIER_OR -> count > 0 ? 1 : 0;
                    default -> count;
                };
        for (int thread = 0; thread < frame.threads; thread++) {
            if (takesPart.test(thread)) {
                frame.result[thread] = result;
            }
        }
    }
}
