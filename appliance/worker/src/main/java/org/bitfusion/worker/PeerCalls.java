package org.bitfusion.worker;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.Region;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.PeerExpect;
import org.bitfusion.protocol.message.PeerForget;
import org.bitfusion.protocol.message.PeerHandler;
import org.bitfusion.protocol.message.PeerSend;
import org.bitfusion.protocol.message.PeerSendAnswer;
import org.bitfusion.worker.channel.DataChannel;
import org.bitfusion.worker.channel.EphemeralTls;
import org.bitfusion.worker.wire.SessionLink;
import org.jspecify.annotations.Nullable;

/// The messages about copies between this worker and others, and the copies that are under way.
final class PeerCalls implements PeerHandler, DataListener.Transfers {
    /// CU_STREAM_NON_BLOCKING.
    private static final int NON_BLOCKING = 1;

    private static final int LAST_PORT = 65535;

    /// Copies of each direction under way; the client brings the bytes of one more itself.
    private static final int MOST_AT_ONCE = 64;

    /// Addresses that are tried for a client: a program has 16 servers at most.
    private static final int MOST_PEERS = 16;

    /// Copies that are known not to come before they are expected.
    private static final int MOST_FORGOTTEN = 1024;

    /// Less than its bringer waits.
    private static final Duration TIME_TO_BE_ANNOUNCED =
            OutgoingCopy.TIME_TO_REACH.minusMillis(100);

    private final SessionState session;
    private final Secret secret;
    private final String build;
    private final PeerNetworks networks;
    private final Optional<EphemeralTls> tls;
    private final PeerClock clock = new PeerClock();
    private final AtomicInteger sending = new AtomicInteger();

    // With this object's monitor.
    private final Map<UUID, IncomingCopy> expected = new HashMap<>();
    private final Map<UUID, IncomingCopy> coming = new HashMap<>();
    private final LinkedHashSet<UUID> forgotten = new LinkedHashSet<>();
    private final Set<InetSocketAddress> tried = new HashSet<>();
    private final Set<InetSocketAddress> reached = new HashSet<>();
    private final Set<InetSocketAddress> notReached = new HashSet<>();

    /// @param secret the session's
    /// @param tls that data connections are; empty: they are plain
    PeerCalls(
            SessionState session,
            Secret secret,
            String build,
            PeerNetworks networks,
            Optional<EphemeralTls> tls) {
        this.session = session;
        this.secret = secret;
        this.build = build;
        this.networks = networks;
        this.tls = tls;
    }

    @Override
    public void expect(PeerExpect message) {
        ClientStream stream = session.stream(message.stream());
        if (stream == null) {
            return;
        }
        Region region = MemoryCalls.region(message.region());
        if (!isPossible(region)) {
            stream.check(CudaStatus.INVALID_VALUE);
            return;
        }
        switch (stream.context().gpu().createStream(NON_BLOCKING, 0)) {
            case Outcome.Success<GpuStream>(GpuStream aside) ->
                    expect(message, stream, aside, region);
            case Outcome.Failure<GpuStream>(CudaStatus status, String _) -> stream.check(status);
        }
    }

    private void expect(PeerExpect message, ClientStream stream, GpuStream aside, Region region) {
        CudaStatus status = writable(aside, message.destination(), region);
        IncomingCopy copy = new IncomingCopy(stream, aside, message.destination(), region);
        if (status == CudaStatus.SUCCESS && add(message.transfer(), copy)) {
            status = stream.gpu().hostFunction(copy::reached);
            if (status != CudaStatus.SUCCESS) {
                copy.reached(() -> {});
                forget(message.transfer());
            }
        } else {
            aside.close();
        }
        stream.check(status);
    }

    private static boolean isPossible(Region region) {
        return region.isValid() && region.packedBytes() > 0;
    }

    /// Whether that is memory of this session: as a copy from the host would find out.
    private static CudaStatus writable(GpuStream aside, long destination, Region region) {
        return switch (aside.write(destination, region, 0, 1)) {
            case Outcome.Success<PendingWrite>(PendingWrite write) -> {
                write.cancel();
                yield CudaStatus.SUCCESS;
            }
            case Outcome.Failure<PendingWrite>(CudaStatus status, String _) -> status;
        };
    }

    private synchronized boolean add(UUID transfer, IncomingCopy copy) {
        notifyAll();
        return !forgotten.remove(transfer)
                && expected.size() + coming.size() < MOST_AT_ONCE
                && !coming.containsKey(transfer)
                && expected.putIfAbsent(transfer, copy) == null;
    }

    /// By any thread; waits for nothing.
    @Override
    public void forget(PeerForget message) {
        forget(message.transfer());
    }

    private void forget(UUID transfer) {
        IncomingCopy copy;
        synchronized (this) {
            copy = expected.remove(transfer);
            if (copy == null) {
                copy = coming.get(transfer);
            }
            if (copy == null) {
                forgotten.add(transfer);
                if (forgotten.size() > MOST_FORGOTTEN) {
                    forgotten.removeFirst();
                }
                return;
            }
        }
        copy.forget();
    }

    /// Waits a moment for the client's word: it may be longer on its way than the other worker's.
    @Override
    public synchronized @Nullable Secret secretOf(UUID transfer) {
        long until = System.nanoTime() + TIME_TO_BE_ANNOUNCED.toNanos();
        try {
            while (!expected.containsKey(transfer)) {
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                if (left <= 0) {
                    return null;
                }
                wait(left);
            }
            return Proof.transferSecret(secret, transfer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    @Override
    public void take(Hello hello, DataChannel connection) {
        IncomingCopy copy;
        synchronized (this) {
            copy = expected.remove(hello.id());
            if (copy != null) {
                coming.put(hello.id(), copy);
            }
        }
        if (copy == null) {
            SessionLink.closeQuietly(connection);
            return;
        }
        copy.take(connection, hello.transferBytes(), clock);
        synchronized (this) {
            coming.remove(hello.id());
        }
    }

    @Override
    public void send(int request, PeerSend message) throws ProtocolException {
        ClientStream stream = session.stream(message.stream());
        if (stream == null) {
            session.writer.fail(
                    PeerSend.CALL, request, session.streams.failure(message.stream()).code());
            return;
        }
        InetSocketAddress address = address(message);
        Region region = MemoryCalls.region(message.region());
        if (!isPossible(region)) {
            answer(request, stream, CudaStatus.INVALID_VALUE);
        } else if (!mayTry(address)) {
            answer(request, stream, OutgoingCopy.Result.NOT_REACHED);
        } else if (sending.get() >= MOST_AT_ONCE) {
            answer(request, stream, OutgoingCopy.Result.BROKEN_OFF);
        } else {
            Secret proved =
                    message.maskedSecret().masked(Proof.transferMask(secret, message.transfer()));
            OutgoingCopy.Target target =
                    new OutgoingCopy.Target(address, message.transfer(), proved, build, tls);
            switch (stream.context().gpu().createStream(NON_BLOCKING, 0)) {
                case Outcome.Success<GpuStream>(GpuStream aside) ->
                        send(
                                request,
                                stream,
                                new OutgoingCopy(aside, message.source(), region, target, clock));
                case Outcome.Failure<GpuStream>(CudaStatus status, String _) ->
                        answer(request, stream, status);
            }
        }
    }

    private void send(int request, ClientStream stream, OutgoingCopy copy) {
        CudaStatus status = stream.gpu().hostFunction(copy::reached);
        if (status != CudaStatus.SUCCESS) {
            copy.giveUp();
            answer(request, stream, status);
            return;
        }
        sending.incrementAndGet();
        Thread.ofPlatform()
                .daemon()
                .name("peer")
                .start(() -> {
                    OutgoingCopy.End end = copy.run();
                    sending.decrementAndGet();
                    OutgoingCopy.Result result = note(copy.address(), end.result());
                    if (end.status() == CudaStatus.SUCCESS) {
                        answer(request, stream, result);
                    } else {
                        answer(request, stream, end.status());
                    }
                });
    }

    private void answer(int request, ClientStream stream, CudaStatus failure) {
        session.answerSynchronised(PeerSend.CALL, request, stream.context(), failure, () -> {});
    }

    private void answer(int request, ClientStream stream, OutgoingCopy.Result result) {
        PeerSendAnswer answer = new PeerSendAnswer(result.number());
        session.answerSynchronised(
                PeerSend.CALL,
                request,
                stream.context(),
                CudaStatus.SUCCESS,
                () ->
                        session.writer.send(
                                answer.wireBytes(), out -> answer.writeFrame(out, request)));
    }

    private static InetSocketAddress address(PeerSend message) throws ProtocolException {
        int port = message.port();
        if (port <= 0 || port > LAST_PORT) {
            throw new ProtocolException("port " + Integer.toUnsignedLong(port));
        }
        byte[] bytes = new byte[2 * Long.BYTES];
        ByteBuffer.wrap(bytes)
                .putLong(message.address().getMostSignificantBits())
                .putLong(message.address().getLeastSignificantBits());
        try {
            return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("16 bytes are an address", e);
        }
    }

    /// An address is tried until it has not been reached once, and few are.
    private synchronized boolean mayTry(InetSocketAddress address) {
        return networks.allow(address)
                && !notReached.contains(address)
                && (tried.contains(address) || (tried.size() < MOST_PEERS && tried.add(address)));
    }

    /// @return what the client is told: who was there before may only be busy now
    private synchronized OutgoingCopy.Result note(
            InetSocketAddress address, OutgoingCopy.Result result) {
        if (result != OutgoingCopy.Result.NOT_REACHED) {
            reached.add(address);
        } else if (reached.contains(address)) {
            return OutgoingCopy.Result.BROKEN_OFF;
        } else {
            notReached.add(address);
        }
        return result;
    }
}
