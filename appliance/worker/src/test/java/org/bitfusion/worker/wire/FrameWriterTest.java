package org.bitfusion.worker.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.GatheringByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.Credit;
import org.bitfusion.protocol.message.MemData;
import org.bitfusion.protocol.message.PingAnswer;
import org.bitfusion.protocol.message.WireConstants;
import org.junit.jupiter.api.Test;

class FrameWriterTest {
    private static final int CHUNK = 100_000;

    /// Keeps what is written; takes few bytes at a time; can be held at its first write.
    private static final class Sink implements GatheringByteChannel {
        private final ByteBuffer taken =
                ByteBuffer.allocate(8 << 20).order(ByteOrder.LITTLE_ENDIAN);
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        @Override
        public long write(ByteBuffer[] sources, int offset, int length) {
            reached.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            for (int i = offset; i < offset + length; i++) {
                if (sources[i].hasRemaining()) {
                    int count = Math.min(4096, sources[i].remaining());
                    taken.put(sources[i].slice(sources[i].position(), count));
                    sources[i].position(sources[i].position() + count);
                    return count;
                }
            }
            return 0;
        }

        @Override
        public long write(ByteBuffer[] sources) {
            return write(sources, 0, sources.length);
        }

        @Override
        public int write(ByteBuffer source) {
            return (int) write(new ByteBuffer[] {source});
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}

        List<FrameHeader> frames() throws ProtocolException {
            List<FrameHeader> frames = new ArrayList<>();
            ByteBuffer bytes = taken.duplicate().flip();
            while (bytes.hasRemaining()) {
                FrameHeader header = FrameHeader.read(bytes);
                frames.add(header);
                bytes.position(bytes.position() + header.length());
            }
            return frames;
        }
    }

    private static void send(FrameWriter writer, long bytes) {
        Credit credit = new Credit(bytes);
        writer.send(credit.wireBytes(), credit::writeFrame);
    }

    @Test
    void aSmallFrameDoesNotWaitForAnothersBulkDataAndNothingIsLost() throws Exception {
        Sink sink = new Sink();
        FrameWriter writer = new FrameWriter(sink);
        Thread bulk =
                Thread.ofPlatform()
                        .start(() -> {
                            for (int i = 0; i < 4; i++) {
                                writer.sendData(
                                        new MemData(1, i), ByteBuffer.allocate(CHUNK), null);
                            }
                        });
        sink.reached.await();
        for (int i = 0; i < 3; i++) {
            send(writer, i);
        }
        assertThat(sink.taken.position()).isZero();
        sink.open.countDown();
        bulk.join();
        assertThat(sink.frames())
                .extracting(FrameHeader::call)
                .containsExactly(
                        MemData.CALL,
                        Credit.CALL,
                        Credit.CALL,
                        Credit.CALL,
                        MemData.CALL,
                        MemData.CALL,
                        MemData.CALL);
    }

    @Test
    void framesOfManyThreadsStayWhole() throws Exception {
        Sink sink = new Sink();
        sink.open.countDown();
        FrameWriter writer = new FrameWriter(sink);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            boolean large = t == 0;
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int i = 0; i < (large ? 20 : 2000); i++) {
                                    if (large) {
                                        writer.sendData(
                                                new MemData(1, i),
                                                ByteBuffer.allocate(CHUNK),
                                                null);
                                    } else {
                                        send(writer, i);
                                    }
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(sink.frames()).hasSize(20 + 3 * 2000);
    }

    @Test
    void framesForAClientThatDoesNotReadWaitInBoundedMemory() throws Exception {
        Sink sink = new Sink();
        FrameWriter writer = new FrameWriter(sink);
        Thread bulk =
                Thread.ofPlatform()
                        .start(() ->
                                writer.sendData(new MemData(1, 0), ByteBuffer.allocate(1), null));
        sink.reached.await();
        AtomicInteger sent = new AtomicInteger();
        PingAnswer answer = new PingAnswer(ByteBuffer.allocate(1 << 20));
        Thread reader =
                Thread.ofPlatform()
                        .start(() -> {
                            for (int i = 0; i < 6; i++) {
                                writer.send(answer.wireBytes(), out -> answer.writeFrame(out, 1));
                                sent.incrementAndGet();
                            }
                        });
        await().until(() -> reader.getState() == Thread.State.WAITING || !reader.isAlive());
        assertThat(sent).hasValue((int) (FrameWriter.MOST_LEFT >> 20) - 1);
        sink.open.countDown();
        reader.join();
        bulk.join();
        assertThat(sink.frames()).hasSize(7);
    }

    /// A resuming connection that was overtaken by a newer one.
    @Test
    void anOlderConnectionSendsNothingAgain() throws Exception {
        Sink sink = new Sink();
        sink.open.countDown();
        FrameWriter writer = new FrameWriter(sink);
        send(writer, 1);
        send(writer, 2);
        boolean taken =
                writer.resume(
                        new Sink(),
                        0,
                        new FrameWriter.Takeover() {
                            @Override
                            public boolean isNewest() {
                                return false;
                            }

                            @Override
                            public boolean take() {
                                throw new AssertionError("it is not the newest");
                            }
                        });
        assertThat(taken).isFalse();
        send(writer, 3);
        assertThat(sink.frames()).hasSize(3);
    }

    /// Large frames that no connection takes do not pile up.
    @Test
    void withoutAConnectionWhoSendsLargeFramesWaits() throws Exception {
        Sink sink = new Sink();
        sink.open.countDown();
        FrameWriter writer = new FrameWriter(sink);
        writer.resume(new BrokenSink(_ -> {}), 0, TAKEN);
        AtomicInteger sent = new AtomicInteger();
        int most = WireConstants.MOST_UNACKNOWLEDGED / CHUNK;
        Thread printing =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            PingAnswer large = new PingAnswer(ByteBuffer.allocate(CHUNK));
                            while (sent.get() < 2 * most) {
                                writer.send(large.wireBytes(), out -> large.writeFrame(out, 1));
                                sent.incrementAndGet();
                            }
                        });
        await().until(() -> printing.getState() == Thread.State.WAITING || sent.get() >= 2 * most);
        assertThat(sent.get()).isBetween(most - 2, most + 2);
    }

    /// A write over TLS is of many records: when it fails, the client may have received some.
    @Test
    void whatAFailedWriteDeliveredMayBeAcknowledged() throws Exception {
        AtomicLong delivered = new AtomicLong();
        FrameWriter writer = new FrameWriter(new BrokenSink(delivered::set));
        writer.sendData(new MemData(1, 0), ByteBuffer.allocate(CHUNK), null);
        send(writer, 1);
        Sink sink = new Sink();
        sink.open.countDown();
        assertThat(writer.resume(sink, delivered.get(), TAKEN)).isTrue();
        assertThat(delivered.get()).isGreaterThan(CHUNK);
        assertThat(sink.frames()).extracting(FrameHeader::call).containsExactly(Credit.CALL);
    }

    /// The same, if the acknowledgement comes before the connection is known to be broken.
    @Test
    void whatAFailedWriteDeliveredIsNotSentAgain() throws Exception {
        AtomicLong delivered = new AtomicLong();
        FrameWriter writer = new FrameWriter(new BrokenSink(delivered::set));
        writer.sendData(new MemData(1, 0), ByteBuffer.allocate(CHUNK), null);
        writer.acknowledged(delivered.get());
        send(writer, 1);
        Sink sink = new Sink();
        sink.open.countDown();
        assertThat(writer.resume(sink, delivered.get(), TAKEN)).isTrue();
        assertThat(sink.frames()).extracting(FrameHeader::call).containsExactly(Credit.CALL);
    }

    private static final FrameWriter.Takeover TAKEN =
            new FrameWriter.Takeover() {
                @Override
                public boolean isNewest() {
                    return true;
                }

                @Override
                public boolean take() {
                    return true;
                }
            };

    /// Fails with each write.
    ///
    /// @param delivered told how many bytes the other side has received of it nevertheless
    private record BrokenSink(LongConsumer delivered) implements GatheringByteChannel {
        @Override
        public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
            long bytes = 0;
            for (int i = offset; i < offset + length; i++) {
                bytes += sources[i].remaining();
            }
            delivered.accept(bytes);
            throw new IOException("broken");
        }

        @Override
        public long write(ByteBuffer[] sources) throws IOException {
            return write(sources, 0, sources.length);
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            return (int) write(new ByteBuffer[] {source});
        }

        @Override
        public boolean isOpen() {
            return false;
        }

        @Override
        public void close() {}
    }
}
