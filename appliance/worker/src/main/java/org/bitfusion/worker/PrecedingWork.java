package org.bitfusion.worker;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.GpuStream;

/// Work in one stream that comes before whatever is submitted later to any other. Used by the
/// thread that executes.
final class PrecedingWork {
    /// CU_EVENT_DISABLE_TIMING.
    private static final int WITHOUT_TIMING = 2;

    private record Barrier(long number, ClientStream stream, GpuEvent event) {}

    private final List<Barrier> barriers = new ArrayList<>();
    private long made;

    /// What the stream has now comes first from here on.
    void add(ClientStream stream) {
        forgetReached();
        GpuStream gpu = stream.gpu();
        if (gpu.query() == CudaStatus.NOT_READY) {
            GpuEvent event = stream.context().gpu().createEvent(WITHOUT_TIMING).valueOrNull();
            if (event != null) {
                stream.check(gpu.record(event));
                barriers.add(new Barrier(++made, stream, event));
            } else {
                stream.check(CudaStatus.OUT_OF_MEMORY);
            }
        }
    }

    /// Something is about to be submitted to the stream.
    void orderBefore(ClientStream stream) {
        if (!barriers.isEmpty() && stream.orderedAfter() < made) {
            forgetReached();
            for (Barrier barrier : barriers) {
                if (barrier.number() > stream.orderedAfter() && !barrier.stream().equals(stream)) {
                    stream.check(stream.gpu().await(barrier.event()));
                }
            }
            stream.orderAfter(made);
        }
    }

    private void forgetReached() {
        barriers.removeIf(barrier -> {
            boolean reached = barrier.event().query() != CudaStatus.NOT_READY;
            if (reached) {
                barrier.event().close();
            }
            return reached;
        });
    }
}
