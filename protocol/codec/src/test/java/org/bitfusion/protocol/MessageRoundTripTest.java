package org.bitfusion.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import org.bitfusion.protocol.AllMessages.Kind;
import org.bitfusion.protocol.message.ClientMessages;
import org.bitfusion.protocol.message.LeaseMessages;
import org.bitfusion.protocol.message.WireConstants;
import org.bitfusion.protocol.message.WorkerMessages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MessageRoundTripTest {
    private static final long SEED = 20251121;

    static List<Kind> kinds() {
        return AllMessages.kinds();
    }

    @Test
    void findsTheMessages() {
        assertThat(kinds())
                .hasSizeGreaterThan(80)
                .extracting(Kind::toString)
                .contains("MemSet", "Launch", "MemAllocAnswer");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatIsReadIsWhatWasWritten(Kind kind) throws ProtocolException {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 50; i++) {
            Record message = AllMessages.random(kind.type(), random);
            ByteBuffer frame = AllMessages.frame(kind, message, 77, 5);
            FrameHeader header = FrameHeader.read(frame);
            assertThat(header.length())
                    .isEqualTo(frame.remaining())
                    .isBetween(kind.minimum(), kind.maximum());
            assertThat(header.call()).isEqualTo(kind.call());
            assertThat(header.answer()).isEqualTo(kind.answer());
            assertThat(header.request()).isEqualTo(kind.hasRequest() ? 77 : 0);
            Record read = kind.read(frame);
            assertThat(AllMessages.shown(read)).isEqualTo(AllMessages.shown(message));
            assertThat(frame.remaining()).isEqualTo(kind.payload() ? 5 : 0);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aBodyThatIsCutOffIsRefusedWhereverItIsCut(Kind kind) throws ProtocolException {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 20; i++) {
            ByteBuffer frame =
                    AllMessages.frame(kind, AllMessages.random(kind.type(), random), 1, 0);
            FrameHeader.read(frame);
            int impliedBytes = impliedBytes(kind, frame.duplicate().order(ByteOrder.LITTLE_ENDIAN));
            for (int length = 0; length < frame.remaining() - impliedBytes; length++) {
                ByteBuffer cut =
                        frame.slice(frame.position(), length).order(ByteOrder.LITTLE_ENDIAN);
                assertThatThrownBy(() -> kind.read(cut)).isInstanceOf(ProtocolException.class);
            }
        }
    }

    /// Bytes at the end whose number the frame implies: any number of them is good.
    private static int impliedBytes(Kind kind, ByteBuffer body) throws ProtocolException {
        Record message = kind.read(body);
        var components = kind.type().getRecordComponents();
        if (components.length == 0
                || components[components.length - 1].getType() != ByteBuffer.class) {
            return 0;
        }
        try {
            return ((ByteBuffer) components[components.length - 1].getAccessor().invoke(message))
                    .remaining();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void nonsenseIsRefusedOrReadButNeverAnythingElse(Kind kind) {
        SplittableRandom random = new SplittableRandom(SEED);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 2_000; i++) {
            byte[] bytes = new byte[random.nextInt(1, 200)];
            random.nextBytes(bytes);
            if (i % 2 == 0) {
                sprinkleSmallNumbers(bytes, random);
            }
            ByteBuffer body = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().threadId());
            try {
                assertThat(kind.read(body)).isNotNull();
            } catch (ProtocolException e) {
                assertThat(e).hasMessageNotContainingAny("null");
            }
            long allocated =
                    threads.getThreadAllocatedBytes(Thread.currentThread().threadId()) - before;
            assertThat(allocated).isLessThan(1 << 20);
        }
    }

    /// Makes it likely that counts and lengths are small enough to be believed.
    private static void sprinkleSmallNumbers(byte[] bytes, SplittableRandom random) {
        for (int i = 0; i < bytes.length; i++) {
            if (random.nextInt(3) > 0) {
                bytes[i] = (byte) random.nextInt(3);
            }
        }
    }

    @Test
    void aLengthThatAMessageCannotHaveIsRefusedBeforeItsBody() {
        assertThatThrownBy(() -> ClientMessages.bytesToBuffer(0x030b, 44))
                .hasMessage("mem.set: body of 44 bytes (expected: 45 to 45)");
        assertThatThrownBy(() ->
                        ClientMessages.bytesToBuffer(0x0306, 64 + WireConstants.BULK_CHUNK + 1))
                .isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> LeaseMessages.bytesToBuffer(0x030b, 45))
                .hasMessage("call 0x030b: unknown");
        assertThatThrownBy(() -> WorkerMessages.bytesToBuffer(0, 0))
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    void aPayloadIsNotBuffered() throws ProtocolException {
        assertThat(ClientMessages.bytesToBuffer(0x0306, 64 + WireConstants.BULK_CHUNK))
                .isEqualTo(64);
        assertThat(ClientMessages.bytesToBuffer(0x030b, 45)).isEqualTo(45);
    }
}
