package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.LeaseRenew;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {
    private static final UUID LEASE = new UUID(3, 4);
    private static final int GREETING = Hello.BYTES + Proof.BYTES;

    private static byte[] conversation() {
        LeaseRenew renew = new LeaseRenew(LEASE);
        ByteBuffer bytes = ByteBuffer.allocate(GREETING + FrameHeader.BYTES + renew.wireBytes());
        Hello.of(Hello.KIND_LEASE, "test", Hello.NO_LEASE, 1).write(bytes);
        Proof.NONE.write(bytes);
        renew.writeFrame(bytes, 9);
        return bytes.array();
    }

    @Test
    void bytesOneAtATimeGiveTheSameAsAllAtOnce() {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        for (byte single : conversation()) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {single}));
        }
        Hello hello = channel.readInbound();
        assertThat(hello.build()).isEqualTo("test");
        Proof proof = channel.readInbound();
        assertThat(proof).isEqualTo(Proof.NONE);
        FrameDecoder.Frame frame = channel.readInbound();
        assertThat(frame.header().request()).isEqualTo(9);
        assertThat(frame.body().remaining()).isEqualTo(16);
        Object nothing = channel.readInbound();
        assertThat(nothing).isNull();
    }

    @Test
    void aLengthThatTheMessageCannotHaveIsRefusedBeforeItsBodyComes() {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        channel.writeInbound(Unpooled.wrappedBuffer(conversation(), 0, GREETING));
        ByteBuffer header = ByteBuffer.allocate(FrameHeader.BYTES);
        FrameHeader.write(header, 1 << 20, LeaseRenew.CALL, 0, 1, 0);
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(header.flip())))
                .isInstanceOf(DecoderException.class)
                .hasRootCauseInstanceOf(ProtocolException.class);
    }

    @Test
    void anythingElseIsTheDeclaredException() {
        Random random = new Random(5);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = conversation();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
            try {
                channel.writeInbound(Unpooled.wrappedBuffer(bytes));
            } catch (DecoderException e) {
                assertThat(e).hasRootCauseInstanceOf(ProtocolException.class);
            }
            channel.releaseInbound();
        }
    }
}
