package org.bitfusion.worker;

import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuStream;

/// A stream of the client. Collects what the frames cost that were enqueued in it, until the stream
/// is asked when it has executed them.
final class ClientStream {
    private final ClientContext context;
    private final GpuStream gpu;
    private long unreturned;
    private long orderedAfter;

    ClientStream(ClientContext context, GpuStream gpu) {
        this.context = context;
        this.gpu = gpu;
    }

    ClientContext context() {
        return context;
    }

    GpuStream gpu() {
        return gpu;
    }

    /// Keeps the error of a call that is not answered.
    void check(CudaStatus status) {
        if (status != CudaStatus.SUCCESS) {
            context.defer(status);
        }
    }

    /// The number of the last [PrecedingWork] that this stream comes after.
    long orderedAfter() {
        return orderedAfter;
    }

    void orderAfter(long number) {
        orderedAfter = number;
    }

    /// @return whether this is the first cost since the last [#takeCost]
    boolean addCost(long cost) {
        boolean first = unreturned == 0;
        unreturned += cost;
        return first;
    }

    long takeCost() {
        long cost = unreturned;
        unreturned = 0;
        return cost;
    }
}
