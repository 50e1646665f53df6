package org.bitfusion.gpu.soft.compiler.runtime;

import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.ThreadPosition;

/// What generated code asks of the device.
public final class Services {
    private static final int WARP = 32;

    private Services() {}

    public static long clock(Frame frame) {
        return frame.services.clock();
    }

    public static int clockLow(Frame frame) {
        return (int) frame.services.clock();
    }

    public static int clockHigh(Frame frame) {
        return (int) (frame.services.clock() >>> Integer.SIZE);
    }

    public static long globalTimer(Frame frame) {
        return frame.services.globalTimer();
    }

    public static int globalTimerLow(Frame frame) {
        return (int) frame.services.globalTimer();
    }

    public static int globalTimerHigh(Frame frame) {
        return (int) (frame.services.globalTimer() >>> Integer.SIZE);
    }

    public static int multiprocessors(Frame frame) {
        return frame.services.multiprocessors();
    }

    public static int warps(Frame frame) {
        return (frame.threads + WARP - 1) / WARP;
    }

    public static int dynamicSharedBytes(Frame frame) {
        return frame.dynamicSharedBytes;
    }

    public static int sharedBytes(Frame frame) {
        return frame.sharedBytes;
    }

    public static int environmentRegister(Frame frame, int index) {
        return frame.launch.environmentRegister(index);
    }

    public static int zero(Frame frame) {
        return 0;
    }

    public static int one(Frame frame) {
        return 1;
    }

    /// `vprintf`.
    public static int print(long format, long arguments, Frame frame) {
        return frame.services.print(format, arguments);
    }

    public static long allocate(long byteCount, Frame frame) {
        return frame.services.allocate(byteCount);
    }

    public static void free(long address, Frame frame) {
        frame.services.free(address);
    }

    public static KernelFault assertionFailed(
            long message, long file, int line, long function, Frame frame, int thread) {
        ThreadPosition position =
                new ThreadPosition(
                        frame.ctaidX,
                        frame.ctaidY,
                        frame.ctaidZ,
                        frame.threadX[thread],
                        frame.threadY[thread],
                        frame.threadZ[thread]);
        return frame.services.assertionFailed(message, file, line, function, position);
    }
}
