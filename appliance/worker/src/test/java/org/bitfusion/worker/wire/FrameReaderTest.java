package org.bitfusion.worker.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jpountz.lz4.LZ4Factory;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.LinkPack;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.protocol.message.MemWrite;
import org.bitfusion.protocol.message.Ping;
import org.bitfusion.protocol.message.Region;
import org.bitfusion.protocol.message.StreamHostFunctionDone;
import org.bitfusion.protocol.message.WireConstants;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
    private static final int PAYLOAD = 600_000;

    /// Gives bytes in pieces of at most `piece`.
    private record Pieces(ByteBuffer bytes, int piece) implements ReadableByteChannel {
        @Override
        public int read(ByteBuffer destination) {
            if (!bytes.hasRemaining()) {
                return -1;
            }
            int count = Math.min(Math.min(piece, bytes.remaining()), destination.remaining());
            destination.put(bytes.slice(bytes.position(), count));
            bytes.position(bytes.position() + count);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    /// What arrived, as text; payload is read to its end.
    private static List<String> read(byte[] bytes, int piece) throws IOException {
        List<String> heard = new ArrayList<>();
        FrameLoop frames = new FrameLoop(new Pieces(ByteBuffer.wrap(bytes), piece));
        InvocationHandler listener =
                (_, method, arguments) -> {
                    if (arguments.length == 3) {
                        byte[] payload = new byte[(int) arguments[1]];
                        frames.readPayload((ByteBuffer) arguments[2], ByteBuffer.wrap(payload));
                        heard.add(arguments[0] + " " + Arrays.hashCode(payload));
                    } else if (arguments[arguments.length - 1] instanceof Ping ping) {
                        heard.add("ping " + ping.data().remaining());
                    } else {
                        heard.add(String.valueOf(arguments[arguments.length - 1]));
                    }
                    return null;
                };
        ClientMessageHandler handler =
                (ClientMessageHandler)
                        Proxy.newProxyInstance(
                                FrameReaderTest.class.getClassLoader(),
                                new Class<?>[] {ClientMessageHandler.class},
                                listener);
        long[] cost = new long[1];
        try {
            frames.runAlone(
                    handler,
                    new FrameLoop.Costs() {
                        @Override
                        public void arrived(int frame) {
                            cost[0] += frame;
                        }

                        @Override
                        public void executed(int frame) {}
                    });
        } catch (java.lang.reflect.UndeclaredThrowableException e) {
            throw new IOException(e.getCause());
        }
        heard.add("cost " + cost[0]);
        return heard;
    }

    private static byte[] conversation() {
        ByteBuffer out = ByteBuffer.allocate(4 << 20);
        byte[] payload = new byte[PAYLOAD];
        new Random(1).nextBytes(payload);
        for (int i = 0; i < 5000; i++) {
            new MemSet(1, i, 2, (byte) 1, 3, 4, 5).writeFrame(out);
        }
        new MemWrite(1, 2, new Region(PAYLOAD, 1, 1, PAYLOAD, PAYLOAD), 0).writeFrame(out, PAYLOAD);
        out.put(payload);
        new Ping(ByteBuffer.allocate(WireConstants.BULK_CHUNK)).writeFrame(out, 7);
        new MemSet(9, 9, 9, (byte) 1, 9, 9, 9).writeFrame(out);
        return Arrays.copyOf(out.array(), out.position());
    }

    @Test
    void whateverThePiecesTheSameArrives() throws IOException {
        byte[] bytes = conversation();
        List<String> whole = read(bytes, Integer.MAX_VALUE);
        assertThat(whole).hasSize(5000 + 3 + 1).contains("ping " + WireConstants.BULK_CHUNK);
        for (int piece : new int[] {1, 7, 1000, 65_537}) {
            assertThat(read(bytes, piece)).isEqualTo(whole);
        }
    }

    /// Frames in the `link.pack` that a client would send instead of them.
    private static byte[] packed(byte[] frames, int from, int to) {
        byte[] data = LZ4Factory.safeInstance().fastCompressor().compress(frames, from, to - from);
        return pack(to - from, data);
    }

    private static byte[] pack(int count, byte[] data) {
        ByteBuffer out =
                ByteBuffer.allocate(FrameHeader.BYTES + LinkPack.MINIMUM_BYTES + data.length);
        new LinkPack(count).writeFrame(out, data.length);
        return out.put(data).array();
    }

    @Test
    void whatComesPackedIsAsIfItHadComeByItself() throws IOException {
        byte[] bytes = conversation();
        List<String> plain = read(bytes, Integer.MAX_VALUE);
        ByteBuffer frames = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int group : new int[] {1, 100, 4999, 5002}) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            boolean packs = true;
            for (int from = 0, to = 0; from < bytes.length; from = to, packs = !packs) {
                for (int i = 0; i < group && to < bytes.length; i++) {
                    int next = to + FrameHeader.BYTES + frames.getInt(to);
                    if (next - from > WireConstants.MAX_PACKED && i > 0) {
                        break;
                    }
                    to = next;
                }
                out.writeBytes(
                        packs ? packed(bytes, from, to) : Arrays.copyOfRange(bytes, from, to));
            }
            for (int piece : new int[] {3, 70_001, Integer.MAX_VALUE}) {
                assertThat(read(out.toByteArray(), piece)).isEqualTo(plain);
            }
        }
    }

    @Test
    void whatMakesNoSenseInAPackIsRefused() {
        byte[] frame = Arrays.copyOf(conversation(), FrameHeader.BYTES + MemSet.MINIMUM_BYTES);
        byte[] good = packed(frame, 0, frame.length);
        byte[] data =
                Arrays.copyOfRange(good, FrameHeader.BYTES + LinkPack.MINIMUM_BYTES, good.length);
        for (byte[] bad :
                List.of(
                        packed(good, 0, good.length), // one in another
                        packed(frame, 0, frame.length - 1), // a part of a frame
                        packed(frame, 0, 7),
                        pack(frame.length - 1, data),
                        pack(frame.length + 1, data),
                        pack(0, data),
                        pack(-1, data),
                        pack(WireConstants.MAX_PACKED + 1, data),
                        pack(frame.length, new byte[0]),
                        pack(frame.length, new byte[] {1, 2, 3}))) {
            byte[] followed = Arrays.copyOf(bad, bad.length + frame.length);
            System.arraycopy(frame, 0, followed, bad.length, frame.length);
            assertThatThrownBy(() -> read(followed, 1000)).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void theEndOfAHostFunctionCostsNothing() throws IOException {
        ByteBuffer out = ByteBuffer.allocate(1000);
        new StreamHostFunctionDone(7).writeFrame(out);
        new MemSet(1, 2, 3, (byte) 1, 4, 5, 6).writeFrame(out);
        assertThat(read(Arrays.copyOf(out.array(), out.position()), 100))
                .contains(
                        "StreamHostFunctionDone[id=7]", "cost " + WireConstants.MINIMUM_FRAME_COST);
    }

    @Test
    void anEndWithinAFrameIsToldFromAnEndBetweenFrames() throws IOException {
        byte[] bytes =
                Arrays.copyOf(conversation(), 2 * (FrameHeader.BYTES + MemSet.MINIMUM_BYTES));
        for (int length = 0; length <= bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            if (length % (FrameHeader.BYTES + MemSet.MINIMUM_BYTES) == 0) {
                assertThat(read(cut, 5)).isNotEmpty();
            } else {
                assertThatThrownBy(() -> read(cut, 5)).isInstanceOf(EOFException.class);
            }
        }
    }

    @Test
    void damagedFramesAreTheDeclaredExceptionOrOtherFrames() {
        byte[] bytes = Arrays.copyOf(conversation(), 3000);
        Random random = new Random(9);
        for (int round = 0; round < 500; round++) {
            byte[] damaged = bytes.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                read(damaged, 64 * 1024);
            } catch (IOException e) {
                assertThat(e).isInstanceOfAny(ProtocolException.class, EOFException.class);
            }
        }
    }

    @Test
    void aFrameIsRefusedByItsHeaderAlone() {
        ByteBuffer oversized = ByteBuffer.allocate(FrameHeader.BYTES);
        FrameHeader.write(oversized, WireConstants.MAX_BODY + 1, Ping.CALL, 0, 1, 0);
        assertThatThrownBy(() -> read(oversized.array(), 100))
                .isInstanceOf(ProtocolException.class);
    }
}
