package org.bitfusion.gpu.soft.interpreter;

import java.util.function.IntToLongFunction;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;
import org.jspecify.annotations.Nullable;

/// What the lanes of a warp do together.
final class WarpSteps {
    private WarpSteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case SHFL -> shuffle(code, instruction);
            case VOTE -> vote(code, instruction);
            case MATCH -> match(code, instruction);
            case REDUX -> reduce(code, instruction);
            case ACTIVEMASK -> activeMask(code, instruction);
            case ELECT -> elect(code, instruction);
            default -> throw code.unsupported();
        };
    }

    /// Slots that a meeting writes and reads.
    private record Slots(int result, int flag, int value, int control, int mask) {}

    private static Step meeting(String kind, Slots slots, Warp.Together together) {
        return t -> {
            long[] r = t.registers;
            int mask = (int) r[slots.mask()];
            t.warp.meet(
                    t,
                    new Warp.Arrival(
                            kind,
                            mask,
                            together,
                            r[slots.value()],
                            r[slots.control()],
                            slots.result(),
                            slots.flag()));
        };
    }

    static Step barrier(CodeBuilder code, Instruction instruction) {
        int zero = code.constant(0);
        int mask = code.source(instruction, 0, PtxType.B32);
        return meeting("bar.warp", new Slots(-1, -1, zero, zero, mask), (arrivals, lanes) -> {});
    }

    private static Step shuffle(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        Modifier.Shuffle mode =
                operation.modifier(Modifier.Shuffle.class).orElseThrow(code::unsupported);
        if (!operation.has(Modifier.Flag.SYNC) || instruction.operandCount() != 5) {
            throw code.unsupported();
        }
        Operand first = instruction.operand(0);
        boolean pair = first instanceof Operand.Pair;
        int d = code.destination(pair ? ((Operand.Pair) first).first() : first);
        int flag = pair ? code.destination(((Operand.Pair) first).second()) : code.temporary();
        int a = code.source(instruction, 1, PtxType.B32);
        int b = code.source(instruction, 2, PtxType.U32);
        int c = code.source(instruction, 3, PtxType.U32);
        int mask = code.source(instruction, 4, PtxType.U32);
        int control = code.temporary();
        Step meet =
                meeting(
                        operation.form(),
                        new Slots(d, flag, a, control, mask),
                        (arrivals, lanes) -> exchange(mode, arrivals, lanes));
        return t -> {
            long[] r = t.registers;
            r[control] = (r[b] & 0xFFFF_FFFFL) | r[c] << 32;
            meet.execute(t);
        };
    }

    private static void exchange(
            Modifier.Shuffle mode,
            Warp.@Nullable Arrival[] arrivals,
            @Nullable CudaThread[] lanes) {
        for (int lane = 0; lane < 32; lane++) {
            CudaThread thread = lanes[lane];
            Warp.Arrival own = arrivals[lane];
            if (thread == null || own == null) {
                continue;
            }
            int source = sourceLane(mode, lane, (int) own.control(), (int) (own.control() >>> 32));
            boolean inRange = source >= 0;
            Warp.Arrival from = inRange ? arrivals[source] : null;
            thread.registers[own.result()] = from == null ? own.value() : from.value();
            thread.registers[own.flag()] = inRange ? 1 : 0;
        }
    }

    /// The lane to read from, or -1 when it is out of range (PTX ISA, "shfl.sync").
    static int sourceLane(Modifier.Shuffle mode, int lane, int b, int c) {
        int by = b & 31;
        int clamp = c & 31;
        int segment = c >> 8 & 31;
        int maximum = (lane & segment) | (clamp & ~segment);
        int minimum = lane & segment;
        int source =
                switch (mode) {
                    case UP -> lane - by;
                    case DOWN -> lane + by;
                    case BFLY -> lane ^ by;
                    case IDX -> minimum | (by & ~segment);
                };
        boolean inRange = mode == Modifier.Shuffle.UP ? source >= maximum : source <= maximum;
        return inRange ? source : -1;
    }

    private static Step vote(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        Modifier.Vote mode = operation.modifier(Modifier.Vote.class).orElseThrow(code::unsupported);
        if (!operation.has(Modifier.Flag.SYNC) || instruction.operandCount() != 3) {
            throw code.unsupported();
        }
        int zero = code.constant(0);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.PRED);
        int mask = code.source(instruction, 2, PtxType.U32);
        return meeting(
                operation.form(),
                new Slots(d, -1, a, zero, mask),
                (arrivals, lanes) -> count(mode, arrivals, lanes));
    }

    private static void count(
            Modifier.Vote mode, Warp.@Nullable Arrival[] arrivals, @Nullable CudaThread[] lanes) {
        deliver(
                arrivals,
                lanes,
                counted -> {
                    int yes = 0;
                    for (int lane = 0; lane < 32; lane++) {
                        Warp.Arrival arrival = arrivals[lane];
                        boolean named = (counted & 1 << lane) != 0 && arrival != null;
                        yes |= named && (arrival.value() & 1) != 0 ? 1 << lane : 0;
                    }
                    return switch (mode) {
                        case ALL -> yes == counted ? 1 : 0;
                        case ANY -> yes != 0 ? 1 : 0;
                        case UNI -> yes == counted || yes == 0 ? 1 : 0;
                        case BALLOT -> yes & 0xFFFF_FFFFL;
                    };
                });
    }

    /// The lanes that count for a lane with this mask: those of it that are here.
    private static int counted(int mask, Warp.@Nullable Arrival[] arrivals) {
        int present = 0;
        for (int lane = 0; lane < 32; lane++) {
            present |= arrivals[lane] != null ? 1 << lane : 0;
        }
        return mask & present;
    }

    /// Gives each lane the result for the lanes that count for it.
    private static void deliver(
            Warp.@Nullable Arrival[] arrivals,
            @Nullable CudaThread[] lanes,
            IntToLongFunction result) {
        for (int lane = 0; lane < 32; lane++) {
            CudaThread thread = lanes[lane];
            Warp.Arrival arrival = arrivals[lane];
            if (thread != null && arrival != null) {
                thread.registers[arrival.result()] =
                        result.applyAsLong(counted(arrival.mask(), arrivals));
            }
        }
    }

    private static Step match(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        boolean all = operation.has(Modifier.Vote.ALL);
        int zero = code.constant(0);
        Operand first = instruction.operand(0);
        boolean pair = first instanceof Operand.Pair;
        int d = code.destination(pair ? ((Operand.Pair) first).first() : first);
        int flag = pair ? code.destination(((Operand.Pair) first).second()) : code.temporary();
        int a = code.source(instruction, 1, type);
        int mask = code.source(instruction, 2, PtxType.U32);
        PtxType unsigned = type.bits() == 64 ? PtxType.U64 : PtxType.U32;
        return meeting(
                operation.form(),
                new Slots(d, flag, a, zero, mask),
                (arrivals, lanes) -> compare(all, unsigned, arrivals, lanes));
    }

    private static void compare(
            boolean all,
            PtxType type,
            Warp.@Nullable Arrival[] arrivals,
            @Nullable CudaThread[] lanes) {
        for (int lane = 0; lane < 32; lane++) {
            CudaThread thread = lanes[lane];
            Warp.Arrival own = arrivals[lane];
            if (thread == null || own == null) {
                continue;
            }
            int counted = counted(own.mask(), arrivals);
            Warp.Arrival first = all ? arrivals[Integer.numberOfTrailingZeros(counted) & 31] : own;
            int same = first == null ? 0 : equalTo(first.value(), type, counted, arrivals);
            boolean everyone = same == counted;
            int result = all ? (everyone ? counted : 0) : same;
            thread.registers[own.result()] = result;
            thread.registers[own.flag()] = everyone ? 1 : 0;
        }
    }

    private static int equalTo(
            long value, PtxType type, int counted, Warp.@Nullable Arrival[] arrivals) {
        int same = 0;
        for (int lane = 0; lane < 32; lane++) {
            Warp.Arrival theirs = arrivals[lane];
            boolean named = theirs != null && (counted & 1 << lane) != 0;
            boolean equal =
                    named && Values.extend(theirs.value(), type) == Values.extend(value, type);
            same |= equal ? 1 << lane : 0;
        }
        return same;
    }

    private static Step reduce(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        PtxType type = operation.type();
        Modifier.Reduction kind =
                operation.modifier(Modifier.Reduction.class).orElseThrow(code::unsupported);
        IntegerSteps.Binary combine =
                switch (kind) {
                    case ADD -> (a, b) -> a + b;
                    case AND -> (a, b) -> a & b;
                    case OR -> (a, b) -> a | b;
                    case XOR -> (a, b) -> a ^ b;
                    case MIN -> IntegerSteps.minimum(type);
                    case MAX -> IntegerSteps.maximum(type);
                    default -> throw code.unsupported();
                };
        int zero = code.constant(0);
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, type);
        int mask = code.source(instruction, 2, PtxType.U32);
        return meeting(
                operation.form(),
                new Slots(d, -1, a, zero, mask),
                (arrivals, lanes) ->
                        deliver(
                                arrivals,
                                lanes,
                                counted -> {
                                    long result = 0;
                                    boolean some = false;
                                    for (int lane = 0; lane < 32; lane++) {
                                        Warp.Arrival arrival = arrivals[lane];
                                        if (arrival != null && (counted & 1 << lane) != 0) {
                                            long value = Values.extend(arrival.value(), type);
                                            result = some ? combine.apply(result, value) : value;
                                            some = true;
                                        }
                                    }
                                    return result;
                                }));
    }

    /// The lanes that are here together; which ones is up to the hardware, but each of them gets
    /// the same answer.
    private static Step activeMask(CodeBuilder code, Instruction instruction) {
        int d = code.destination(instruction);
        return MemorySteps.aligned(t -> t.registers[d] = t.warp.active[t.lane]);
    }

    private static Step elect(CodeBuilder code, Instruction instruction) {
        Operand first = instruction.operand(0);
        if (!(first instanceof Operand.Pair pair) || instruction.operandCount() != 2) {
            throw code.unsupported();
        }
        int zero = code.constant(0);
        int d = code.destination(pair.first());
        int flag = code.destination(pair.second());
        int mask = code.source(instruction, 1, PtxType.U32);
        return meeting(
                instruction.form(),
                new Slots(d, flag, zero, zero, mask),
                (arrivals, lanes) -> {
                    deliver(
                            arrivals,
                            lanes,
                            counted -> Integer.numberOfTrailingZeros(counted) & 31);
                    for (int lane = 0; lane < 32; lane++) {
                        CudaThread thread = lanes[lane];
                        Warp.Arrival own = arrivals[lane];
                        if (thread != null && own != null) {
                            boolean leads =
                                    (own.mask() & 1 << lane) != 0
                                            && thread.registers[own.result()] == lane;
                            thread.registers[own.flag()] = leads ? 1 : 0;
                        }
                    }
                });
    }
}
