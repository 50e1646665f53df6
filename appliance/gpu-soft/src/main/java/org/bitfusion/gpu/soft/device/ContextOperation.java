package org.bitfusion.gpu.soft.device;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.soft.launch.Faults;

/// Work of a context: left out when the context has failed, and failing it when it goes wrong.
abstract class ContextOperation extends Operation {
    final SoftContext context;

    ContextOperation(SoftContext context) {
        this.context = context;
    }

    /// The work itself; see [Operation#execute].
    abstract boolean run();

    /// Told instead of [#run], or after it went wrong.
    void dropped(CudaStatus status) {}

    /// True for work that is done even in a failed context.
    boolean runsAfterError() {
        return false;
    }

    @Override
    final boolean execute() {
        CudaStatus error = context.error();
        if (!error.isSuccess() && !runsAfterError()) {
            dropped(error);
            return true;
        }
        try {
            return run();
        } catch (Throwable problem) {
            CudaStatus status = Faults.statusOf(problem);
            context.fail(status, Faults.describe(problem));
            dropped(status);
            return true;
        }
    }

    /// Work without an end of its own.
    static ContextOperation of(SoftContext context, Runnable work) {
        return new ContextOperation(context) {
            @Override
            boolean run() {
                work.run();
                return true;
            }
        };
    }

    /// Work that is done even in a failed context.
    static ContextOperation always(SoftContext context, Runnable work) {
        return new ContextOperation(context) {
            @Override
            boolean run() {
                work.run();
                return true;
            }

            @Override
            boolean runsAfterError() {
                return true;
            }
        };
    }
}
