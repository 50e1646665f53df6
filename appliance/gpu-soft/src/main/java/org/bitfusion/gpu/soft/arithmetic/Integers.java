package org.bitfusion.gpu.soft.arithmetic;

/// Integer instructions without a Java operator.
public final class Integers {
    private Integers() {}

    public static int mulHighSigned(int a, int b) {
        return (int) (((long) a * b) >> 32);
    }

    public static int mulHighUnsigned(int a, int b) {
        return (int) (((a & 0xFFFF_FFFFL) * (b & 0xFFFF_FFFFL)) >>> 32);
    }

    public static long mulHighSigned(long a, long b) {
        return Math.multiplyHigh(a, b);
    }

    public static long mulHighUnsigned(long a, long b) {
        return Math.unsignedMultiplyHigh(a, b);
    }

    /// Division by zero: PTX leaves the result open; all ones as the hardware gives.
    public static int divSigned(int a, int b) {
        return b == 0 ? -1 : a / b;
    }

    public static int divUnsigned(int a, int b) {
        return b == 0 ? -1 : Integer.divideUnsigned(a, b);
    }

    public static long divSigned(long a, long b) {
        return b == 0 ? -1 : a / b;
    }

    public static long divUnsigned(long a, long b) {
        return b == 0 ? -1 : Long.divideUnsigned(a, b);
    }

    /// The remainder of division by zero is the dividend.
    public static int remSigned(int a, int b) {
        return b == 0 ? a : a % b;
    }

    public static int remUnsigned(int a, int b) {
        return b == 0 ? a : Integer.remainderUnsigned(a, b);
    }

    public static long remSigned(long a, long b) {
        return b == 0 ? a : a % b;
    }

    public static long remUnsigned(long a, long b) {
        return b == 0 ? a : Long.remainderUnsigned(a, b);
    }

    /// `add.sat.s32`.
    public static int addSaturated(int a, int b) {
        return clamp((long) a + b);
    }

    /// `sub.sat.s32`.
    public static int subSaturated(int a, int b) {
        return clamp((long) a - b);
    }

    /// `mad.hi.sat.s32`.
    public static int madHighSaturated(int a, int b, int c) {
        return clamp((long) mulHighSigned(a, b) + c);
    }

    private static int clamp(long value) {
        return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, value));
    }

    /// The carry out of a + b + carry (carry 0 or 1), as 0 or 1.
    public static int carryOfAdd(int a, int b, int carry) {
        return (int) (((a & 0xFFFF_FFFFL) + (b & 0xFFFF_FFFFL) + carry) >>> 32);
    }

    public static int carryOfAdd(long a, long b, int carry) {
        long sum = a + b;
        int first = Long.compareUnsigned(sum, a) < 0 ? 1 : 0;
        return first | (sum == -1 && carry == 1 ? 1 : 0);
    }

    /// The borrow out of a - b - borrow, as 0 or 1.
    public static int borrowOfSub(int a, int b, int borrow) {
        return (int) (((a & 0xFFFF_FFFFL) - (b & 0xFFFF_FFFFL) - borrow) >>> 63);
    }

    public static int borrowOfSub(long a, long b, int borrow) {
        return Long.compareUnsigned(a, b) < 0 || (a == b && borrow == 1) ? 1 : 0;
    }

    /// The low 24 bits of both, sign- or zero-extended, multiplied: 48 bits.
    public static long mul24(int a, int b, boolean signed) {
        long x = signed ? (a << 8) >> 8 : a & 0xFF_FFFF;
        long y = signed ? (b << 8) >> 8 : b & 0xFF_FFFF;
        return x * y;
    }

    /// c + |a - b|.
    public static int sad(int a, int b, int c, boolean signed) {
        boolean less = signed ? a < b : Integer.compareUnsigned(a, b) < 0;
        return c + (less ? b - a : a - b);
    }

    public static long sad(long a, long b, long c, boolean signed) {
        boolean less = signed ? a < b : Long.compareUnsigned(a, b) < 0;
        return c + (less ? b - a : a - b);
    }

    /// c plus the products of four bytes.
    public static int dp4a(int a, boolean aSigned, int b, boolean bSigned, int c) {
        int sum = c;
        for (int index = 0; index < 4; index++) {
            sum += part(a, 8, index, aSigned) * part(b, 8, index, bSigned);
        }
        return sum;
    }

    /// c plus the products of two halves of `a` with the low or high two bytes of `b`.
    public static int dp2a(int a, boolean aSigned, int b, boolean bSigned, int c, boolean high) {
        int first = high ? 2 : 0;
        return c
                + part(a, 16, 0, aSigned) * part(b, 8, first, bSigned)
                + part(a, 16, 1, aSigned) * part(b, 8, first + 1, bSigned);
    }

    public static int part(int word, int width, int index, boolean signed) {
        int moved = word << (32 - width - width * index);
        return signed ? moved >> (32 - width) : moved >>> (32 - width);
    }
}
