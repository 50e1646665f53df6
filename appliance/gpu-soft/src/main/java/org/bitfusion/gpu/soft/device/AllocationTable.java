package org.bitfusion.gpu.soft.device;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.soft.memory.DeviceMemory;
import org.bitfusion.gpu.soft.memory.DeviceMemory.Allocation;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.jspecify.annotations.Nullable;

/// Who made which allocation of a driver, by offset in the window, and frees that wait for work in
/// flight.
final class AllocationTable {
    private final WindowMemory window;
    private final List<SoftDevice> devices;
    private final Object lock;
    private final Supplier<List<StreamQueue>> queues;
    private final Map<Long, Owned> owned = new ConcurrentHashMap<>();
    private final Queue<Completion> waitingForFrees = new ConcurrentLinkedQueue<>();
    private final AtomicInteger freesPending = new AtomicInteger();

    AllocationTable(
            WindowMemory window,
            List<SoftDevice> devices,
            Object lock,
            Supplier<List<StreamQueue>> queues) {
        this.window = window;
        this.devices = devices;
        this.lock = lock;
        this.queues = queues;
    }

    /// An allocation and its owner.
    ///
    /// @param pool where it goes when freed, or null
    record Owned(
            SoftContext context,
            DeviceMemory memory,
            Allocation allocation,
            @Nullable SoftPool pool) {}

    long put(Owned entry) {
        owned.put(entry.allocation().offset(), entry);
        return window.addressAt(entry.allocation().offset());
    }

    /// Takes an entry out: its address cannot be freed again. Null when none starts there.
    @Nullable Owned take(long address) {
        return owned.remove(window.offsetOf(address));
    }

    /// The live allocation that contains an address, or null.
    @Nullable Allocation containing(long address) {
        long offset = window.offsetOf(address);
        for (SoftDevice device : devices) {
            Allocation allocation = device.memory().containing(offset);
            if (allocation != null && owned.containsKey(allocation.offset())) {
                return allocation;
            }
        }
        return null;
    }

    boolean isInside(long offset, long bytes) {
        for (SoftDevice device : devices) {
            if (device.memory().isInside(offset, bytes)) {
                return true;
            }
        }
        return false;
    }

    /// Does something with memory when all work that is in flight now is over.
    void afterWork(Runnable release) {
        freesPending.incrementAndGet();
        StreamQueue.whenAllReached(
                lock,
                queues.get(),
                () -> {
                    release.run();
                    if (freesPending.decrementAndGet() == 0) {
                        tellFreed();
                    }
                });
    }

    boolean whenFreed(Completion completion) {
        if (freesPending.get() == 0) {
            return false;
        }
        waitingForFrees.add(completion);
        if (freesPending.get() == 0) {
            tellFreed();
        }
        return true;
    }

    private void tellFreed() {
        Completion next = waitingForFrees.poll();
        while (next != null) {
            next.completed(CudaStatus.SUCCESS);
            next = waitingForFrees.poll();
        }
    }

    /// Takes out everything that a context owns.
    List<Owned> takeAllOf(SoftContext context) {
        List<Owned> entries =
                owned.values().stream().filter(entry -> entry.context() == context).toList();
        entries.forEach(entry -> owned.remove(entry.allocation().offset()));
        return entries;
    }
}
