package org.bitfusion.gpu.soft.compiler.runtime;

/// What generated code calls for instructions that it leaves to the interpreter's steps, and for
/// questions about a thread's address spaces.
public final class Bridge {
    private Bridge() {}

    /// Executes instruction `number` of the kernel's bridged ones; the bits of its first result.
    public static long execute(
            long first, long second, long third, long fourth, Frame frame, int number) {
        return frame.bridged[number].execute(first, second, third, fourth);
    }

    /// Another result of the last execution.
    public static long result(Frame frame, int number, int index) {
        return frame.bridged[number].result(index);
    }

    /// `isspacep.global`: 1 when a generic address is neither the block's shared memory nor the
    /// thread's local memory.
    public static int isGlobal(long address, Frame frame, int thread) {
        long at = address - frame.windowBase + frame.nativeBase;
        long own = frame.local + thread * frame.localStride;
        boolean shared =
                Long.compareUnsigned(at - frame.shared, Math.max(1, frame.sharedBytes)) < 0;
        boolean local = Long.compareUnsigned(at - own, frame.localStride) < 0;
        return shared || local ? 0 : 1;
    }
}
