package org.bitfusion.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.bitfusion.protocol.message.WireConstants;
import org.junit.jupiter.api.Test;

class FrameHeaderTest {
    private static ByteBuffer header(int length, int flags) {
        ByteBuffer bytes = ByteBuffer.allocate(FrameHeader.BYTES);
        FrameHeader.write(bytes, length, 0xfedc, flags, 0x12345678, -5);
        return bytes.flip();
    }

    @Test
    void hasItsFieldsWhereTheProtocolSays() {
        assertThat(header(0x010203, 1).array())
                .containsExactly(
                        0x03, 0x02, 0x01, 0x00, 0xdc, 0xfe, 0x01, 0x00, 0x78, 0x56, 0x34, 0x12,
                        0xfb, 0xff, 0xff, 0xff);
    }

    @Test
    void whatIsReadIsWhatWasWritten() throws ProtocolException {
        assertThat(FrameHeader.read(header(WireConstants.MAX_BODY, 1)))
                .isEqualTo(new FrameHeader(WireConstants.MAX_BODY, 0xfedc, 1, 0x12345678, -5));
    }

    @Test
    void aBodyAboveTheLimitIsRefused() {
        assertThatThrownBy(() -> FrameHeader.read(header(WireConstants.MAX_BODY + 1, 0)))
                .isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> FrameHeader.read(header(-1, 0)))
                .hasMessageContaining("4294967295");
    }

    @Test
    void anUnknownFlagIsRefused() {
        assertThatThrownBy(() -> FrameHeader.read(header(0, 2)))
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    void isRefusedWhereverItIsCutOff() {
        for (int length = 0; length < FrameHeader.BYTES; length++) {
            ByteBuffer cut = header(0, 0).limit(length);
            assertThatThrownBy(() -> FrameHeader.read(cut)).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void aFailureIsAnAnswerWithoutBody() throws ProtocolException {
        ByteBuffer bytes = ByteBuffer.allocate(64);
        FrameHeader.writeFailure(bytes, 3, 9, 700);
        assertThat(FrameHeader.read(bytes.flip()))
                .isEqualTo(new FrameHeader(0, 3, FrameHeader.ANSWER, 9, 700));
        assertThat(bytes.hasRemaining()).isFalse();
    }
}
