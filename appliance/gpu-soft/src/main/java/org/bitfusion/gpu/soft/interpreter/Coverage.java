package org.bitfusion.gpu.soft.interpreter;

import java.util.IdentityHashMap;
import org.bitfusion.gpu.soft.execution.LaunchContext;

/// Runs turns while telling the recorder every form at its first execution here.
final class Coverage {
    private final LaunchContext.CoverageRecorder recorder;
    private final IdentityHashMap<Code, boolean[]> seen = new IdentityHashMap<>();

    Coverage(LaunchContext.CoverageRecorder recorder) {
        this.recorder = recorder;
    }

    void turn(CudaThread thread, int steps) {
        for (int left = steps;
                left > 0 && thread.state == CudaThread.State.RUNNABLE && !thread.gaveUp;
                left--) {
            Code code = thread.code;
            int counter = thread.counter++;
            Step step = thread.steps[counter];
            note(thread, code, counter, step);
            step.execute(thread);
        }
    }

    private void note(CudaThread thread, Code code, int counter, Step step) {
        boolean[] marks = seen.computeIfAbsent(code, c -> new boolean[c.steps().size()]);
        if (marks[counter] || (step instanceof Step.Guarded guarded && !guarded.passes(thread))) {
            return;
        }
        marks[counter] = true;
        recorder.executed(code.origins().get(counter).form());
    }
}
