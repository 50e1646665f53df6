package org.bitfusion.gpu.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.bitfusion.gpu.CudaStatus;

/// Holds a stream until a Runnable has been run: a host function of the driver that waits for it.
final class HostFunctions {
    private static final Map<Long, Consumer<Runnable>> PENDING = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT = new AtomicLong(1);
    private static final MemorySegment STUB = stub();

    private HostFunctions() {}

    static CudaStatus enqueue(long stream, Consumer<Runnable> function) {
        long id = NEXT.getAndIncrement();
        PENDING.put(id, function);
        CudaStatus status =
                CudaStatus.of(
                        CudaLibrary.cuLaunchHostFunc(stream, STUB, MemorySegment.ofAddress(id)));
        if (!status.isSuccess()) {
            PENDING.remove(id);
        }
        return status;
    }

    // Called by the driver on a thread of its own; nothing may be thrown into it.
    @SuppressWarnings("UnusedMethod") // found by name below
    private static void reached(MemorySegment id) {
        Consumer<Runnable> function = PENDING.remove(id.address());
        if (function == null) {
            return;
        }
        CountDownLatch done = new CountDownLatch(1);
        try {
            function.accept(done::countDown);
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            org.slf4j.LoggerFactory.getLogger(HostFunctions.class)
                    .error("a host function failed", e);
        }
    }

    private static MemorySegment stub() {
        try {
            return Linker.nativeLinker()
                    .upcallStub(
                            MethodHandles.lookup()
                                    .findStatic(
                                            HostFunctions.class,
                                            "reached",
                                            MethodType.methodType(void.class, MemorySegment.class)),
                            FunctionDescriptor.ofVoid(ADDRESS),
                            Arena.global());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
