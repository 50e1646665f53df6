package org.bitfusion.gpu;

/// Told once, when something asynchronous is over. Runs on whichever thread finished it, possibly
/// the caller's own before the call returns: it must be short and must not block.
@FunctionalInterface
public interface Completion {
    /// @param status SUCCESS, or the error that the context had by then
    void completed(CudaStatus status);
}
