package org.bitfusion.worker;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.Region;
import org.bitfusion.protocol.message.WireConstants;
import org.bitfusion.worker.channel.DataChannel;
import org.bitfusion.worker.wire.SessionLink;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A copy that this worker expects from another.
///
/// ```
///   expected ---- its bringer has proved itself ----> coming ---- all is in memory --> over
///      |                                                |
///      +--- the client says that it will not come ------+--- that, or it breaks off --> over
/// ```
///
/// The client's stream stands still from the place of the copy until it is over. The bytes go by a
/// stream of its own, so that whoever writes them has that for himself. When a copy has broken off
/// the client is told by the other worker, and brings the bytes itself, behind this in the stream.
final class IncomingCopy {
    /// Said to the bringer: still here; or all is in memory.
    static final byte ALIVE = 0;

    static final byte LANDED = 1;

    /// How often the bringer is told that somebody is here.
    static final Duration ALIVE_EVERY = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(IncomingCopy.class);

    private final ClientStream stream;
    private final GpuStream aside;
    private final long destination;
    private final Region region;
    private final CompletableFuture<Runnable> turn = new CompletableFuture<>();
    private volatile @Nullable DataChannel connection;
    private boolean over;

    /// @param aside belongs to this from now on
    IncomingCopy(ClientStream stream, GpuStream aside, long destination, Region region) {
        this.stream = stream;
        this.aside = aside;
        this.destination = destination;
        this.region = region;
    }

    /// The client's stream has come here and stands still.
    ///
    /// @param goOn lets it go on
    void reached(Runnable goOn) {
        turn.complete(goOn);
    }

    /// It will not come, or not all of it. By any thread.
    void forget() {
        DataChannel from;
        synchronized (this) {
            from = connection;
            if (over) {
                return;
            }
            over = from == null;
        }
        if (from != null) {
            SessionLink.closeQuietly(from); // who takes the bytes ends it
        } else {
            // Not in this thread, which may be the one that reads: the driver may let it wait.
            Thread.ofPlatform().daemon().name("peer").start(() -> end(turn.join()));
        }
    }

    /// Takes the bytes, in the calling thread, and closes the connection.
    ///
    /// @param from somebody who has proved the copy's secret
    /// @param bytes that he brings
    void take(DataChannel from, long bytes, PeerClock clock) {
        synchronized (this) {
            if (over || connection != null) {
                SessionLink.closeQuietly(from);
                return;
            }
            connection = from;
        }
        boolean landed = false;
        Runnable goOn;
        try (PeerClock.Stop _ = clock.every(ALIVE_EVERY, () -> say(ALIVE))) {
            goOn = turn.join();
            landed = receive(from, bytes);
            CompletableFuture<CudaStatus> written = new CompletableFuture<>();
            aside.whenReached(written::complete);
            written.join();
        }
        synchronized (this) {
            over = true;
        }
        end(goOn);
        if (landed) {
            say(LANDED);
        }
        SessionLink.closeQuietly(from);
    }

    private void end(Runnable goOn) {
        aside.close();
        goOn.run();
    }

    private void say(byte word) {
        DataChannel to = connection;
        try {
            if (to != null) {
                to.write(ByteBuffer.wrap(new byte[] {word}));
            }
        } catch (IOException e) {
            SessionLink.closeQuietly(to);
        }
    }

    /// @return whether all bytes have come
    private boolean receive(DataChannel from, long bytes) {
        try {
            if (bytes != region.packedBytes()) {
                throw new IOException(bytes + " bytes (expected: " + region.packedBytes() + ")");
            }
            receive(from);
            return true;
        } catch (IOException e) {
            LOG.info("a copy from another worker breaks off, error=\"{}\"", e.toString());
            return false;
        }
    }

    private void receive(DataChannel from) throws IOException {
        long total = region.packedBytes();
        int count;
        for (long offset = 0; offset < total; offset += count) {
            count = (int) Math.min(WireConstants.BULK_CHUNK, total - offset);
            switch (aside.write(destination, region, offset, count)) {
                case Outcome.Success<PendingWrite>(PendingWrite write) -> {
                    fill(write, from);
                    stream.check(write.commit(_ -> {}));
                }
                case Outcome.Failure<PendingWrite>(CudaStatus status, String _) -> {
                    // As that of a copy from the host: told by the next answer.
                    stream.check(status);
                    read(from, ByteBuffer.allocate(count));
                }
            }
        }
    }

    private static void fill(PendingWrite write, DataChannel from) throws IOException {
        boolean complete = false;
        try {
            read(from, write.buffer());
            complete = true;
        } finally {
            if (!complete) {
                write.cancel();
            }
        }
    }

    private static void read(DataChannel from, ByteBuffer destination) throws IOException {
        while (destination.hasRemaining()) {
            if (from.read(destination) < 0) {
                throw new EOFException();
            }
        }
    }
}
