package org.bitfusion.dispatcher;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.bitfusion.protocol.message.SessionOpen;
import org.jspecify.annotations.Nullable;

/// The wish of one connection to open a session, and its place in the line for a worker. Who is
/// told to ask again keeps the place as long as its connection lasts, whether or not it has asked
/// again when the worker is there.
///
/// ```
///          a worker is there                     told
/// Waiting -------------------> the result is kept ------> Done
///    |  connection gone                |  connection gone
///    +---------------------------------+-----------------> Done
/// ```
///
/// Whose window was refused is not done: it may ask with another.
///
/// Used by one thread only.
final class SessionRequest {
    /// So long a client waits before it hears that it is to ask again; less than an older client's
    /// patience.
    static final Duration ASK_AGAIN = Duration.ofSeconds(20);

    /// More places for a window than a client has.
    private static final int MOST_WINDOWS = 64;

    private final ScheduledExecutorService executor;
    private final Duration askAgain;
    private @Nullable Consumer<SessionResult> asker;
    private @Nullable SessionResult result;
    private boolean begun;
    private boolean done;
    private long asks;
    private int windows;

    /// @param askAgain how long it waits before it hears that; see [#ASK_AGAIN]
    SessionRequest(ScheduledExecutorService executor, Duration askAgain) {
        this.executor = executor;
        this.askAgain = askAgain;
    }

    /// The client asks, for the first time or again.
    ///
    /// @param begin gets in line; called once
    /// @return false if it makes no sense: it is asking already, or had its answer
    boolean ask(
            Consumer<SessionResult> taker,
            SessionOpen message,
            BiConsumer<SessionOpen, Consumer<SessionResult>> begin) {
        if (done || asker != null) {
            return false;
        }
        asker = taker;
        long number = ++asks;
        if (!begun) {
            begun = true;
            begin.accept(message, this::offer);
        }
        tell();
        if (!done) {
            var _ =
                    executor.schedule(
                            () -> tellToAskAgain(number),
                            askAgain.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
        return true;
    }

    private void offer(SessionResult offered) {
        result = offered;
        tell();
    }

    private void tell() {
        Consumer<SessionResult> taker = asker;
        SessionResult known = result;
        if (taker != null && known != null && !done) {
            asker = null;
            if (known instanceof SessionResult.NoWindow && ++windows < MOST_WINDOWS) {
                begun = false; // it may ask with another window
                result = null;
            } else {
                done = true;
            }
            taker.accept(known);
        }
    }

    private void tellToAskAgain(long number) {
        Consumer<SessionResult> taker = asker;
        if (taker != null && number == asks && !done) {
            asker = null;
            taker.accept(new SessionResult.NotYet());
        }
    }

    /// The connection is gone.
    ///
    /// @return whether the client was still waiting
    boolean giveUp() {
        boolean waited = begun && !done;
        done = true;
        asker = null;
        return waited;
    }

    /// Whether nobody waits for a worker any more.
    boolean isOver() {
        return done;
    }
}
