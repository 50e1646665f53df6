package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Integers;
import org.bitfusion.gpu.soft.arithmetic.ScalarVideo;
import org.bitfusion.gpu.soft.arithmetic.Video;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// SIMD video instructions that write every lane.
final class VideoSteps {
    private VideoSteps() {}

    /// `vset2`, `vset4`: one in each lane where the comparison holds.
    static Step compare(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.U32);
        int b = code.source(instruction, 2, PtxType.U32);
        int c = instruction.operandCount() == 4 ? code.source(instruction, 3, PtxType.U32) : d;
        boolean aSigned = operation.type(0).isSigned();
        boolean bSigned = operation.type(1).isSigned();
        boolean accumulate = operation.has(Modifier.Reduction.ADD);
        int width = Video.widthOf(instruction.opcode());
        Modifier.Comparison comparison =
                operation.modifier(Modifier.Comparison.class).orElseThrow(code::unsupported);
        return t -> {
            long[] r = t.registers;
            int result = accumulate ? (int) r[c] : 0;
            for (int lane = 0; lane < 32 / width; lane++) {
                int x = Integers.part((int) r[a], width, lane, aSigned);
                int y = Integers.part((int) r[b], width, lane, bSigned);
                if (ScalarVideo.holds(comparison, x, y)) {
                    result += accumulate ? 1 : 1 << (width * lane);
                }
            }
            r[d] = result;
        };
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.U32);
        int b = code.source(instruction, 2, PtxType.U32);
        int c = code.source(instruction, 3, PtxType.U32);
        boolean resultSigned = operation.type(0).isSigned();
        boolean aSigned = operation.type(1).isSigned();
        boolean bSigned = operation.type(2).isSigned();
        boolean saturate = operation.has(Modifier.Flag.SAT);
        boolean accumulate = operation.has(Modifier.Reduction.ADD);
        int kind = Video.operationOf(instruction.opcode());
        int width = Video.widthOf(instruction.opcode());
        return t -> {
            long[] r = t.registers;
            r[d] =
                    Video.apply(
                            kind,
                            width,
                            (int) r[a],
                            aSigned,
                            (int) r[b],
                            bSigned,
                            (int) r[c],
                            resultSigned,
                            saturate,
                            accumulate);
        };
    }
}
