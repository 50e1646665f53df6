package org.bitfusion.gpu;

import java.nio.ByteBuffer;

/// Bytes on their way into device memory. Exactly one of [#commit] and [#cancel] ends it.
public interface PendingWrite {
    /// A direct buffer with room for all bytes of the write; device memory itself where possible.
    ByteBuffer buffer();

    /// The buffer is full: the write takes its place in the stream.
    ///
    /// @param landed told when the buffer's bytes have left staging: then the sender may send more
    CudaStatus commit(Completion landed);

    /// The bytes did not come: nothing (more) is written.
    void cancel();
}
