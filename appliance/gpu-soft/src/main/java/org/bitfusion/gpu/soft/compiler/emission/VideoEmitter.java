package org.bitfusion.gpu.soft.compiler.emission;

import org.bitfusion.gpu.soft.arithmetic.Video;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// SIMD video instructions that write every lane: a call with all but the operands constant.
final class VideoEmitter {
    private VideoEmitter() {}

    static void emit(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        int width = instruction.opcode().text().endsWith("4") ? 8 : 16;
        code.builder().loadConstant(kind(instruction)).loadConstant(width);
        code.push(instruction.operand(1), PtxType.U32);
        flag(code, operation.type(1).isSigned());
        code.push(instruction.operand(2), PtxType.U32);
        flag(code, operation.type(2).isSigned());
        code.push(instruction.operand(3), PtxType.U32);
        flag(code, operation.type(0).isSigned());
        flag(code, operation.has(Modifier.Flag.SAT));
        flag(code, operation.has(Modifier.Reduction.ADD));
        code.call(
                Video.class,
                "apply",
                int.class,
                int.class,
                int.class,
                int.class,
                boolean.class,
                int.class,
                boolean.class,
                int.class,
                boolean.class,
                boolean.class,
                boolean.class);
        code.store(instruction.operand(0), PtxType.U32);
    }

    private static void flag(Code code, boolean value) {
        code.builder().loadConstant(value ? 1 : 0);
    }

    private static int kind(Instruction instruction) {
        return switch (instruction.opcode()) {
            case VADD2, VADD4 -> Video.ADD;
            case VSUB2, VSUB4 -> Video.SUBTRACT;
            case VAVRG2, VAVRG4 -> Video.AVERAGE;
            case VABSDIFF2, VABSDIFF4 -> Video.ABSOLUTE_DIFFERENCE;
            case VMIN2, VMIN4 -> Video.MINIMUM;
            case VMAX2, VMAX4 -> Video.MAXIMUM;
            default -> throw new Declined(instruction.form());
        };
    }
}
