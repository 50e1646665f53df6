package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.ClientMessages;
import org.bitfusion.protocol.message.WireConstants;
import org.jspecify.annotations.Nullable;

/// Reads the client's frames and has them executed, in the order in which they were sent, and goes
/// on reading while one of them takes long.
///
/// Two threads share two turns, reading and executing. Usually one of them has both: it reads a
/// frame and executes it in place, which costs no hand-over. The other one looks every millisecond
/// whether the same frame is still being executed; after two it takes the reading turn, or after
/// twenty if the first one computes:
///
/// ```
///   both ------- a frame takes long: the other thread takes the reading turn ------> executes
///    ^                                                                                  |
///    |                                                            nothing is left to be executed
///    |                                                                                  v
///  reads <-- looks on, and one frame of the other has taken long ------------------ looks on
///    |
///    +-- nobody executes: takes that turn as well --> both
/// ```
///
/// Who only reads handles urgent frames ([FrameReader#isUrgent]) at once and queues all others for
/// the one who executes. So whatever an execution waits for (a driver that takes no more work until
/// the client releases a stream), the client is heard, and its heartbeats are answered.
final class FrameLoop {
    /// How often the one who looks on does so.
    private static final long PERIOD_NANOSECONDS = 1_000_000;

    /// An execution that waits for so long goes on beside the reading.
    private static final long LONG_NANOSECONDS = 2 * PERIOD_NANOSECONDS;

    /// So does one that computes for so long; on a busy machine it may only want a processor.
    private static final long COMPUTES_LONG_NANOSECONDS = 20 * PERIOD_NANOSECONDS;

    /// The one who looks on sleeps after so many looks at the same wait for the client.
    private static final int QUIET_LOOKS = 20;

    private static final int PIECE = 256 * 1024;

    /// Told what frames cost of the client's window.
    interface Costs {
        /// A frame was read; called by the thread that reads.
        void arrived(int cost) throws IOException;

        /// A frame was executed; called by the thread that executed it.
        void executed(int cost) throws IOException;

        /// Frames are about to be waited for, or the thread that has both turns has lost one of
        /// them. Called by any of the two threads.
        default void burstEnds() {}
    }

    private final ReadableByteChannel channel;

    /// What the thread with the reading turn does: a positive number: it has both turns and
    /// executes the frame of that number, so the reading turn can be taken from it; a negative one:
    /// waits for the client for that many-th time; 0: anything else.
    private final AtomicLong doing = new AtomicLong();

    private final FrameQueue queue = new FrameQueue(WireConstants.WINDOW);
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Rest rest = new Rest();

    /// Numbers for `doing`; these two belong to the reading turn.
    private long executions;

    private long waits;

    /// The thread that has both turns, if one has.
    private volatile @Nullable Thread both;

    /// The thread that looks on, while it sleeps until it is woken.
    private volatile @Nullable Thread sleeping;

    /// The side that has the executing turn; written and read by that side.
    private @Nullable Side executing;

    FrameLoop(ReadableByteChannel channel) {
        this.channel = channel;
    }

    /// Goes on until the client closes the connection between two frames. What has not been
    /// executed by then may never be: nobody is there who could tell the difference.
    ///
    /// @param prepare done by each of the two threads when it starts
    /// @throws ProtocolException if the client sends what the specification does not allow
    /// @throws java.io.EOFException if the connection ends within a frame
    void run(ClientMessageHandler handler, Costs costs, Runnable prepare) throws IOException {
        run(handler, costs, prepare, Duration.ofDays(1), () -> {});
    }

    /// @param regularly done by the calling thread once a `period` while it waits for the end
    void run(
            ClientMessageHandler handler,
            Costs costs,
            Runnable prepare,
            Duration period,
            Runnable regularly)
            throws IOException {
        Side first = new Side(handler, costs);
        Side second = new Side(handler, costs);
        executing = first;
        List<Thread> threads =
                List.of(
                        thread("reader-1", () -> first.live(second, true), prepare),
                        thread("reader-2", () -> second.live(first, false), prepare));
        threads.forEach(Thread::start);
        try {
            while (!isOver(period)) {
                regularly.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            rethrow(e.getCause());
        } finally {
            threads.forEach(Thread::interrupt);
        }
    }

    private boolean isOver(Duration wait) throws InterruptedException, ExecutionException {
        try {
            end.get(wait.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        }
    }

    /// Whether a frame is being executed, as far as one look can tell. By any thread.
    boolean isExecuting() {
        return doing.get() > 0 || (both == null && queue.isTurnTaken());
    }

    /// The same in this thread alone, for frames that never take long to execute.
    void runAlone(ClientMessageHandler handler, Costs costs) throws IOException {
        Side only = new Side(handler, costs);
        executing = only;
        only.takeBoth();
        while (only.readAndExecute()) {}
    }

    private interface Life {
        void live() throws IOException, InterruptedException;
    }

    private Thread thread(String name, Life life, Runnable prepare) {
        return Thread.ofPlatform()
                .daemon()
                .name(name)
                .unstarted(() -> {
                    try {
                        prepare.run();
                        life.live();
                        end.complete(null);
                    } catch (InterruptedException e) {
                        end.complete(null); // only when it is over
                    } catch (IOException | RuntimeException | Error e) {
                        end.completeExceptionally(e);
                    }
                });
    }

    private static void rethrow(@Nullable Throwable failure) throws IOException {
        switch (failure) {
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> throw new IllegalStateException(failure);
        }
    }

    /// Whether this thread reads and executes in turn, so that [Costs#burstEnds] is called soon.
    boolean isInPlace() {
        return Thread.currentThread().equals(both);
    }

    /// Takes the payload of the frame that is being executed: what is left in `begun`, then from
    /// the connection.
    void readPayload(ByteBuffer begun, ByteBuffer destination) throws IOException {
        Objects.requireNonNull(executing).readPayload(begun, destination);
    }

    /// The same when nobody wants it.
    void skipPayload(ByteBuffer begun, int payloadBytes) throws IOException {
        Objects.requireNonNull(executing).skipPayload(begun, payloadBytes);
    }

    private int read(ByteBuffer destination) throws IOException {
        doing.set(- ++waits);
        int count = channel.read(destination);
        doing.set(0);
        Thread sleeper = sleeping;
        if (sleeper != null) {
            sleeping = null;
            LockSupport.unpark(sleeper);
        }
        return count;
    }

    /// The payload's rest of a frame whose thread lost the reading turn before it had read it.
    private static final class Rest {
        private long frame;
        private @Nullable ByteBuffer bytes;

        synchronized void give(long number, ByteBuffer payload) {
            frame = number;
            bytes = payload;
            notifyAll();
        }

        synchronized ByteBuffer take(long number) throws IOException {
            try {
                while (frame != number || bytes == null) {
                    wait();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("the session is over", e);
            }
            ByteBuffer taken = bytes;
            bytes = null;
            return taken;
        }
    }

    /// One of the two threads.
    private final class Side {
        private final FrameReader reader = new FrameReader(FrameLoop.this::read);
        private final ClientMessageHandler handler;
        private final Costs costs;

        private volatile ThreadState state;

        /// Has the reading turn. Also true for some time after the other side has taken it.
        private boolean reads;

        /// The number of the frame that this side executes, or has executed last.
        private long frame;

        Side(ClientMessageHandler handler, Costs costs) {
            this.handler = handler;
            this.costs = costs;
            state = ThreadState.ofThisThread();
        }

        void takeBoth() {
            executing = this;
            both = Thread.currentThread();
            reads = true;
        }

        /// @param begins has both turns when the session begins
        void live(Side other, boolean begins) throws IOException, InterruptedException {
            state = ThreadState.ofThisThread();
            if (begins) {
                takeBoth();
                if (!readAndExecuteAll()) {
                    return;
                }
            }
            do {
                takeOver(other, lookOn(other));
            } while (readAhead() && readAndExecuteAll());
        }

        /// With both turns; returns without any, or false at the end.
        private boolean readAndExecuteAll() throws IOException {
            do {
                executeQueue();
                while (reads) {
                    if (!readAndExecute()) {
                        return false;
                    }
                }
            } while (!queue.giveTurn());
            return true;
        }

        private void executeQueue() throws IOException {
            for (ByteBuffer frames = queue.poll(); frames != null; frames = queue.poll()) {
                while (frames.hasRemaining() && !end.isDone()) {
                    executeFrom(frames);
                }
            }
        }

        private void executeFrom(ByteBuffer frames) throws IOException {
            int at = frames.position();
            int length = frames.getInt(at);
            int call = Short.toUnsignedInt(frames.getShort(at + 4));
            int request = frames.getInt(at + 8);
            int all = frames.limit();
            int next = at + FrameHeader.BYTES + length;
            frames.position(at + FrameHeader.BYTES).limit(next);
            begin();
            ClientMessages.dispatch(call, request, length, frames, handler);
            costs.executed(FrameReader.cost(length));
            finish();
            frames.limit(all).position(next);
        }

        /// With both turns, and nothing in the queue.
        ///
        /// @return false at the end
        private boolean readAndExecute() throws IOException {
            if (reader.isDrained()) {
                begin();
                costs.burstEnds();
                finish();
                if (!reads) {
                    return true;
                }
            }
            if (!reader.next()) {
                return false;
            }
            boolean urgent = reader.isUrgent();
            int cost = reader.cost();
            if (!urgent) {
                costs.arrived(cost);
            }
            publish();
            reader.dispatch(handler);
            if (!urgent) {
                costs.executed(cost);
            }
            finish();
            return true;
        }

        /// Something is executed that does not lie in the reader.
        private void begin() {
            if (reads) {
                reader.noFrame();
                publish();
            }
        }

        /// From here on the other side may take the reading turn.
        private void publish() {
            frame = ++executions;
            doing.setRelease(frame);
        }

        private void finish() {
            if (!keepsReading()) {
                reader.abandon();
            }
        }

        /// From here on the other side cannot take the reading turn, or it has taken it.
        private boolean keepsReading() {
            if (reads) {
                reads = doing.compareAndSet(frame, 0);
            }
            return reads;
        }

        void readPayload(ByteBuffer begun, ByteBuffer destination) throws IOException {
            destination.put(begun);
            if (!destination.hasRemaining()) {
                return;
            }
            if (keepsReading()) {
                reader.readFully(destination);
                reader.payloadRead();
                publish();
            } else {
                destination.put(rest.take(frame));
            }
        }

        void skipPayload(ByteBuffer begun, int payloadBytes) throws IOException {
            int count = payloadBytes - begun.remaining();
            begun.position(begun.limit());
            if (count > 0 && keepsReading()) {
                reader.skip(count);
                reader.payloadRead();
                publish();
            }
        }

        /// Without any turn; returns with the reading turn.
        ///
        /// @return the number of what the other side executes
        private long lookOn(Side other) throws InterruptedException {
            long seen = 0;
            long since = 0;
            int quiet = 0;
            while (true) {
                long now = doing.get();
                if (now != seen) {
                    seen = now;
                    since = System.nanoTime();
                    quiet = 0;
                } else if (now > 0
                        && takesLong(other, System.nanoTime() - since)
                        && doing.compareAndSet(now, 0)) {
                    return now;
                } else if (now < 0 && ++quiet > QUIET_LOOKS) {
                    sleepWhile(now);
                }
                LockSupport.parkNanos(this, PERIOD_NANOSECONDS);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        }

        private static boolean takesLong(Side executing, long nanoseconds) {
            return nanoseconds >= COMPUTES_LONG_NANOSECONDS
                    || (nanoseconds >= LONG_NANOSECONDS && !executing.state.isRunnable());
        }

        private void sleepWhile(long waiting) throws InterruptedException {
            sleeping = Thread.currentThread();
            while (sleeping != null && doing.get() == waiting) {
                LockSupport.park(this);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            sleeping = null;
        }

        private void takeOver(Side other, long number) throws IOException {
            reads = true;
            int missing = reader.takeOver(other.reader);
            both = null;
            costs.burstEnds();
            if (missing > 0) {
                ByteBuffer payload = ByteBuffer.allocate(missing);
                reader.readFully(payload);
                rest.give(number, payload.flip());
            }
        }

        /// With the reading turn; returns with both, or false at the end.
        private boolean readAhead() throws IOException, InterruptedException {
            ByteBuffer batch = null;
            while (true) {
                if (batch != null && reader.isDrained()) {
                    queue.add(batch.flip());
                    batch = null;
                }
                if (batch == null && queue.takeTurn()) {
                    takeBoth();
                    return true;
                }
                if (!reader.next()) {
                    return false;
                }
                if (reader.isUrgent()) {
                    reader.dispatch(handler);
                    continue;
                }
                costs.arrived(reader.cost());
                if (batch != null && batch.remaining() < reader.bytes()) {
                    queue.add(batch.flip());
                    batch = null;
                }
                if (batch == null) {
                    int room = Math.min(PIECE, reader.bytes() + reader.ahead());
                    batch =
                            ByteBuffer.allocate(Math.max(room, reader.bytes()))
                                    .order(ByteOrder.LITTLE_ENDIAN);
                }
                reader.moveTo(batch);
            }
        }
    }
}
