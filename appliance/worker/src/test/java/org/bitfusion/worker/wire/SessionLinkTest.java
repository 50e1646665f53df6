package org.bitfusion.worker.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.Credit;
import org.bitfusion.protocol.message.MemData;
import org.bitfusion.protocol.message.PingAnswer;
import org.bitfusion.protocol.message.WireConstants;
import org.bitfusion.worker.channel.DataChannel;
import org.bitfusion.worker.channel.EphemeralTls;
import org.bitfusion.worker.channel.PlainChannel;
import org.bitfusion.worker.channel.TlsChannel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SessionLinkTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int MIB_FRAME = (1 << 20) + 32;
    private static final EphemeralTls TLS = EphemeralTls.create();

    private ServerSocketChannel listener;

    @BeforeEach
    void listen() throws IOException {
        listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @AfterEach
    void stopListening() throws IOException {
        listener.close();
    }

    /// Both ends of a connection.
    private record Pair(SocketChannel client, DataChannel worker) {}

    private Pair connect() throws IOException {
        SocketChannel client = SocketChannel.open(listener.getLocalAddress());
        SocketChannel worker = listener.accept();
        worker.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return new Pair(client, new PlainChannel(worker));
    }

    private static byte[] read(ReadableByteChannel from, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining() && from.read(bytes) >= 0) {}
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    /// Small frames, one that is too large for a chunk, bulk data that is copied and that is lent.
    /// What was lent changes afterwards.
    private static void speak(FrameWriter writer) {
        ByteBuffer lent = ByteBuffer.allocateDirect(700).put(random(700)).flip();
        ByteBuffer copied = ByteBuffer.allocateDirect(300).put(random(300)).flip();
        Outbox.Loan loan = new Outbox.Loan();
        Credit credit = new Credit(77);
        PingAnswer large = new PingAnswer(ByteBuffer.wrap(random(17_000)));
        for (int i = 0; i < 3; i++) {
            writer.send(credit.wireBytes(), credit::writeFrame);
            writer.sendData(new MemData(1, i), copied.rewind(), null);
            writer.sendData(new MemData(2, i), lent.rewind(), loan);
        }
        writer.send(large.wireBytes(), out -> large.writeFrame(out, 5));
        copied.clear().put(new byte[300]);
        writer.keep(loan);
        lent.clear().put(new byte[700]);
        writer.send(credit.wireBytes(), credit::writeFrame);
    }

    private byte[] expected() throws IOException {
        Pair pair = connect();
        try (SocketChannel client = pair.client()) {
            speak(new SessionLink(pair.worker(), LONG).writer());
            pair.worker().close();
            return read(client, 1 << 20);
        }
    }

    @Test
    void whateverIsCutTheClientGetsEveryByteOnce() throws Exception {
        byte[] expected = expected();
        for (int cut = 0; cut < expected.length; cut += cut < 2500 ? 13 : 1009) {
            Pair first = connect();
            SessionLink link = new SessionLink(first.worker(), LONG);
            Thread speaker = Thread.ofPlatform().start(() -> speak(link.writer()));
            byte[] before = read(first.client(), cut);
            first.client().close();
            Pair second = connect();
            int had = cut;
            assertThat(link.resume(second.worker(), 1, had, _ -> {})).isTrue();
            speaker.join();
            assertThat(read(second.client(), expected.length - cut))
                    .as("after %d bytes", cut)
                    .isEqualTo(Arrays.copyOfRange(expected, cut, expected.length));
            assertThat(before).isEqualTo(Arrays.copyOf(expected, cut));
            second.client().close();
            second.worker().close();
        }
    }

    /// Of a write that fails nobody knows how much of it has arrived: over TLS all of it is one
    /// call.
    @Test
    @Timeout(60)
    void bulkDataThatIsCutWhileItIsWrittenArrivesOnceOverTlsToo() throws Exception {
        byte[] bulk = random(1 << 20);
        int frame = MIB_FRAME;
        for (int cut : new int[] {1, frame / 2, 2 * frame, 3 * frame + 77}) {
            Pair first = connect();
            SocketChannel socket = ((PlainChannel) first.worker()).socket();
            CompletableFuture<TlsChannel> accepted = background(() -> TLS.accept(socket));
            TlsChannel client = EphemeralTls.create().connect(first.client());
            SessionLink link = new SessionLink(accepted.get(), LONG);
            Thread speaker =
                    Thread.ofPlatform()
                            .start(() -> {
                                ByteBuffer bytes = ByteBuffer.allocateDirect(bulk.length);
                                for (int i = 0; i < 12; i++) {
                                    link.writer()
                                            .sendData(
                                                    new MemData(1, i),
                                                    bytes.clear().put(bulk).flip(),
                                                    null);
                                }
                            });
            read(client, cut);
            client.close();
            Pair second = connect();
            CompletableFuture<Boolean> resumed =
                    background(() -> link.resume(second.worker(), 1, cut, _ -> {}));
            var _ = resumed.whenComplete((_, failure) -> closeAfter(failure, second));
            byte[] rest = read(second.client(), 12 * frame - cut);
            assertThat(resumed.get()).isTrue();
            speaker.join();
            for (int at = 12 * frame; at - frame >= cut; at -= frame) {
                assertThat(Arrays.copyOfRange(rest, at - cut - bulk.length, at - cut))
                        .as("frame that ends at %d, after %d", at, cut)
                        .isEqualTo(bulk);
            }
            second.client().close();
        }
    }

    private static void closeAfter(@Nullable Throwable failure, Pair pair) {
        if (failure != null) {
            SessionLink.closeQuietly(pair.worker());
        }
    }

    private static <T> CompletableFuture<T> background(Callable<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        done.complete(work.call());
                    } catch (Exception e) {
                        done.completeExceptionally(e);
                    }
                });
        return done;
    }

    @Test
    void whateverIsCutTheWorkerGetsEveryByteOnce() throws Exception {
        byte[] sent = random(5000);
        for (int cut = 0; cut < sent.length; cut += 83) {
            Pair first = connect();
            SessionLink link = new SessionLink(first.worker(), LONG);
            CompletableFuture<byte[]> heard = hear(link, sent.length);
            // What the old connection still holds may be read before or after the new one is there.
            first.client().write(ByteBuffer.wrap(sent, 0, cut));
            Pair second = connect();
            AtomicLong received = new AtomicLong();
            assertThat(link.resume(second.worker(), 1, 0, received::set)).isTrue();
            int had = (int) received.get();
            assertThat(had).isBetween(0, cut);
            second.client().write(ByteBuffer.wrap(sent, had, sent.length - had));
            assertThat(heard.get()).as("after %d bytes", cut).isEqualTo(sent);
            first.client().close();
            second.client().close();
            second.worker().close();
        }
    }

    private static CompletableFuture<byte[]> hear(SessionLink link, int count) {
        CompletableFuture<byte[]> heard = new CompletableFuture<>();
        Thread.ofPlatform()
                .start(() -> {
                    ByteBuffer bytes = ByteBuffer.allocate(count);
                    int last = 0;
                    while (bytes.hasRemaining() && last >= 0) {
                        last = link.read(bytes);
                    }
                    heard.complete(Arrays.copyOf(bytes.array(), bytes.position()));
                });
        return heard;
    }

    @Test
    void anOlderConnectionIsRefused() throws Exception {
        SessionLink link = new SessionLink(connect().worker(), LONG);
        Pair newest = connect();
        assertThat(link.resume(newest.worker(), 7, 0, _ -> {})).isTrue();
        assertThat(link.resume(connect().worker(), 7, 0, _ -> {})).isFalse();
        assertThat(link.resume(connect().worker(), 6, 0, _ -> {})).isFalse();
        newest.client().write(ByteBuffer.wrap(new byte[] {9}));
        assertThat(link.read(ByteBuffer.allocate(1))).isEqualTo(1);
    }

    @Test
    void whatWasNeverSentOrIsNotKeptCannotBeResumed() throws Exception {
        Pair pair = connect();
        SessionLink link = new SessionLink(pair.worker(), LONG);
        speak(link.writer());
        link.writer().acknowledged(100);
        assertThatThrownBy(() -> link.resume(connect().worker(), 1, 50, _ -> {}))
                .isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> link.resume(connect().worker(), 2, 1 << 30, _ -> {}))
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    void aClientThatHasSaidThatItLeavesIsNotWaitedFor() throws Exception {
        Pair pair = connect();
        SessionLink link = new SessionLink(pair.worker(), null);
        link.leaving();
        pair.client().close();
        assertThat(link.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        assertThat(link.resume(connect().worker(), 1, 0, _ -> {})).isFalse();
    }

    @Test
    void patienceEnds() throws Exception {
        Pair pair = connect();
        SessionLink link = new SessionLink(pair.worker(), Duration.ofMillis(50));
        pair.client().close();
        assertThat(link.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }

    @Test
    void whatIsReceivedIsAcknowledgedInSteps() throws Exception {
        Pair pair = connect();
        SessionLink link = new SessionLink(pair.worker(), LONG);
        CompletableFuture<byte[]> heard = hear(link, WireConstants.ACK_STEP);
        pair.client().write(ByteBuffer.wrap(new byte[WireConstants.ACK_STEP]));
        heard.get();
        byte[] frame = read(pair.client(), 24);
        assertThat(frame[4]).isEqualTo((byte) 0x11);
        pair.client().close();
    }

    @Test
    void bulkDataWaitsForAClientThatDoesNotAcknowledge() throws Exception {
        Pair pair = connect();
        SessionLink link = new SessionLink(pair.worker(), LONG);
        ByteBuffer mebibyte = ByteBuffer.allocateDirect(1 << 20);
        Outbox.Loan loan = new Outbox.Loan();
        int kept = WireConstants.MOST_UNACKNOWLEDGED >> 20;
        Thread sender =
                Thread.ofPlatform()
                        .start(() -> {
                            for (int i = 0; i < kept + 8; i++) {
                                link.writer().sendData(new MemData(1, i), mebibyte.clear(), loan);
                            }
                        });
        int frame = (1 << 20) + 32;
        read(pair.client(), kept * frame);
        org.awaitility.Awaitility.await()
                .until(() -> sender.getState() == Thread.State.WAITING || !sender.isAlive());
        assertThat(sender.isAlive()).isTrue();
        link.writer().acknowledged(kept * (long) frame);
        read(pair.client(), 8 * frame);
        sender.join();
        pair.client().close();
    }
}
