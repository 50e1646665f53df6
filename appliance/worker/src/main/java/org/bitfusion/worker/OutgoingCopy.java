package org.bitfusion.worker;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.worker.channel.DataChannel;
import org.bitfusion.worker.channel.EphemeralTls;
import org.bitfusion.worker.channel.PlainChannel;
import org.bitfusion.worker.wire.SessionLink;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A copy that this worker brings to another, in a thread of its own. The client's stream stands
/// still from the place of the copy until its bytes are in the other's memory, or will not be.
///
/// ```
///   reaching ---- the other has proved itself ----> waiting for the stream --> sending --> landed
///      |                                                                         |
///      +--- not within a second --> not reached                                  +--> broken off
/// ```
final class OutgoingCopy {
    /// What the client is answered.
    enum Result {
        LANDED(0),
        NOT_REACHED(1),
        BROKEN_OFF(2);

        private final byte number;

        Result(int number) {
            this.number = (byte) number;
        }

        byte number() {
            return number;
        }
    }

    /// How it ended.
    ///
    /// @param status of the read; another than SUCCESS is told instead of the result
    record End(Result result, CudaStatus status) {}

    /// Where the bytes go.
    ///
    /// @param secret that both workers prove to each other
    /// @param tls that the connection is; empty: it is plain
    record Target(
            InetSocketAddress address,
            UUID transfer,
            Secret secret,
            String build,
            Optional<EphemeralTls> tls) {}

    /// For the connection and the other's proof together, twice that with TLS. What is not reached
    /// is told after that time, whatever was found there: a client learns nothing of who listens
    /// where.
    static final Duration TIME_TO_REACH = Duration.ofSeconds(1);

    /// Then a worker that says nothing is gone, or the way to it.
    private static final Duration SILENCE = Duration.ofSeconds(8);

    private static final Logger LOG = LoggerFactory.getLogger(OutgoingCopy.class);

    private final GpuStream aside;
    private final long source;
    private final Region region;
    private final Target target;
    private final PeerClock clock;
    private final CompletableFuture<Runnable> turn = new CompletableFuture<>();
    private volatile long lastWord;

    /// @param aside belongs to this from now on
    OutgoingCopy(GpuStream aside, long source, Region region, Target target, PeerClock clock) {
        this.aside = aside;
        this.source = source;
        this.region = region;
        this.target = target;
        this.clock = clock;
    }

    /// The client's stream has come here and stands still.
    ///
    /// @param goOn lets it go on
    void reached(Runnable goOn) {
        turn.complete(goOn);
    }

    InetSocketAddress address() {
        return target.address();
    }

    /// It is not run.
    void giveUp() {
        aside.close();
    }

    /// Brings the bytes, in the calling thread. Returns as soon as the client may be told.
    End run() {
        long begin = System.nanoTime();
        DataChannel to = reach();
        End end;
        if (to == null) {
            long until = begin + timeToReach().toNanos();
            for (long left = until - System.nanoTime();
                    left > 0;
                    left = until - System.nanoTime()) {
                LockSupport.parkNanos(this, left);
            }
            end = new End(Result.NOT_REACHED, CudaStatus.SUCCESS);
            var _ = turn.thenAccept(this::goOn);
        } else {
            Runnable goOn = turn.join();
            end = send(to);
            goOn(goOn);
        }
        return end;
    }

    private Duration timeToReach() {
        return target.tls().isPresent() ? TIME_TO_REACH.multipliedBy(2) : TIME_TO_REACH;
    }

    private void goOn(Runnable next) {
        aside.close();
        next.run();
    }

    /// @return null if the other worker is not there, or what is there is not it
    private @Nullable DataChannel reach() {
        SocketChannel socket = null;
        try {
            socket = SocketChannel.open();
            SocketChannel connecting = socket;
            try (PeerClock.Stop _ =
                    clock.after(timeToReach(), () -> SessionLink.closeQuietly(connecting))) {
                socket.connect(target.address());
                socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
                DataChannel channel =
                        target.tls().isPresent()
                                ? target.tls().get().connect(socket)
                                : new PlainChannel(socket);
                shakeHands(channel);
                channel.letIn();
                return channel;
            }
        } catch (IOException e) {
            LOG.info("peer={} is not reached, error=\"{}\"", target.address(), e.toString());
            if (socket != null) {
                SessionLink.closeQuietly(socket);
            }
            return null;
        }
    }

    private void shakeHands(DataChannel channel) throws IOException {
        int process = (int) ProcessHandle.current().pid();
        Hello hello =
                Hello.bringing(target.build(), target.transfer(), process, region.packedBytes());
        write(channel, hello.bytes());
        Hello answer = Hello.read(read(channel, Hello.BYTES));
        Handshake handshake = new Handshake(hello, answer, target.secret(), channel.binding());
        if (!answer.answers(Hello.KIND_PEER) || !handshake.serverIsProved()) {
            throw new IOException("not the worker that expects the copy");
        }
        ByteBuffer proof = ByteBuffer.allocate(Proof.BYTES);
        handshake.clientProof().write(proof);
        write(channel, proof.flip());
    }

    private End send(DataChannel to) {
        CompletableFuture<CudaStatus> read = new CompletableFuture<>();
        lastWord = System.nanoTime();
        boolean landed = false;
        try (PeerClock.Stop _ = clock.every(Duration.ofSeconds(1), () -> closeIfSilent(to))) {
            CudaStatus begun = aside.read(source, region, new Sender(to, read));
            if (begun != CudaStatus.SUCCESS) {
                return new End(Result.BROKEN_OFF, begun);
            }
            landed = awaitLanded(to);
        } catch (IOException e) {
            LOG.info("peer={} a copy breaks off, error=\"{}\"", target.address(), e.toString());
        } finally {
            SessionLink.closeQuietly(to); // the sender gives up, too
        }
        CudaStatus status = read.join();
        return new End(landed ? Result.LANDED : Result.BROKEN_OFF, status);
    }

    private void closeIfSilent(DataChannel to) {
        if (System.nanoTime() - lastWord > SILENCE.toNanos()) {
            SessionLink.closeQuietly(to);
        }
    }

    private boolean awaitLanded(DataChannel from) throws IOException {
        byte word = IncomingCopy.ALIVE;
        while (word == IncomingCopy.ALIVE) {
            word = read(from, 1).get();
            lastWord = System.nanoTime();
        }
        return word == IncomingCopy.LANDED;
    }

    /// Writes what the stream reads. When that fails the rest is read in vain.
    private static final class Sender implements ReadSink {
        private final DataChannel to;
        private final CompletableFuture<CudaStatus> end;

        Sender(DataChannel to, CompletableFuture<CudaStatus> end) {
            this.to = to;
            this.end = end;
        }

        @Override
        public void accept(ByteBuffer bytes, long packedOffset) {
            try {
                if (to.isOpen()) {
                    write(to, bytes);
                }
            } catch (IOException e) {
                LOG.debug("sending ends: {}", e.toString());
                SessionLink.closeQuietly(to); // who waits for the last word gives up
            }
        }

        @Override
        public void completed(CudaStatus status) {
            if (status != CudaStatus.SUCCESS) {
                SessionLink.closeQuietly(to);
            }
            end.complete(status);
        }
    }

    private static ByteBuffer read(DataChannel from, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (from.read(bytes) < 0) {
                throw new EOFException();
            }
        }
        return bytes.flip();
    }

    private static void write(DataChannel to, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }
}
