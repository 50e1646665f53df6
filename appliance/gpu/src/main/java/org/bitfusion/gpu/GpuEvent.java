package org.bitfusion.gpu;

/// A point in a stream.
public interface GpuEvent extends AutoCloseable {
    /// SUCCESS when the latest record was reached, or none was made; NOT_READY; or an error.
    CudaStatus query();

    /// Completes when the latest record is reached.
    void whenReached(Completion completion);

    /// Milliseconds from `start` to this: INVALID_HANDLE when one was never recorded or has no
    /// timing, NOT_READY when one is not reached.
    Outcome<Float> millisecondsSince(GpuEvent start);

    @Override
    void close();
}
