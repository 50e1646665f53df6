package org.bitfusion.gpu.soft.arithmetic;

import org.bitfusion.ptx.Opcode;

/// SIMD video instructions: two halves or four bytes of 32-bit words, all lanes written (PTX ISA,
/// "SIMD Video Instructions").
public final class Video {
    public static final int ADD = 0;
    public static final int SUBTRACT = 1;
    public static final int AVERAGE = 2;
    public static final int ABSOLUTE_DIFFERENCE = 3;
    public static final int MINIMUM = 4;
    public static final int MAXIMUM = 5;

    private Video() {}

    /// What [#apply] calls the operation of a SIMD video instruction.
    ///
    /// @throws IllegalArgumentException for any other opcode
    public static int operationOf(Opcode opcode) {
        return switch (opcode) {
            case VADD2, VADD4 -> ADD;
            case VSUB2, VSUB4 -> SUBTRACT;
            case VAVRG2, VAVRG4 -> AVERAGE;
            case VABSDIFF2, VABSDIFF4 -> ABSOLUTE_DIFFERENCE;
            case VMIN2, VMIN4 -> MINIMUM;
            case VMAX2, VMAX4 -> MAXIMUM;
            default -> throw new IllegalArgumentException(opcode.text());
        };
    }

    /// Bits of a lane: of four bytes, or of two halves.
    public static int widthOf(Opcode opcode) {
        return opcode.text().endsWith("4") ? 8 : 16;
    }

    /// Applies `operation` lane by lane.
    ///
    /// @param width 8 or 16
    /// @param accumulate the results of all lanes are added to `c`; else they fill the lanes of the
    ///   result
    public static int apply(
            int operation,
            int width,
            int a,
            boolean aSigned,
            int b,
            boolean bSigned,
            int c,
            boolean resultSigned,
            boolean saturate,
            boolean accumulate) {
        int result = accumulate ? c : 0;
        for (int index = 0; index < 32 / width; index++) {
            int lane =
                    lane(
                            operation,
                            Integers.part(a, width, index, aSigned),
                            Integers.part(b, width, index, bSigned));
            if (accumulate) {
                result += lane;
            } else {
                int kept = saturate ? clamp(lane, width, resultSigned) : lane;
                result |= (kept & ((1 << width) - 1)) << (width * index);
            }
        }
        return result;
    }

    private static int lane(int operation, int a, int b) {
        return switch (operation) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case AVERAGE -> average(a + b);
            case ABSOLUTE_DIFFERENCE -> Math.abs(a - b);
            case MINIMUM -> Math.min(a, b);
            default -> Math.max(a, b);
        };
    }

    /// A half is rounded up when the sum is positive, down when it is negative (PTX ISA, "vavrg4").
    private static int average(int sum) {
        return (sum >= 0 ? sum + 1 : sum) >> 1;
    }

    private static int clamp(int value, int width, boolean signed) {
        int maximum = signed ? (1 << (width - 1)) - 1 : (1 << width) - 1;
        int minimum = signed ? ~maximum : 0;
        return Math.max(minimum, Math.min(maximum, value));
    }
}
