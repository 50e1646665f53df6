package org.bitfusion.gpu.soft.arithmetic;

/// Bit-field, shift and logic instructions (PTX ISA, "Integer Arithmetic Instructions" and "Logic
/// and Shift Instructions").
public final class Bits {
    private Bits() {}

    public static int shl(int a, int count) {
        return Integer.compareUnsigned(count, 31) > 0 ? 0 : a << count;
    }

    public static long shl(long a, int count) {
        return Integer.compareUnsigned(count, 63) > 0 ? 0 : a << count;
    }

    public static int shrUnsigned(int a, int count) {
        return Integer.compareUnsigned(count, 31) > 0 ? 0 : a >>> count;
    }

    public static long shrUnsigned(long a, int count) {
        return Integer.compareUnsigned(count, 63) > 0 ? 0 : a >>> count;
    }

    public static int shrSigned(int a, int count) {
        return Integer.compareUnsigned(count, 31) > 0 ? a >> 31 : a >> count;
    }

    public static long shrSigned(long a, int count) {
        return Integer.compareUnsigned(count, 63) > 0 ? a >> 63 : a >> count;
    }

    /// `shf.l`: the upper word of (high:low) << count.
    public static int funnelLeft(int low, int high, int count, boolean wrap) {
        int n = wrap ? count & 31 : (int) Math.min(count & 0xFFFF_FFFFL, 32);
        return (int) ((((long) high << 32 | (low & 0xFFFF_FFFFL)) << n) >>> 32);
    }

    /// `shf.r`: the lower word of (high:low) >> count.
    public static int funnelRight(int low, int high, int count, boolean wrap) {
        int n = wrap ? count & 31 : (int) Math.min(count & 0xFFFF_FFFFL, 32);
        return (int) (((long) high << 32 | (low & 0xFFFF_FFFFL)) >>> n);
    }

    public static int bfeUnsigned(int a, int position, int length) {
        return (int) bfeUnsigned(a & 0xFFFF_FFFFL, position, length);
    }

    public static long bfeUnsigned(long a, int position, int length) {
        int start = position & 0xFF;
        int count = length & 0xFF;
        long moved = start > 63 ? 0 : a >>> start;
        return count > 63 ? moved : moved & ((1L << count) - 1);
    }

    public static int bfeSigned(int a, int position, int length) {
        return (int) bfeSigned(a, position, length, 31);
    }

    public static long bfeSigned(long a, int position, int length) {
        return bfeSigned(a, position, length, 63);
    }

    private static long bfeSigned(long a, int position, int length, int top) {
        int start = position & 0xFF;
        int count = length & 0xFF;
        if (count == 0) {
            return 0;
        }
        if (start + count > top) {
            return a >> Math.min(start, top);
        }
        return (a << (64 - start - count)) >> (64 - count);
    }

    /// Inserts the low bits of `a` into `b`.
    public static int bfi(int a, int b, int position, int length) {
        int start = position & 0xFF;
        int count = length & 0xFF;
        if (start > 31 || count == 0) {
            return b;
        }
        int mask = (count > 31 ? -1 : (1 << count) - 1) << start;
        return (b & ~mask) | ((a << start) & mask);
    }

    public static long bfi(long a, long b, int position, int length) {
        int start = position & 0xFF;
        int count = length & 0xFF;
        if (start > 63 || count == 0) {
            return b;
        }
        long mask = (count > 63 ? -1L : (1L << count) - 1) << start;
        return (b & ~mask) | ((a << start) & mask);
    }

    /// Position of the highest bit that is set (unsigned) or differs from the sign (signed); -1
    /// when there is none.
    public static int bfind(int a, boolean signed) {
        int value = signed && a < 0 ? ~a : a;
        return 31 - Integer.numberOfLeadingZeros(value);
    }

    public static int bfind(long a, boolean signed) {
        long value = signed && a < 0 ? ~a : a;
        return 63 - Long.numberOfLeadingZeros(value);
    }

    /// `bfind.shiftamt`: the left shift that brings that bit to the top; -1 when there is none.
    public static int bfindShift(int a, boolean signed) {
        int found = bfind(a, signed);
        return found < 0 ? -1 : 31 - found;
    }

    public static int bfindShift(long a, boolean signed) {
        int found = bfind(a, signed);
        return found < 0 ? -1 : 63 - found;
    }

    /// A mask of `width` ones from bit `position`.
    public static int bmsk(int position, int width, boolean wrap) {
        int start = wrap ? position & 31 : clamp(position);
        int count = wrap ? width & 31 : clamp(width);
        long ones = (1L << count) - 1;
        return (int) (ones << start);
    }

    /// Sign- or zero-extends from `width` bits.
    public static int szext(int a, int width, boolean wrap, boolean signed) {
        int count = wrap ? width & 31 : clamp(width);
        if (count == 0) {
            return 0;
        }
        return signed ? (a << (32 - count)) >> (32 - count) : (a << (32 - count)) >>> (32 - count);
    }

    private static int clamp(int count) {
        return (int) Math.min(count & 0xFFFF_FFFFL, 32);
    }

    /// `fns`: position of the n-th set bit from `base`, upwards for positive offsets, downwards for
    /// negative; -1 when there is none.
    public static int fns(int mask, int base, int offset) {
        if (offset == 0) {
            return base >= 0 && base < 32 && (mask & 1 << base) != 0 ? base : -1;
        }
        int step = offset > 0 ? 1 : -1;
        int left = Math.abs(offset);
        for (int at = base; at >= 0 && at < 32; at += step) {
            if ((mask & 1 << at) != 0 && --left == 0) {
                return at;
            }
        }
        return -1;
    }

    /// `lop3`: bit i of the result is bit (a_i b_i c_i) of `table`.
    public static int lop3(int a, int b, int c, int table) {
        int result = 0;
        for (int row = 0; row < 8; row++) {
            if ((table & 1 << row) != 0) {
                result |=
                        ((row & 4) != 0 ? a : ~a)
                                & ((row & 2) != 0 ? b : ~b)
                                & ((row & 1) != 0 ? c : ~c);
            }
        }
        return result;
    }

    /// `prmt` without a mode: each nibble of `selector` picks a byte of b:a, or its sign eight
    /// times.
    public static int prmt(int a, int b, int selector) {
        long bytes = (long) b << 32 | (a & 0xFFFF_FFFFL);
        int result = 0;
        for (int index = 0; index < 4; index++) {
            int nibble = selector >>> (4 * index);
            int picked = (int) (bytes >>> (8 * (nibble & 7))) & 0xFF;
            if ((nibble & 8) != 0) {
                picked = (picked & 0x80) != 0 ? 0xFF : 0;
            }
            result |= picked << (8 * index);
        }
        return result;
    }

    /// The selector that a mode of `prmt` stands for, given the low two bits of its control
    /// operand.
    ///
    /// @param mode 0 f4e, 1 b4e, 2 rc8, 3 ecl, 4 ecr, 5 rc16
    public static int prmtSelector(int mode, int control) {
        int n = control & 3;
        return switch (mode) {
            case 0 -> 0x3210 + 0x1111 * n;
            case 1 -> nibbles(n, n - 1, n - 2, n - 3);
            case 2 -> 0x1111 * n;
            case 3 -> nibbles(Math.max(0, n), Math.max(1, n), Math.max(2, n), 3);
            case 4 -> nibbles(0, Math.min(1, n), Math.min(2, n), Math.min(3, n));
            default -> (n & 1) == 0 ? 0x1010 : 0x3232;
        };
    }

    private static int nibbles(int b0, int b1, int b2, int b3) {
        return (b0 & 7) | (b1 & 7) << 4 | (b2 & 7) << 8 | (b3 & 7) << 12;
    }
}
