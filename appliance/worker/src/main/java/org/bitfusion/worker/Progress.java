package org.bitfusion.worker;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.protocol.message.Point;
import org.bitfusion.protocol.message.StreamReached;
import org.bitfusion.worker.wire.FrameWriter;
import org.jspecify.annotations.Nullable;

/// Tells the client which points its streams have passed, without being asked. Points may be
/// reached in any thread: the one that reads and executes in turn leaves them until it waits for
/// the client, so that those of a burst travel together; any other sends what has come together at
/// once.
final class Progress {
    /// Points of one message at most, as the specification says.
    private static final int MOST = 1024;

    /// So many points may wait while another thread sends; who brings more waits with them.
    private static final int MOST_WAITING = 1 << 16;

    private record Passed(@Nullable ClientContext context, Point point) {}

    private final FrameWriter writer;
    private final KernelOutput output;
    private final BooleanSupplier leaves;
    private final ConcurrentLinkedQueue<Passed> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final ReentrantLock sending = new ReentrantLock();

    /// @param leaves whether this thread calls [#burstEnds] soon, so that points may wait for it
    Progress(FrameWriter writer, KernelOutput output, BooleanSupplier leaves) {
        this.leaves = leaves;
        this.writer = writer;
        this.output = output;
    }

    /// A point was passed.
    ///
    /// @param handle of the event or stream whose point it is
    /// @param status of the execution so far
    void reached(ClientContext context, long handle, long position, CudaStatus status) {
        CudaStatus told = status == CudaStatus.SUCCESS ? context.pendingError() : status;
        add(new Passed(context, new Point(handle, position, told.code())));
    }

    /// There is no such point: its event, or the stream, could not be made.
    void failed(long handle, long position) {
        add(new Passed(null, new Point(handle, position, CudaStatus.INVALID_HANDLE.code())));
    }

    private void add(Passed passed) {
        waiting.add(passed);
        int together = count.incrementAndGet();
        if (!leaves.getAsBoolean() || together >= MOST) {
            send(together > MOST_WAITING);
        }
    }

    /// The thread that leaves points is about to wait for the client, or does not leave any from
    /// here on.
    void burstEnds() {
        if (count.get() > 0) {
            send(false);
        }
    }

    private void send(boolean waits) {
        if (waits) {
            sending.lock();
            drainAndUnlock();
        }
        while (count.get() > 0 && sending.tryLock()) {
            drainAndUnlock();
        }
    }

    private void drainAndUnlock() {
        try {
            while (count.get() > 0) {
                sendSome();
            }
        } finally {
            sending.unlock();
        }
    }

    private void sendSome() {
        List<Point> points = new ArrayList<>();
        Set<ClientContext> contexts = new LinkedHashSet<>();
        for (Passed one; points.size() < MOST && (one = waiting.poll()) != null; ) {
            points.add(one.point());
            if (one.context() != null) {
                contexts.add(one.context());
            }
        }
        count.addAndGet(-points.size());
        contexts.forEach(output::send);
        StreamReached message = new StreamReached(points);
        writer.send(message.wireBytes(), message::writeFrame);
    }
}
