package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.jspecify.annotations.Nullable;

/// What a closed stream still had to do. Thread-safe.
final class LastWork {
    private final List<Completion> waiting = new ArrayList<>();
    private @Nullable CudaStatus outcome;

    /// Tells when it is done, at once if it is.
    void whenDone(Completion completion) {
        CudaStatus known;
        synchronized (this) {
            known = outcome;
            if (known == null) {
                waiting.add(completion);
            }
        }
        if (known != null) {
            completion.completed(known);
        }
    }

    void done(CudaStatus status) {
        List<Completion> told;
        synchronized (this) {
            outcome = status;
            told = List.copyOf(waiting);
        }
        told.forEach(completion -> completion.completed(status));
    }
}
