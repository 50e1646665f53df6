package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.gpu.soft.arithmetic.Packed;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// atom and red: compare-and-exchange loops on the segment, so that other cores see them whole.
final class AtomicSteps {
    private AtomicSteps() {}

    /// The new value from the old one and the operand.
    @FunctionalInterface
    interface Update {
        long apply(long old, long operand);
    }

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        boolean returns = instruction.opcode() == Opcode.ATOM;
        int first = returns ? 1 : 0;
        if (operation.vectorWidth() != 1 || type.bits() < 16 || type.bits() > 64) {
            throw code.unsupported();
        }
        int d = returns ? code.destination(instruction) : code.temporary();
        Operand.Address address = (Operand.Address) instruction.operand(first);
        Location location = code.location(address, operation.space());
        Modifier.Reduction reduction =
                operation.modifier(Modifier.Reduction.class).orElseThrow(code::unsupported);
        int b = code.source(instruction, first + 1, type);
        if (reduction == Modifier.Reduction.CAS) {
            if (instruction.operandCount() <= first + 2) {
                throw code.unsupported();
            }
            int c = code.source(instruction, first + 2, type);
            return MemorySteps.aligned(
                    compareAndSwap(type, location, d, b, c), operation, location);
        }
        Update update = update(code, reduction, type);
        int bytes = type.bytes();
        Step step =
                t -> {
                    long at = location.offset(t, bytes);
                    t.polled = true;
                    long old = replace(t, at, bytes, update, t.registers[b]);
                    t.registers[d] = Values.extend(old, type);
                };
        return MemorySteps.aligned(step, operation, location);
    }

    private static Step compareAndSwap(PtxType type, Location location, int d, int b, int c) {
        int bytes = type.bytes();
        return t -> {
            long[] r = t.registers;
            long at = location.offset(t, bytes);
            t.polled = true;
            r[d] = t.block.memory.compareAndExchange(at, bytes, r[b], r[c]);
        };
    }

    private static long replace(
            CudaThread thread, long at, int bytes, Update update, long operand) {
        Memory memory = thread.block.memory;
        long old = memory.loadVolatile(at, bytes);
        while (true) {
            long found = memory.compareAndExchange(at, bytes, old, update.apply(old, operand));
            if (found == old) {
                return old;
            }
            old = found;
        }
    }

    private static Update update(CodeBuilder code, Modifier.Reduction reduction, PtxType type) {
        return switch (reduction) {
            case AND -> (old, operand) -> old & operand;
            case OR -> (old, operand) -> old | operand;
            case XOR -> (old, operand) -> old ^ operand;
            case EXCH -> (old, operand) -> operand;
            case ADD -> addition(code, type);
            case INC ->
                    (old, operand) ->
                            Integer.compareUnsigned((int) old, (int) operand) >= 0 ? 0 : old + 1;
            case DEC ->
                    (old, operand) ->
                            (int) old == 0 || Integer.compareUnsigned((int) old, (int) operand) > 0
                                    ? operand
                                    : old - 1;
            case MIN -> extremum(code, type, true);
            case MAX -> extremum(code, type, false);
            case CAS, POPC -> throw code.unsupported();
        };
    }

    private static Update addition(CodeBuilder code, PtxType type) {
        return switch (type) {
            case F32 ->
                    (old, operand) -> Values.ofFloat(Values.toFloat(old) + Values.toFloat(operand));
            case F64 ->
                    (old, operand) ->
                            Values.ofDouble(Values.toDouble(old) + Values.toDouble(operand));
            case F16, BF16 ->
                    (old, operand) ->
                            Half.add(
                                    (int) old & 0xFFFF,
                                    (int) operand & 0xFFFF,
                                    type == PtxType.BF16);
            case F16X2, BF16X2 ->
                    (old, operand) ->
                            Packed.add((int) old, (int) operand, type == PtxType.BF16X2)
                                    & 0xFFFF_FFFFL;
            case U32, S32, U64, S64, B32, B64 -> (old, operand) -> old + operand;
            default -> throw code.unsupported();
        };
    }

    private static Update extremum(CodeBuilder code, PtxType type, boolean minimum) {
        return switch (type) {
            case F16, BF16 ->
                    (old, operand) -> {
                        boolean brain = type == PtxType.BF16;
                        int x = (int) old & 0xFFFF;
                        int y = (int) operand & 0xFFFF;
                        return minimum ? Half.min(x, y, brain) : Half.max(x, y, brain);
                    };
            case F16X2, BF16X2 ->
                    (old, operand) -> {
                        boolean brain = type == PtxType.BF16X2;
                        int both =
                                minimum
                                        ? Packed.min((int) old, (int) operand, brain)
                                        : Packed.max((int) old, (int) operand, brain);
                        return both & 0xFFFF_FFFFL;
                    };
            case U32, S32, U64, S64 -> {
                IntegerSteps.Binary choose =
                        minimum ? IntegerSteps.minimum(type) : IntegerSteps.maximum(type);
                yield (old, operand) ->
                        choose.apply(Values.extend(old, type), Values.extend(operand, type));
            }
            default -> throw code.unsupported();
        };
    }
}
