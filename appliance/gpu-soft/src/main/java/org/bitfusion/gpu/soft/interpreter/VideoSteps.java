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
        int kind = kind(code, instruction);
        int width = instruction.opcode().text().endsWith("4") ? 8 : 16;
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

    private static int kind(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case VADD2, VADD4 -> Video.ADD;
            case VSUB2, VSUB4 -> Video.SUBTRACT;
            case VAVRG2, VAVRG4 -> Video.AVERAGE;
            case VABSDIFF2, VABSDIFF4 -> Video.ABSOLUTE_DIFFERENCE;
            case VMIN2, VMIN4 -> Video.MINIMUM;
            case VMAX2, VMAX4 -> Video.MAXIMUM;
            default -> throw code.unsupported();
        };
    }
}
