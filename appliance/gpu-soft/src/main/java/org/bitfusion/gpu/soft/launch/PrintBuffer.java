package org.bitfusion.gpu.soft.launch;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Deque;

/// What kernels have printed and nobody has taken yet. When there is no room for more, the oldest
/// prints make way (CUDA programming guide, "Formatted Output"). Safe for use by several threads.
final class PrintBuffer {
    private static final byte[] NOTHING = {};

    private final Deque<byte[]> prints = new ArrayDeque<>();
    private volatile int byteCount;

    /// Keeps the text of one print.
    ///
    /// @param limit bytes that the buffer may hold
    /// @return false when the text alone is longer than that; then nothing changes
    synchronized boolean add(byte[] text, long limit) {
        if (text.length > limit) {
            return false;
        }
        int kept = byteCount;
        while (kept + (long) text.length > limit) {
            kept -= prints.removeFirst().length;
        }
        if (text.length > 0) {
            prints.addLast(text);
        }
        byteCount = kept + text.length;
        return true;
    }

    /// Everything, oldest first; the buffer is empty after it.
    byte[] take() {
        return byteCount == 0 ? NOTHING : takeAll();
    }

    private synchronized byte[] takeAll() {
        ByteArrayOutputStream all = new ByteArrayOutputStream(byteCount);
        prints.forEach(all::writeBytes);
        prints.clear();
        byteCount = 0;
        return all.toByteArray();
    }
}
