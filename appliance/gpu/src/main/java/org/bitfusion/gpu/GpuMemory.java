package org.bitfusion.gpu;

/// Device memory of one context.
public interface GpuMemory {
    /// Free and total bytes as the program may know them.
    record Information(long free, long total) {}

    /// An allocation that contains some address.
    record Range(long address, long bytes) {}

    /// @param alignment power of two; at least 256 is given
    Outcome<Long> allocate(long bytes, long alignment);

    /// Frees what [#allocate] gave. Work that is in flight may still use it: the memory is reused
    /// only when everything submitted before is done. Address 0 is allowed.
    CudaStatus free(long address);

    /// True when memory that was freed is still held by work in flight; then `completion` is told
    /// when it is back, so that an allocation that failed may be tried again.
    boolean whenFreed(Completion completion);

    Information information();

    /// The live allocation that contains an address, whoever made it: INVALID_VALUE when there is
    /// none.
    Outcome<Range> range(long address);

    /// The pool that stream-ordered allocations use when none is named.
    GpuPool defaultPool();

    Outcome<GpuPool> createPool();

    /// Allocates in the stream's order: the memory may be used by work behind this in the stream.
    Outcome<Long> allocateAsync(GpuStream stream, GpuPool pool, long bytes);

    /// Frees in the stream's order, memory of [#allocate] too.
    CudaStatus freeAsync(GpuStream stream, long address);
}
