package org.bitfusion.worker.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.WritableByteChannel;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.WireConstants;
import org.junit.jupiter.api.Test;

class CreditAccountTest {
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final CreditAccount account =
            new CreditAccount(new FrameWriter(new OneByOne(Channels.newChannel(sent))));

    private record OneByOne(WritableByteChannel channel) implements GatheringByteChannel {
        @Override
        public long write(ByteBuffer[] sources, int offset, int length) throws java.io.IOException {
            long count = 0;
            for (int i = offset; i < offset + length; i++) {
                count += channel.write(sources[i]);
            }
            return count;
        }

        @Override
        public long write(ByteBuffer[] sources) throws java.io.IOException {
            return write(sources, 0, sources.length);
        }

        @Override
        public int write(ByteBuffer source) throws java.io.IOException {
            return channel.write(source);
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    @Test
    void creditGoesBackInLargeSteps() throws ProtocolException {
        account.arrived(WireConstants.CREDIT_STEP);
        account.giveBack(WireConstants.CREDIT_STEP - 1);
        assertThat(sent.size()).isZero();
        account.giveBack(1);
        assertThat(sent.size()).isPositive();
    }

    @Test
    void aClientFarBeyondItsWindowIsRefused() throws ProtocolException {
        account.arrived(2L * WireConstants.WINDOW);
        assertThatThrownBy(() -> account.arrived(1)).isInstanceOf(ProtocolException.class);
        account.giveBack(WireConstants.WINDOW);
        account.arrived(WireConstants.WINDOW / 2);
    }
}
