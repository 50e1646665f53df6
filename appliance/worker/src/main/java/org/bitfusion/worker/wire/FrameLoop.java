package org.bitfusion.worker.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.ClientMessageHandler;
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
public final class FrameLoop {
    /// Told what frames cost of the client's window.
    public interface Costs {
        /// A frame was read; called by the thread that reads.
        void arrived(int cost) throws IOException;

        /// A frame was executed; called by the thread that executed it.
        void executed(int cost) throws IOException;

        /// Frames are about to be waited for, or the thread that has both turns has lost one of
        /// them. Called by any of the two threads.
        default void burstEnds() {}
    }

    private final ReadableByteChannel channel;

    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Turns turns = new Turns(end::isDone);

    public FrameLoop(ReadableByteChannel channel) {
        this.channel = channel;
    }

    /// Goes on until the client closes the connection between two frames. What has not been
    /// executed by then may never be: nobody is there who could tell the difference.
    ///
    /// @param prepare done by each of the two threads when it starts
    /// @throws ProtocolException if the client sends what the specification does not allow
    /// @throws java.io.EOFException if the connection ends within a frame
    public void run(ClientMessageHandler handler, Costs costs, Runnable prepare)
            throws IOException {
        run(handler, costs, prepare, Duration.ofDays(1), () -> {});
    }

    /// @param regularly done by the calling thread once a `period` while it waits for the end
    public void run(
            ClientMessageHandler handler,
            Costs costs,
            Runnable prepare,
            Duration period,
            Runnable regularly)
            throws IOException {
        FrameSide first = new FrameSide(channel, turns, handler, costs);
        FrameSide second = new FrameSide(channel, turns, handler, costs);
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
    public boolean isExecuting() {
        return turns.isExecuting();
    }

    /// The same in this thread alone, for frames that never take long to execute.
    public void runAlone(ClientMessageHandler handler, Costs costs) throws IOException {
        FrameSide only = new FrameSide(channel, turns, handler, costs);
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
    public boolean isInPlace() {
        return turns.isBothOfThisThread();
    }

    /// Takes the payload of the frame that is being executed: what is left in `begun`, then from
    /// the connection.
    public void readPayload(ByteBuffer begun, ByteBuffer destination) throws IOException {
        turns.executing().readPayload(begun, destination);
    }

    /// The same when nobody wants it.
    public void skipPayload(ByteBuffer begun, int payloadBytes) throws IOException {
        turns.executing().skipPayload(begun, payloadBytes);
    }
}
