package org.bitfusion.gpu.soft.compiler.emission;

import org.bitfusion.gpu.soft.arithmetic.Video;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// SIMD video instructions that write every lane: a call with all but the operands constant.
final class VideoEmitter {
    private VideoEmitter() {}

    static void emit(Code code, Instruction instruction) {
        Operation operation = instruction.operation();
        int width = Video.widthOf(instruction.opcode());
        code.builder().loadConstant(Video.operationOf(instruction.opcode())).loadConstant(width);
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
}
