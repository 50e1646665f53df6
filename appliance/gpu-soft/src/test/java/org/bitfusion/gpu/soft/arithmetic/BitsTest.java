package org.bitfusion.gpu.soft.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Bit and integer instructions against the pseudo-code of the PTX ISA, bit by bit, and against
/// BigInteger.
class BitsTest {
    private final SplittableRandom random = new SplittableRandom(99);

    private int count() {
        return random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(70);
    }

    private static boolean bit(long value, int index) {
        return (value >>> index & 1) != 0;
    }

    /// PTX ISA 9.7.1.20, bfe.
    private static long bfe(long a, int b, int c, int top, boolean signed) {
        int position = b & 0xFF;
        int length = c & 0xFF;
        boolean sign = signed && length != 0 && bit(a, Math.min(position + length - 1, top));
        long result = 0;
        for (int index = 0; index <= top; index++) {
            boolean inside = index < length && position + index <= top;
            boolean set = inside ? bit(a, position + index) : sign;
            result |= set ? 1L << index : 0;
        }
        return result;
    }

    /// PTX ISA 9.7.1.21, bfi.
    private static long bfi(long a, long b, int c, int d, int top) {
        int position = c & 0xFF;
        int length = d & 0xFF;
        long result = b;
        for (int index = 0; index < length && position + index <= top; index++) {
            long mask = 1L << (position + index);
            result = bit(a, index) ? result | mask : result & ~mask;
        }
        return result;
    }

    @Test
    void bitFields() {
        for (int n = 0; n < 50_000; n++) {
            long a = random.nextLong();
            long b = random.nextLong();
            int position = count();
            int length = count();
            assertThat(Bits.bfeUnsigned((int) a, position, length))
                    .isEqualTo((int) bfe(a & 0xFFFFFFFFL, position, length, 31, false));
            assertThat(Bits.bfeSigned((int) a, position, length))
                    .isEqualTo((int) bfe(a & 0xFFFFFFFFL, position, length, 31, true));
            assertThat(Bits.bfeUnsigned(a, position, length))
                    .isEqualTo(bfe(a, position, length, 63, false));
            assertThat(Bits.bfeSigned(a, position, length))
                    .isEqualTo(bfe(a, position, length, 63, true));
            assertThat(Bits.bfi((int) a, (int) b, position, length))
                    .isEqualTo((int) bfi(a & 0xFFFFFFFFL, b & 0xFFFFFFFFL, position, length, 31));
            assertThat(Bits.bfi(a, b, position, length)).isEqualTo(bfi(a, b, position, length, 63));
        }
    }

    @Test
    void funnelShifts() {
        for (int n = 0; n < 20_000; n++) {
            int a = random.nextInt();
            int b = random.nextInt();
            int c = count();
            BigInteger both =
                    BigInteger.valueOf(b & 0xFFFFFFFFL)
                            .shiftLeft(32)
                            .or(BigInteger.valueOf(a & 0xFFFFFFFFL));
            int clamped = (int) Math.min(c & 0xFFFFFFFFL, 32);
            assertThat(Bits.funnelLeft(a, b, c, true))
                    .isEqualTo(both.shiftLeft(c & 31).shiftRight(32).intValue());
            assertThat(Bits.funnelLeft(a, b, c, false))
                    .isEqualTo(both.shiftLeft(clamped).shiftRight(32).intValue());
            assertThat(Bits.funnelRight(a, b, c, true))
                    .isEqualTo(both.shiftRight(c & 31).intValue());
            assertThat(Bits.funnelRight(a, b, c, false))
                    .isEqualTo(both.shiftRight(clamped).intValue());
        }
    }

    @Test
    void shiftsBeyondTheWidthClamp() {
        assertThat(Bits.shl(5, 32)).isZero();
        assertThat(Bits.shl(5, -1)).isZero();
        assertThat(Bits.shrSigned(-5, 77)).isEqualTo(-1);
        assertThat(Bits.shrUnsigned(-5, 32)).isZero();
        assertThat(Bits.shrSigned(-5L, 64)).isEqualTo(-1L);
        assertThat(Bits.shl(1L, 63)).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void lookupTablesOfThreeInputs() {
        for (int table = 0; table < 256; table++) {
            int result = Bits.lop3(0xF0, 0xCC, 0xAA, table);
            assertThat(result & 0xFF).isEqualTo(table);
        }
    }

    @Test
    void permutations() {
        assertThat(Bits.prmt(0x33221100, 0x77665544, 0x7531)).isEqualTo(0x77553311);
        assertThat(Bits.prmt(0x80FF7F00, 0, 0xBA98)).isEqualTo(0xFFFF0000);
        int[][] expected = {
            {0x3210, 0x4321, 0x5432, 0x6543},
            {0x5670, 0x6701, 0x7012, 0x0123},
            {0x0000, 0x1111, 0x2222, 0x3333},
            {0x3210, 0x3211, 0x3222, 0x3333},
            {0x0000, 0x1110, 0x2210, 0x3210},
            {0x1010, 0x3232, 0x1010, 0x3232},
        };
        for (int mode = 0; mode < expected.length; mode++) {
            for (int control = 0; control < 4; control++) {
                assertThat(Bits.prmtSelector(mode, control))
                        .as("mode %d control %d", mode, control)
                        .isEqualTo(expected[mode][control]);
            }
        }
    }

    @Test
    void searches() {
        assertThat(Bits.bfind(0, false)).isEqualTo(-1);
        assertThat(Bits.bfind(-1, true)).isEqualTo(-1);
        assertThat(Bits.bfind(-1, false)).isEqualTo(31);
        assertThat(Bits.bfind(1L << 40, false)).isEqualTo(40);
        assertThat(Bits.bfindShift(1, false)).isEqualTo(31);
        assertThat(Bits.bfindShift(0, false)).isEqualTo(-1);
        assertThat(Bits.fns(0b1011_0100, 2, 1)).isEqualTo(2);
        assertThat(Bits.fns(0b1011_0100, 2, 3)).isEqualTo(5);
        assertThat(Bits.fns(0b1011_0100, 7, -2)).isEqualTo(5);
        assertThat(Bits.fns(0b1011_0100, 3, 0)).isEqualTo(-1);
        assertThat(Bits.fns(0b1011_0100, 4, 0)).isEqualTo(4);
    }

    @Test
    void masksAndExtensions() {
        assertThat(Bits.bmsk(4, 8, false)).isEqualTo(0xFF0);
        assertThat(Bits.bmsk(0, 32, false)).isEqualTo(-1);
        assertThat(Bits.bmsk(0, 32, true)).isZero();
        assertThat(Bits.bmsk(40, 4, false)).isZero();
        assertThat(Bits.bmsk(28, 8, false)).isEqualTo(0xF0000000);
        assertThat(Bits.szext(0xFF, 8, false, true)).isEqualTo(-1);
        assertThat(Bits.szext(0xFFFF, 8, false, false)).isEqualTo(0xFF);
        assertThat(Bits.szext(-7, 32, false, true)).isEqualTo(-7);
    }

    @Test
    void carriesOfWideSums() {
        for (int n = 0; n < 50_000; n++) {
            long a = n % 3 == 0 ? -1 : random.nextLong();
            long b = n % 5 == 0 ? a : random.nextLong();
            int carry = random.nextInt(2);
            BigInteger x = new BigInteger(Long.toUnsignedString(a));
            BigInteger y = new BigInteger(Long.toUnsignedString(b));
            BigInteger c = BigInteger.valueOf(carry);
            assertThat(Integers.carryOfAdd(a, b, carry))
                    .isEqualTo(x.add(y).add(c).shiftRight(64).intValue());
            assertThat(Integers.borrowOfSub(a, b, carry))
                    .isEqualTo(x.subtract(y).subtract(c).signum() < 0 ? 1 : 0);
            long narrowA = a & 0xFFFFFFFFL;
            long narrowB = b & 0xFFFFFFFFL;
            assertThat(Integers.carryOfAdd((int) a, (int) b, carry))
                    .isEqualTo((int) ((narrowA + narrowB + carry) >> 32));
            assertThat(Integers.borrowOfSub((int) a, (int) b, carry))
                    .isEqualTo(narrowA - narrowB - carry < 0 ? 1 : 0);
        }
    }

    @Test
    void productsOfBytesAndParts() {
        assertThat(Integers.dp4a(0xFF02_0304, true, 0x0102_0304, true, 10))
                .isEqualTo(10 - 1 + 4 + 9 + 16);
        assertThat(Integers.dp4a(0xFF02_0304, false, 0x0102_0304, false, 10))
                .isEqualTo(10 + 255 + 4 + 9 + 16);
        assertThat(Integers.dp2a(0xFFFF_0002, true, 0x0102_0304, true, 1, false))
                .isEqualTo(1 + 2 * 4 - 3);
        assertThat(Integers.dp2a(0xFFFF_0002, true, 0x0102_0304, true, 1, true))
                .isEqualTo(1 + 2 * 2 - 1);
        assertThat(Integers.mul24(0xFFFFFF, 2, true)).isEqualTo(-2);
        assertThat(Integers.mul24(0xFFFFFF, 2, false)).isEqualTo(0x1FFFFFE);
        assertThat(Integers.sad(3, -4, 1, true)).isEqualTo(8);
        assertThat(Integers.mulHighSigned(-1, 5)).isEqualTo(-1);
        assertThat(Integers.mulHighUnsigned(-1, 5)).isEqualTo(4);
        assertThat(
                        Integers.madHighSaturated(
                                Integer.MIN_VALUE, Integer.MIN_VALUE, Integer.MAX_VALUE))
                .isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void videoLanes() {
        assertThat(
                        Video.apply(
                                Video.ABSOLUTE_DIFFERENCE,
                                8,
                                0x01FF_0080,
                                false,
                                0x0201_0000,
                                false,
                                5,
                                false,
                                false,
                                true))
                .isEqualTo(5 + 1 + 254 + 0 + 128);
        assertThat(
                        Video.apply(
                                Video.ABSOLUTE_DIFFERENCE,
                                8,
                                0x01FF_0080,
                                false,
                                0x0201_0000,
                                false,
                                5,
                                false,
                                false,
                                false))
                .isEqualTo(0x01FE_0080);
        assertThat(
                        Video.apply(
                                Video.ADD,
                                16,
                                0xFFFF_0001,
                                false,
                                0x0001_0001,
                                false,
                                0,
                                false,
                                true,
                                false))
                .isEqualTo(0xFFFF_0002);
    }

    @Test
    void averagesOfNegativeSumsRoundDown() {
        int bytes =
                Video.apply(
                        Video.AVERAGE,
                        8,
                        0xFDFF_FF03,
                        true,
                        0x0000_FF00,
                        true,
                        0,
                        true,
                        false,
                        false);
        int halves =
                Video.apply(
                        Video.AVERAGE,
                        16,
                        0xFFFD_0003,
                        true,
                        0x0000_0000,
                        true,
                        0,
                        true,
                        false,
                        false);

        assertThat(bytes).as("-3 -1 -2 3, halved").isEqualTo(0xFEFF_FF02);
        assertThat(halves).as("-3 3, halved").isEqualTo(0xFFFE_0002);
    }
}
