package org.bitfusion.gpu.soft.device;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Threads for streams and kernels: as many as have work, kept for a while. None of them keeps the
/// process alive. After the shutdown the rest (it only cleans up) runs in the thread that asks.
final class DeviceThreads {
    private static final long KEEP_SECONDS = 30;

    /// A kernel's recursion runs on the thread's stack.
    private static final long STACK_BYTES = 16L << 20;

    private DeviceThreads() {}

    static ExecutorService create() {
        AtomicInteger number = new AtomicInteger();
        return new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                KEEP_SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                work -> {
                    String name = "gpu-" + number.incrementAndGet();
                    Thread thread = new Thread(null, work, name, STACK_BYTES);
                    thread.setDaemon(true);
                    return thread;
                },
                (work, _) -> work.run());
    }
}
