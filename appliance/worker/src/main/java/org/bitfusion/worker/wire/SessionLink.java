package org.bitfusion.worker.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import org.bitfusion.protocol.message.LinkAcked;
import org.bitfusion.protocol.message.WireConstants;
import org.bitfusion.worker.channel.DataChannel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a session's bytes come over: one connection after the other. Who reads sees an endless
/// stream, in which every byte that the client has sent is there once.
///
/// ```
///            connection ends, or a newer one comes
///    up ------------------------------------------> waiting --- patience is over --> ended
///     ^                                             |     |
///     +------------- a newer one is there ----------+     +--- the program is leaving --> ended
/// ```
///
/// The newer connection wins: it carries a higher epoch. What was read from an older one after its
/// successor was told how much has been received is thrown away; it comes again.
///
/// Locks: the writer's lock is taken before this object's monitor, never after it.
public final class SessionLink implements ReadableByteChannel, Link {
    private static final Logger LOG = LoggerFactory.getLogger(SessionLink.class);

    /// Says hello to a client that goes on.
    public interface Welcome {
        /// @param received bytes that this side has received of the session
        void say(long received) throws IOException;
    }

    /// Told when the client's connection is lost, and when it is back.
    public interface Watcher {
        void connected(boolean is);
    }

    private final FrameWriter writer;
    private final @Nullable Duration patience;
    private final Watcher watcher;
    private @Nullable DataChannel channel;
    private int epoch;
    private long received;
    private long told;
    private long lostAt;
    private boolean leaving;
    private boolean ended;

    /// @param patience how long a client whose connection has ended is waited for; null: until
    ///   somebody else ends the session
    public SessionLink(DataChannel channel, @Nullable Duration patience) {
        this(channel, patience, _ -> {});
    }

    /// @param watcher must be quick
    public SessionLink(DataChannel channel, @Nullable Duration patience, Watcher watcher) {
        this.channel = channel;
        this.patience = patience;
        this.watcher = watcher;
        writer = new FrameWriter(channel);
        writer.whenLost(this::lost);
    }

    public FrameWriter writer() {
        return writer;
    }

    /// Reads at least a byte. Called by one thread at a time.
    ///
    /// @return -1 when the session has ended
    @Override
    public int read(ByteBuffer destination) {
        int start = destination.position();
        while (true) {
            DataChannel from = await();
            if (from == null) {
                return -1;
            }
            int count;
            try {
                count = from.read(destination);
            } catch (IOException e) {
                LOG.debug("reading ends: {}", e.toString());
                count = -1;
            }
            if (count < 0) {
                lost(from);
            } else if (counts(from, count)) {
                return count;
            }
            destination.position(start);
        }
    }

    private synchronized @Nullable DataChannel await() {
        try {
            while (channel == null && !ended) {
                long left = millisecondsLeft();
                if (left > 0) {
                    wait(left);
                } else {
                    ended = true;
                }
            }
        } catch (InterruptedException e) {
            ended = true;
            Thread.currentThread().interrupt();
        }
        return ended ? null : channel;
    }

    /// How long the client is waited for.
    private long millisecondsLeft() {
        if (leaving) {
            return 0;
        }
        return patience == null
                ? Long.MAX_VALUE
                : patience.minusNanos(System.nanoTime() - lostAt).toMillis();
    }

    /// How long there has been no connection; zero: there is one.
    public synchronized Duration lostFor() {
        return channel == null ? Duration.ofNanos(System.nanoTime() - lostAt) : Duration.ZERO;
    }

    /// Whether bytes read from a channel belong to the session, or its successor brings them again.
    private boolean counts(DataChannel from, int count) {
        long step;
        synchronized (this) {
            if (!from.equals(channel)) {
                return false;
            }
            received += count;
            step = received - told;
        }
        if (step >= WireConstants.ACK_STEP) {
            acknowledge();
        }
        return true;
    }

    @Override
    public void acknowledge() {
        long now;
        synchronized (this) {
            now = received;
            told = now;
        }
        LinkAcked message = new LinkAcked(now);
        writer.send(message.wireBytes(), message::writeFrame);
    }

    @Override
    public synchronized void leaving() {
        leaving = true;
    }

    private void lost(Channel from) {
        synchronized (this) {
            if (from.equals(channel)) {
                channel = null;
                lostAt = System.nanoTime();
                watcher.connected(false);
                notifyAll();
            }
        }
        closeQuietly(from);
    }

    /// Goes on with another connection of the client.
    ///
    /// @param newer counts the client's connections
    /// @param clientReceived bytes that the client has received of the session
    /// @return false if this connection is not the newest, or the session has ended
    public boolean resume(DataChannel fresh, int newer, long clientReceived, Welcome welcome)
            throws IOException {
        DataChannel old;
        long own;
        synchronized (this) {
            if (ended || newer <= epoch) {
                return false;
            }
            epoch = newer;
            old = channel;
            channel = null;
            lostAt = System.nanoTime();
            own = received;
        }
        if (old != null) {
            closeQuietly(old); // who writes to it or reads from it gives up
        }
        return writer.resume(
                fresh,
                clientReceived,
                new FrameWriter.Takeover() {
                    @Override
                    public boolean isNewest() {
                        return isCurrent(newer);
                    }

                    @Override
                    public boolean take() throws IOException {
                        welcome.say(own);
                        return goOn(fresh, newer);
                    }
                });
    }

    private synchronized boolean isCurrent(int candidate) {
        return candidate == epoch && !ended;
    }

    private synchronized boolean goOn(DataChannel fresh, int candidate) {
        if (!isCurrent(candidate)) {
            return false;
        }
        channel = fresh;
        watcher.connected(true);
        notifyAll();
        return true;
    }

    public static void closeQuietly(AutoCloseable channel) {
        try {
            channel.close();
        } catch (Exception e) {
            LOG.trace("closing a connection that nobody needs", e);
        }
    }

    @Override
    public synchronized boolean isOpen() {
        return !ended;
    }

    /// Ends the session.
    @Override
    public synchronized void close() {
        ended = true;
        notifyAll();
    }
}
