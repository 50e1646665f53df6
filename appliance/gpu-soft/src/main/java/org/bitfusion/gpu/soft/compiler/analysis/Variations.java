package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.SpecialRegister;
import org.jspecify.annotations.Nullable;

/// How terms differ between the lanes of a warp that execute an instruction together.
final class Variations {
    /// From least to most.
    enum Variation {
        /// The same in all lanes.
        UNIFORM,
        /// The same in lanes with the same `%tid.y` and `%tid.z`.
        ROW,
        /// Another in each lane: a number of the lane.
        LANE,
        /// Anything.
        MIXED
    }

    /// Where a result comes from.
    ///
    /// @param inputs what the registers held that it read; null for what is unknown
    /// @param left its first source; null when unknown
    /// @param right its second
    record Origin(
            Instruction instruction,
            List<@Nullable AddressForm> inputs,
            @Nullable AddressForm left,
            @Nullable AddressForm right) {}

    /// What may reach a merge, without what all of it has in common.
    private final Map<Term, List<@Nullable AddressForm>> merges = new HashMap<>();

    private final Map<Term, Origin> origins = new HashMap<>();
    private final Map<Term, Variation> known = new HashMap<>();

    /// True when threads of a block differ in more than `%tid.x`.
    private final boolean rows;

    Variations(List<Instruction> code) {
        this.rows = code.stream().anyMatch(Variations::readsRow);
    }

    private static boolean readsRow(Instruction instruction) {
        return instruction.operands().stream()
                .anyMatch(operand ->
                        operand instanceof SpecialRegister special
                                && special.name() == SpecialRegister.Name.TID
                                && special.index() > 0);
    }

    boolean hasRows() {
        return rows;
    }

    void clear() {
        merges.clear();
        origins.clear();
        known.clear();
    }

    void result(Term term, Origin origin) {
        origins.put(term, origin);
    }

    @Nullable Origin origin(Term term) {
        return origins.get(term);
    }

    /// One more value of a merge; null for an unknown one.
    void merge(Term term, @Nullable AddressForm value) {
        merges.computeIfAbsent(term, _ -> new ArrayList<>()).add(value);
    }

    /// Finds the variation of all results and merges.
    void solve() {
        boolean changed;
        do {
            changed = false;
            for (Map.Entry<Term, Origin> entry : origins.entrySet()) {
                changed |= raise(entry.getKey(), ofResult(entry.getValue()));
            }
            for (Map.Entry<Term, List<@Nullable AddressForm>> entry : merges.entrySet()) {
                changed |= raise(entry.getKey(), opaque(entry.getValue()));
            }
        } while (changed);
    }

    private boolean raise(Term term, Variation variation) {
        Variation before = of(term);
        if (variation.compareTo(before) <= 0) {
            return false;
        }
        known.put(term, variation);
        return true;
    }

    private Variation ofResult(Origin origin) {
        Instruction instruction = origin.instruction();
        switch (instruction.opcode()) {
            case VOTE, REDUX, ACTIVEMASK -> {
                return Variation.UNIFORM;
            }
            case LD, LDU -> {
                return isSettled(instruction) ? opaque(origin.inputs()) : Variation.MIXED;
            }
            default -> {
                if (!UniformValues.isComputedFrom(instruction, _ -> true)) {
                    return Variation.MIXED;
                }
            }
        }
        AddressForm first = origin.inputs().isEmpty() ? null : origin.inputs().getFirst();
        if (first != null && FormReader.isWarpNumber(instruction) && isThreadNumber(first)) {
            return Variation.UNIFORM;
        }
        return opaque(origin.inputs());
    }

    /// True for loads that give the same to all lanes when they have the same address.
    private static boolean isSettled(Instruction load) {
        return switch (load.operation().space()) {
            case PARAM -> UniformValues.isComputedFrom(load, _ -> true);
            case GLOBAL, CONST, SHARED -> load.operation().semantics() == Modifier.Semantics.WEAK;
            default -> false;
        };
    }

    private Variation opaque(List<@Nullable AddressForm> inputs) {
        Variation most = Variation.UNIFORM;
        for (AddressForm input : inputs) {
            if (input == null) {
                return Variation.MIXED;
            }
            for (Term term : input.terms().keySet()) {
                Variation one = of(term);
                if (one.compareTo(Variation.LANE) >= 0) {
                    return Variation.MIXED;
                }
                most = one.compareTo(most) > 0 ? one : most;
            }
        }
        return most;
    }

    Variation of(Term term) {
        return switch (term.kind()) {
            case SHARED, BLOCK_SIZE, ANY, ANY_BLOCKS -> Variation.UNIFORM;
            case LANE -> Variation.LANE;
            case THREAD -> term.first() == 0 ? Variation.LANE : Variation.ROW;
            case RESULT, MERGE -> known.getOrDefault(term, Variation.UNIFORM);
        };
    }

    /// True for `%tid.x`, and in blocks of several rows for what is added to it as the number of
    /// the threads in the rows before.
    boolean isThreadNumber(AddressForm form) {
        if (form.constant() != 0 || form.factor(Term.THREAD_X) != 1) {
            return false;
        }
        return form.terms().entrySet().stream()
                .allMatch(entry ->
                        entry.getValue() == 1
                                && (entry.getKey().equals(Term.THREAD_X) || isRow(entry.getKey())));
    }

    /// True for `%tid.y * %ntid.x` and the like.
    boolean isRow(Term term) {
        if (term.kind() == Term.Kind.THREAD || term.kind() == Term.Kind.BLOCK_SIZE) {
            return term.kind() == Term.Kind.BLOCK_SIZE || term.first() > 0;
        }
        Origin origin = origins.get(term);
        return origin != null
                && (origin.instruction().opcode() == Opcode.MUL
                        || origin.instruction().opcode() == Opcode.MAD)
                && origin.inputs().stream()
                        .allMatch(input ->
                                input != null
                                        && input.terms().keySet().stream().allMatch(this::isRow));
    }
}
