package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.Cut;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.CutPoint;
import org.bitfusion.gpu.soft.compiler.runtime.CutPoint.Action;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;
import org.jspecify.annotations.Nullable;

/// What threads leave in the frame when they stop at a cut, and what they find there when they go
/// on.
///
/// @param parked operands that are no constants
/// @param result where the result goes, null for none
/// @param predicate where the second, predicate result goes, null for none
record CutOperands(
        CutPoint point,
        List<Parked> parked,
        @Nullable Operand result,
        PtxType resultType,
        @Nullable Operand predicate) {

    /// An operand and the frame's array for it.
    record Parked(String array, Operand operand, PtxType type) {}

    static CutOperands of(Cut cut) {
        Instruction instruction = cut.instruction();
        if (instruction == null) {
            return plain(
                    switch (cut.kind()) {
                        case MEETING -> Action.LOCKSTEP;
                        case YIELD -> Action.YIELD;
                        default -> Action.CONTINUE;
                    });
        }
        return switch (instruction.opcode()) {
            case BAR -> barrier(instruction);
            case SHFL -> shuffle(instruction);
            case VOTE -> vote(instruction);
            case MATCH -> match(instruction);
            case REDUX -> reduce(instruction);
            case ELECT -> {
                Collector collector = new Collector();
                long members = collector.take("members", instruction, 1, PtxType.B32);
                yield collector.build(
                        new CutPoint(
                                Action.ELECT,
                                CutPoint.ABSENT,
                                CutPoint.ABSENT,
                                CutPoint.ABSENT,
                                members),
                        instruction.operand(0),
                        PtxType.B32);
            }
            case ACTIVEMASK ->
                    new Collector()
                            .build(
                                    CutPoint.of(Action.ACTIVE_MASK),
                                    instruction.operand(0),
                                    PtxType.B32);
            default -> throw new Declined(instruction.form());
        };
    }

    boolean usesFrame() {
        return !parked.isEmpty() || result != null;
    }

    private static CutOperands plain(Action action) {
        return new Collector().build(CutPoint.of(action), null, PtxType.B32);
    }

    private static CutOperands barrier(Instruction instruction) {
        Operation operation = instruction.operation();
        Collector collector = new Collector();
        if (operation.has(Modifier.Flag.WARP)) {
            long members = collector.take("members", instruction, 0, PtxType.B32);
            return collector.build(
                    new CutPoint(
                            Action.WARP_SYNC,
                            CutPoint.ABSENT,
                            CutPoint.ABSENT,
                            CutPoint.ABSENT,
                            members),
                    null,
                    PtxType.B32);
        }
        boolean reduces = operation.has(Modifier.Barrier.RED);
        int next = reduces ? 1 : 0;
        int last = instruction.operandCount() - (reduces ? 1 : 0);
        long number = next < last ? collector.take("first", instruction, next, PtxType.B32) : 0;
        if (number != CutPoint.PARKED && (number < 0 || number >= CutPoint.BARRIERS)) {
            throw new Declined("barrier " + number);
        }
        long count =
                next + 1 < last
                        ? collector.take("second", instruction, next + 1, PtxType.B32)
                        : CutPoint.ABSENT;
        if (reduces) {
            collector.park("third", instruction.operand(last), PtxType.PRED);
        }
        Action action = barrierAction(operation);
        return collector.build(
                new CutPoint(action, number, count, CutPoint.ABSENT, CutPoint.ABSENT),
                reduces ? instruction.operand(0) : null,
                action == Action.BARRIER_COUNT ? PtxType.U32 : PtxType.PRED);
    }

    private static Action barrierAction(Operation operation) {
        if (operation.has(Modifier.Barrier.ARRIVE)) {
            return Action.BARRIER_ARRIVE;
        }
        if (!operation.has(Modifier.Barrier.RED)) {
            return Action.BARRIER_SYNC;
        }
        return switch (reduction(operation)) {
            case AND -> Action.BARRIER_AND;
            case OR -> Action.BARRIER_OR;
            case POPC -> Action.BARRIER_COUNT;
            default -> throw new Declined(operation.form());
        };
    }

    private static Modifier.Reduction reduction(Operation operation) {
        return operation
                .modifier(Modifier.Reduction.class)
                .orElseThrow(() -> new Declined(operation.form()));
    }

    private static CutOperands shuffle(Instruction instruction) {
        Operation operation = instruction.operation();
        Action action =
                switch (operation
                        .modifier(Modifier.Shuffle.class)
                        .orElseThrow(() -> new Declined(operation.form()))) {
                    case UP -> Action.SHUFFLE_UP;
                    case DOWN -> Action.SHUFFLE_DOWN;
                    case BFLY -> Action.SHUFFLE_BUTTERFLY;
                    case IDX -> Action.SHUFFLE_INDEX;
                };
        Collector collector = new Collector();
        collector.park("first", instruction.operand(1), PtxType.B32);
        long distance = collector.take("second", instruction, 2, PtxType.B32);
        long control = collector.take("third", instruction, 3, PtxType.B32);
        long members =
                instruction.operandCount() > 4
                        ? collector.take("members", instruction, 4, PtxType.B32)
                        : CutPoint.ABSENT;
        return collector.build(
                new CutPoint(action, CutPoint.PARKED, distance, control, members),
                instruction.operand(0),
                PtxType.B32);
    }

    private static CutOperands vote(Instruction instruction) {
        Operation operation = instruction.operation();
        Action action =
                switch (operation
                        .modifier(Modifier.Vote.class)
                        .orElseThrow(() -> new Declined(operation.form()))) {
                    case ALL -> Action.VOTE_ALL;
                    case ANY -> Action.VOTE_ANY;
                    case UNI -> Action.VOTE_UNIFORM;
                    case BALLOT -> Action.VOTE_BALLOT;
                };
        Collector collector = new Collector();
        collector.park("first", instruction.operand(1), PtxType.PRED);
        return finish(
                collector,
                instruction,
                action,
                action == Action.VOTE_BALLOT ? PtxType.B32 : PtxType.PRED);
    }

    private static CutOperands match(Instruction instruction) {
        Operation operation = instruction.operation();
        boolean all = operation.has(Modifier.Vote.ALL);
        Collector collector = new Collector();
        collector.park("wide", instruction.operand(1), operation.type());
        return finish(
                collector, instruction, all ? Action.MATCH_ALL : Action.MATCH_ANY, PtxType.B32);
    }

    private static CutOperands reduce(Instruction instruction) {
        Operation operation = instruction.operation();
        boolean signed = operation.type().isSigned();
        if (operation.type().isFloat()) {
            throw new Declined(operation.form());
        }
        Action action =
                switch (reduction(operation)) {
                    case ADD -> Action.REDUCE_ADD;
                    case AND -> Action.REDUCE_AND;
                    case OR -> Action.REDUCE_OR;
                    case XOR -> Action.REDUCE_XOR;
                    case MIN -> signed ? Action.REDUCE_MIN_SIGNED : Action.REDUCE_MIN_UNSIGNED;
                    case MAX -> signed ? Action.REDUCE_MAX_SIGNED : Action.REDUCE_MAX_UNSIGNED;
                    default -> throw new Declined(operation.form());
                };
        Collector collector = new Collector();
        collector.park("first", instruction.operand(1), PtxType.B32);
        return finish(collector, instruction, action, PtxType.B32);
    }

    /// The member mask is operand 2, or absent in the old forms.
    private static CutOperands finish(
            Collector collector, Instruction instruction, Action action, PtxType type) {
        long members =
                instruction.operandCount() > 2
                        ? collector.take("members", instruction, 2, PtxType.B32)
                        : CutPoint.ABSENT;
        return collector.build(
                new CutPoint(action, CutPoint.PARKED, CutPoint.ABSENT, CutPoint.ABSENT, members),
                instruction.operand(0),
                type);
    }

    /// Gathers operands: constants into the cut point, others into the frame.
    private static final class Collector {
        private final List<Parked> parked = new ArrayList<>();

        long take(String array, Instruction instruction, int index, PtxType type) {
            if (instruction.operand(index) instanceof Operand.Immediate immediate) {
                return (int) immediate.bitsAs(type);
            }
            park(array, instruction.operand(index), type);
            return CutPoint.PARKED;
        }

        void park(String array, Operand operand, PtxType type) {
            parked.add(new Parked(array, operand, type));
        }

        CutOperands build(CutPoint point, @Nullable Operand destination, PtxType type) {
            if (destination instanceof Operand.Pair pair) {
                return new CutOperands(
                        point, List.copyOf(parked), pair.first(), type, pair.second());
            }
            return new CutOperands(point, List.copyOf(parked), destination, type, null);
        }
    }

    /// Writes the stores of what the thread leaves.
    void emitPark(Code code) {
        CodeBuilder builder = code.builder();
        for (Parked one : parked) {
            boolean wide = one.array().equals("wide");
            builder.aload(
                    wide
                            ? code.hoisted().longArray(one.array())
                            : code.hoisted().intArray(one.array()));
            builder.iload(RegionEmitter.THREAD_LOCAL);
            code.push(one.operand(), one.type());
            if (point.action().isBarrier() && one.array().equals("first")) {
                code.call(CutPoint.class, "barrier", int.class, int.class);
            }
            if (wide) {
                code.widen(ValueKind.of(one.type()), ValueKind.LONG, false);
                builder.lastore();
            } else {
                builder.iastore();
            }
        }
    }

    /// Writes the loads of what the thread finds.
    void emitResume(Code code) {
        emitResult(code, "result", result, resultType);
        emitResult(code, "predicate", predicate, PtxType.PRED);
    }

    private static void emitResult(
            Code code, String array, @Nullable Operand destination, PtxType type) {
        if (destination != null && !(destination instanceof Operand.Sink)) {
            code.builder()
                    .aload(code.hoisted().intArray(array))
                    .iload(RegionEmitter.THREAD_LOCAL)
                    .iaload();
            code.store(destination, type);
        }
    }
}
