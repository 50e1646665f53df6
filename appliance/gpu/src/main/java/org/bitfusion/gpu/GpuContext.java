package org.bitfusion.gpu;

/// A program's state on one device: memory, streams, modules, the first execution error.
public interface GpuContext extends AutoCloseable {
    GpuDevice device();

    GpuMemory memory();

    /// The legacy default stream: waits for, and is waited for by, every blocking stream.
    GpuStream defaultStream();

    /// @param flags CU_STREAM_NON_BLOCKING = 1
    /// @param priority lower numbers first; values out of range are clamped
    Outcome<GpuStream> createStream(int flags, int priority);

    /// @param flags CU_EVENT_BLOCKING_SYNC = 1, CU_EVENT_DISABLE_TIMING = 2
    Outcome<GpuEvent> createEvent(int flags);

    /// Loads a module; the failure's detail names what is wrong with the image.
    Outcome<GpuModule> loadModule(ModuleImage image);

    /// Completes when everything submitted to any stream of the context before this call is done.
    void whenIdle(Completion completion);

    /// The sticky error of the context, or SUCCESS.
    CudaStatus error();

    /// The first error of execution since the last call, then forgotten; a sticky one stays. An
    /// answered call reports it.
    CudaStatus takeError();

    /// @param limit CU_LIMIT_* number
    Outcome<Long> limit(int limit);

    CudaStatus setLimit(int limit, long value);

    CudaStatus enablePeer(GpuContext peer);

    CudaStatus disablePeer(GpuContext peer);

    /// What kernels have printed since the last call, in order: taken at synchronising points.
    /// Empty most of the time, and then free.
    byte[] takeOutput();

    /// What the failed assertions of kernels say for the program's standard error, since the last
    /// call; taken with the output. Empty and free as that.
    byte[] takeFailures();

    /// Ends the context: running kernels are stopped, its memory, streams and modules are gone.
    @Override
    void close();
}
