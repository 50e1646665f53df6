package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Video;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// SIMD video instructions that write every lane.
final class VideoSteps {
    private VideoSteps() {}

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
