package org.bitfusion.gpu;

/// A pool of stream-ordered memory. Attributes by CUmemPool_attribute number: 1–3 reuse policies, 4
/// release threshold, 5 and 6 reserved now and highest, 7 and 8 used now and highest.
public interface GpuPool extends AutoCloseable {
    Outcome<Long> attribute(int attribute);

    /// The highest-use attributes can only be set to 0.
    CudaStatus setAttribute(int attribute, long value);

    /// Gives memory back that no allocation uses, down to `bytesToKeep` reserved.
    CudaStatus trim(long bytesToKeep);

    /// The pool goes away when its last allocation is freed.
    @Override
    void close();
}
