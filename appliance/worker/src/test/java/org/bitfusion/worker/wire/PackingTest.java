package org.bitfusion.worker.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Random;
import org.bitfusion.protocol.ProtocolException;
import org.junit.jupiter.api.Test;

class PackingTest {
    private static final int PIECE = 1 << 20;
    private static final long MILLISECOND = 1_000_000;
    private static final double SLOW = 100e6;

    private final Packing packing = new Packing(Packing.Mode.AUTO);
    private final ByteBuffer header = ByteBuffer.wrap(new byte[32]);
    private long now = MILLISECOND;

    /// Pieces over a link that takes so many bytes a second, the socket full each time.
    private void sendOver(double rate, int pieces) {
        for (int i = 0; i < pieces; i++) {
            long begin = now;
            now += (long) (PIECE * 1e9 / rate);
            packing.sent(PIECE, begin, now);
        }
    }

    private static ByteBuffer noise() {
        byte[] bytes = new byte[PIECE];
        new Random(1).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static ByteBuffer zeros() {
        return ByteBuffer.allocate(PIECE);
    }

    @Test
    void nothingIsCompressedBeforeTheLinkIsKnownToBeTheLimit() {
        for (int i = 0; i < 100; i++) {
            assertThat(packing.isWanted(PIECE)).isFalse();
            packing.sent(PIECE, now, now + MILLISECOND / 5);
            now += MILLISECOND;
        }
        sendOver(SLOW, 3);
        assertThat(packing.isWanted(PIECE)).isTrue();
        assertThat(packing.isWanted(1000)).isFalse();
    }

    @Test
    void aFastLinkGetsEverythingAsItIs() {
        sendOver(2e9, 100);
        assertThat(packing.isWanted(PIECE)).isFalse();
        sendOver(SLOW, 20); // it has become slow
        assertThat(packing.isWanted(PIECE)).isTrue();
    }

    @Test
    void aPauseIsNoTimeOfTheLink() {
        sendOver(SLOW, 1);
        now += 10_000 * MILLISECOND;
        sendOver(SLOW, 1);
        assertThat(packing.isWanted(PIECE)).isFalse();
    }

    @Test
    void whatGainsNothingIsHardlyTried() {
        sendOver(SLOW, 3);
        int tried = 0;
        for (int i = 0; i < 1000; i++) {
            if (packing.isWanted(PIECE)) {
                tried++;
                assertThat(packing.pack(header, noise())).isNull();
            }
        }
        assertThat(tried).isBetween(25, 40);
        int packed = 0;
        for (int i = 0; i < 100; i++) {
            if (packing.isWanted(PIECE) && packing.pack(header, zeros()) != null) {
                packed++;
            }
        }
        assertThat(packed).isGreaterThan(60); // the data has changed
    }

    @Test
    void aLinkThatIsNoLimitAnyMoreIsTriedWithout() {
        sendOver(SLOW, 3);
        int plain = 0;
        for (int i = 0; i < 650; i++) {
            plain += packing.isWanted(PIECE) ? 0 : 1;
            now += MILLISECOND;
            packing.sent(5000, now, now + MILLISECOND / 100);
        }
        assertThat(plain).isEqualTo(10);
    }

    @Test
    void whatWasPackedIsUnpacked() throws ProtocolException {
        Packing always = new Packing(Packing.Mode.ALWAYS);
        assertThat(always.isWanted(PIECE)).isTrue();
        ByteBuffer packed = Objects.requireNonNull(always.pack(header.duplicate(), zeros()));
        assertThat(packed.remaining()).isLessThan(PIECE / 100);
        ByteBuffer plain = ByteBuffer.allocate(PIECE + 32);
        Packing.unpack(packed, plain);
        assertThat(plain.array()).isEqualTo(new byte[PIECE + 32]);
    }

    @Test
    void theEnvironmentDecides() {
        assertThat(Packing.Mode.of(null)).isEqualTo(Packing.Mode.AUTO);
        assertThat(Packing.Mode.of("off")).isEqualTo(Packing.Mode.OFF);
        assertThat(Packing.Mode.of("always")).isEqualTo(Packing.Mode.ALWAYS);
    }
}
