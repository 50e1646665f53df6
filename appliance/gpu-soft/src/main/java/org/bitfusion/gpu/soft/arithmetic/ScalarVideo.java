package org.bitfusion.gpu.soft.arithmetic;

import java.math.BigInteger;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.jspecify.annotations.Nullable;

/// Scalar video instructions (PTX ISA, "Scalar Video Instructions"): parts of 32-bit words,
/// computed exactly, then saturated, combined with a third operand, or put into a part of it.
public final class ScalarVideo {
    private ScalarVideo() {}

    /// Which part of a word is meant.
    ///
    /// @param width 8, 16 or 32
    public record Part(int shift, int width) {
        public static final Part WHOLE = new Part(0, 32);

        /// @param text `b0` to `b3`, `h0` or `h1`
        public static Part of(String text) {
            int number = text.charAt(1) - '0';
            return text.charAt(0) == 'b' ? new Part(8 * number, 8) : new Part(16 * number, 16);
        }

        /// The part of a word, extended.
        public long of(int word, boolean signed) {
            long bits = (word & 0xFFFF_FFFFL) >>> shift & ((1L << width) - 1);
            return signed ? bits << (64 - width) >> (64 - width) : bits;
        }

        /// `word` with this part replaced.
        int replace(int word, int value) {
            if (width == 32) {
                return value;
            }
            int mask = ((1 << width) - 1) << shift;
            return (word & ~mask) | ((value << shift) & mask);
        }
    }

    /// What an instruction is besides its operands.
    ///
    /// @param second ADD, MIN or MAX with the third operand; null: none
    public record Kind(
            Opcode opcode,
            Part destination,
            boolean signed,
            boolean saturate,
            boolean wrap,
            Modifier.@Nullable Comparison comparison,
            Modifier.@Nullable Reduction second) {}

    /// The result word.
    ///
    /// @param a the selected part of the first operand, extended
    /// @param b that of the second
    /// @param c the third operand
    public static int apply(Kind kind, long a, long b, int c) {
        long exact = exact(kind, a, b);
        int result =
                (int)
                        (kind.saturate()
                                ? saturated(exact, kind.destination().width(), kind.signed())
                                : exact);
        return kind.second() == null
                ? kind.destination().replace(c, result)
                : combined(kind.second(), result, c, kind.signed());
    }

    private static long exact(Kind kind, long a, long b) {
        return switch (kind.opcode()) {
            case VADD -> a + b;
            case VSUB -> a - b;
            case VABSDIFF -> Math.abs(a - b);
            case VMIN -> Math.min(a, b);
            case VMAX -> Math.max(a, b);
            case VSHL -> a << count(kind, b);
            case VSHR -> a >> count(kind, b);
            case VSET -> kind.comparison() != null && holds(kind.comparison(), a, b) ? 1 : 0;
            default -> throw new IllegalArgumentException(kind.opcode().text());
        };
    }

    private static int count(Kind kind, long b) {
        long unsigned = b & 0xFFFF_FFFFL;
        return (int) (kind.wrap() ? unsigned & 31 : Math.min(unsigned, 32));
    }

    /// Whether two extended integers compare so.
    public static boolean holds(Modifier.Comparison comparison, long a, long b) {
        return switch (comparison) {
            case EQ -> a == b;
            case NE -> a != b;
            case LT, LO -> a < b;
            case LE, LS -> a <= b;
            case GT, HI -> a > b;
            case GE, HS -> a >= b;
            default -> throw new IllegalArgumentException(comparison.text());
        };
    }

    private static long saturated(long value, int width, boolean signed) {
        long maximum = (1L << (signed ? width - 1 : width)) - 1;
        return Math.clamp(value, signed ? -maximum - 1 : 0, maximum);
    }

    private static int combined(Modifier.Reduction second, int result, int c, boolean signed) {
        boolean less = signed ? result < c : Integer.compareUnsigned(result, c) < 0;
        return switch (second) {
            case ADD -> result + c;
            case MIN -> less ? result : c;
            case MAX -> less ? c : result;
            default -> throw new IllegalArgumentException(second.text());
        };
    }

    /// `vmad`: how the product is negated, increased, scaled and saturated.
    ///
    /// @param signed whether an operand is signed or negated
    public record Product(
            boolean negated,
            boolean thirdNegated,
            boolean plusOne,
            int scale,
            boolean saturate,
            boolean signed) {}

    /// The result word of `vmad`. The sum is exact, 128 bits in the ISA.
    public static int multiplyAdd(Product product, long a, long b, int c) {
        BigInteger sum = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
        long third = product.signed() ? c : c & 0xFFFF_FFFFL;
        if (product.negated()) {
            sum = sum.negate();
        }
        sum = sum.add(BigInteger.valueOf(product.thirdNegated() ? -third : third));
        if (product.plusOne()) {
            sum = sum.add(BigInteger.ONE);
        }
        BigInteger scaled = sum.shiftRight(product.scale());
        if (!product.saturate()) {
            return scaled.intValue();
        }
        BigInteger maximum = BigInteger.valueOf(product.signed() ? 0x7FFF_FFFFL : 0xFFFF_FFFFL);
        BigInteger minimum = BigInteger.valueOf(product.signed() ? -0x8000_0000L : 0);
        return scaled.max(minimum).min(maximum).intValue();
    }
}
