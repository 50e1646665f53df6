package org.bitfusion.gpu.soft.arithmetic;

/// Pairs of .f16 or .bf16 in one 32-bit word, the first in the low half.
public final class Packed {
    private Packed() {}

    public static int pack(int low, int high) {
        return (low & 0xFFFF) | high << 16;
    }

    public static int add(int a, int b, boolean brain) {
        return pack(Half.add(a & 0xFFFF, b & 0xFFFF, brain), Half.add(a >>> 16, b >>> 16, brain));
    }

    public static int sub(int a, int b, boolean brain) {
        return pack(Half.sub(a & 0xFFFF, b & 0xFFFF, brain), Half.sub(a >>> 16, b >>> 16, brain));
    }

    public static int mul(int a, int b, boolean brain) {
        return pack(Half.mul(a & 0xFFFF, b & 0xFFFF, brain), Half.mul(a >>> 16, b >>> 16, brain));
    }

    public static int fma(int a, int b, int c, boolean brain) {
        return pack(
                Half.fma(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF, brain),
                Half.fma(a >>> 16, b >>> 16, c >>> 16, brain));
    }

    public static int min(int a, int b, boolean brain) {
        return pack(Half.min(a & 0xFFFF, b & 0xFFFF, brain), Half.min(a >>> 16, b >>> 16, brain));
    }

    public static int max(int a, int b, boolean brain) {
        return pack(Half.max(a & 0xFFFF, b & 0xFFFF, brain), Half.max(a >>> 16, b >>> 16, brain));
    }

    public static int neg(int a) {
        return a ^ 0x8000_8000;
    }

    public static int abs(int a) {
        return a & 0x7FFF_7FFF;
    }
}
