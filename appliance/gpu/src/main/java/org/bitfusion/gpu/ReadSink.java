package org.bitfusion.gpu;

import java.nio.ByteBuffer;

/// Takes the bytes of a read, in order.
public interface ReadSink {
    /// Some bytes. May block until the receiver takes them; the stream waits meanwhile. The buffer
    /// is valid until this returns.
    ///
    /// @param packedOffset position of the first byte in the packed form of the region
    void accept(ByteBuffer bytes, long packedOffset);

    /// The same of a buffer that is valid and does not change until [#settle] returns.
    default void acceptLasting(ByteBuffer bytes, long packedOffset) {
        accept(bytes, packedOffset);
    }

    /// What came by [#acceptLasting] may change when this returns.
    default void settle() {}

    /// The end: all bytes were given, or an error came first.
    void completed(CudaStatus status);
}
