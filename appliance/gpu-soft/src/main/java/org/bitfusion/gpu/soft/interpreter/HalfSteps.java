package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Arithmetic of .f16, .bf16 and pairs of them.
final class HalfSteps {
    private HalfSteps() {}

    /// An operation on 16-bit values; operands that the instruction lacks are 0.
    @FunctionalInterface
    interface Lane {
        int apply(int a, int b, int c);
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        boolean brain = type == PtxType.BF16 || type == PtxType.BF16X2;
        Lane lane =
                switch (instruction.opcode()) {
                    case ADD -> (a, b, c) -> Half.add(a, b, brain);
                    case SUB -> (a, b, c) -> Half.sub(a, b, brain);
                    case MUL -> (a, b, c) -> Half.mul(a, b, brain);
                    case FMA -> (a, b, c) -> Half.fma(a, b, c, brain);
                    case MIN -> extremum(operation, brain, true);
                    case MAX -> extremum(operation, brain, false);
                    case ABS -> (a, b, c) -> Half.abs(a);
                    case NEG -> (a, b, c) -> Half.neg(a);
                    default -> throw code.unsupported();
                };
        return apply(code, instruction, modified(operation, lane, brain), type);
    }

    private static Lane extremum(Operation operation, boolean brain, boolean minimum) {
        boolean nanWins = operation.has(Modifier.Flag.NAN_RESULT);
        Lane choose =
                (a, b, c) -> {
                    if (nanWins && (Half.isNan(a, brain) || Half.isNan(b, brain))) {
                        return Half.NAN;
                    }
                    return minimum ? Half.min(a, b, brain) : Half.max(a, b, brain);
                };
        int kept = operation.has(Modifier.Flag.ABS) ? 0x7FFF : 0xFFFF;
        if (!operation.has(Modifier.Flag.XORSIGN)) {
            return (a, b, c) -> choose.apply(a & kept, b & kept, c);
        }
        return (a, b, c) -> {
            int magnitude = choose.apply(a & kept, b & kept, c) & 0x7FFF;
            return Half.isNan(magnitude, brain) ? magnitude : magnitude | ((a ^ b) & 0x8000);
        };
    }

    private static Lane modified(Operation operation, Lane lane, boolean brain) {
        boolean flush = operation.has(Modifier.Flag.FTZ);
        boolean saturate = operation.has(Modifier.Flag.SAT);
        boolean relu = operation.has(Modifier.Flag.RELU);
        if (!flush && !saturate && !relu) {
            return lane;
        }
        return (a, b, c) -> {
            int result =
                    flush
                            ? Half.flush(lane.apply(Half.flush(a), Half.flush(b), Half.flush(c)))
                            : lane.apply(a, b, c);
            if (relu && !Half.isNan(result, brain) && (result & 0x8000) != 0) {
                result = 0;
            }
            return saturate ? Half.saturate(result, brain) : result;
        };
    }

    private static Step apply(CodeBuilder code, Instruction instruction, Lane lane, PtxType type) {
        int count = instruction.operandCount();
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int b = count > 2 ? code.source(instruction, 2, type) : code.constant(0);
        int c = count > 3 ? code.source(instruction, 3, type) : code.constant(0);
        if (type.bits() == 16) {
            return t -> {
                long[] r = t.registers;
                r[d] = lane.apply((int) r[a] & 0xFFFF, (int) r[b] & 0xFFFF, (int) r[c] & 0xFFFF);
            };
        }
        return t -> {
            long[] r = t.registers;
            int x = (int) r[a];
            int y = (int) r[b];
            int z = (int) r[c];
            int low = lane.apply(x & 0xFFFF, y & 0xFFFF, z & 0xFFFF);
            int high = lane.apply(x >>> 16, y >>> 16, z >>> 16);
            r[d] = (low & 0xFFFF) | high << 16;
        };
    }
}
