package org.bitfusion.gpu;

import java.util.function.Consumer;

/// A queue of work on one device. Methods only enqueue (or, where the stream is idle and the work
/// small, do it at once). The status they answer is what is known at once: wrong arguments; errors
/// of execution appear in [GpuContext#error] and in every later completion.
public interface GpuStream extends AutoCloseable {
    GpuContext context();

    /// Prepares a write of `byteCount` packed bytes, `packedOffset` bytes into the packed form of
    /// the region. The caller fills the buffer and commits before its next call on any stream of
    /// the context. Waits while [StagingMemory] is short of what was submitted before.
    Outcome<PendingWrite> write(long destination, Region region, long packedOffset, int byteCount);

    /// Reads a region. The sink runs on a thread of the stream; for a few KiB on an idle stream it
    /// may run in the caller, before this returns.
    CudaStatus read(long source, Region region, ReadSink sink);

    CudaStatus copy(long destination, long source, long bytes);

    /// Copies a box; both regions have the same width, height and depth. Overlap is undefined.
    CudaStatus copyRegion(
            long destination, Region destinationRegion, long source, Region sourceRegion);

    /// Fills rows with a value.
    ///
    /// @param elementBytes 1, 2 or 4
    /// @param pitch bytes from row to row
    /// @param columns elements in a row
    CudaStatus fill(
            long destination, int value, int elementBytes, long pitch, long columns, long rows);

    CudaStatus launch(GpuFunction function, LaunchParameters parameters);

    CudaStatus record(GpuEvent event);

    /// Work behind this waits for the event's latest record at the time of this call.
    CudaStatus await(GpuEvent event);

    /// Calls `function` with a Runnable when the stream gets there; the stream goes on when that
    /// has been run, by any thread.
    CudaStatus hostFunction(Consumer<Runnable> function);

    /// Completes when everything enqueued before is done.
    void whenReached(Completion completion);

    /// SUCCESS when everything is done, NOT_READY, or the context's error.
    CudaStatus query();

    /// The stream finishes what it has and goes away.
    @Override
    void close();
}
