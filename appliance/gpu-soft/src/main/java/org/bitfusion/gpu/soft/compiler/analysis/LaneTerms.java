package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.soft.compiler.analysis.Variations.Variation;
import org.bitfusion.ptx.Opcode;
import org.jspecify.annotations.Nullable;

/// How terms differ between the lanes that execute a block together: [Variations], and what comes
/// out of a loop that lanes leave in different rounds differs too.
final class LaneTerms {
    private final Variations variations;
    private final int[] blockOf;
    private final BitSet partingBlocks = new BitSet();
    private final List<Loops.Loop> partingLoops;

    LaneTerms(ControlFlow flow, AddressForms forms) {
        this.variations = forms.variations();
        this.blockOf = new int[flow.code().size()];
        for (Block block : flow.blocks()) {
            for (int index = block.start(); index < block.end(); index++) {
                blockOf[index] = block.number();
            }
        }
        flow.blocks().stream()
                .filter(block -> !branchesTogether(block, flow, forms))
                .forEach(block -> partingBlocks.set(block.number()));
        this.partingLoops =
                Loops.of(flow).all().stream().filter(loop -> parts(loop, flow)).toList();
    }

    /// Numbers of the blocks that lanes may leave on different edges.
    BitSet partingBlocks() {
        return partingBlocks;
    }

    private boolean parts(Loops.Loop loop, ControlFlow flow) {
        return loop.body().stream()
                .mapToObj(flow.blocks()::get)
                .filter(block ->
                        block.edges().stream()
                                .anyMatch(edge -> !loop.body().get(edge.target().number())))
                .anyMatch(block -> partingBlocks.get(block.number()));
    }

    /// True when all lanes go the same way at the end of the block.
    private boolean branchesTogether(Block block, ControlFlow flow, AddressForms forms) {
        if (block.edges().size() < 2) {
            return true;
        }
        var guard = flow.code().get(block.end() - 1).guard();
        AddressForm predicate =
                guard == null ? null : forms.atEnd(block, guard.predicate().number());
        return predicate != null
                && predicate.terms().keySet().stream()
                        .allMatch(term -> variations.of(term) == Variation.UNIFORM);
    }

    Variation variation(Term term, Block block) {
        Variation variation = variations.of(term);
        if (variation != Variation.UNIFORM) {
            return variation;
        }
        int origin =
                switch (term.kind()) {
                    case RESULT -> blockOf[term.first()];
                    case MERGE -> term.first();
                    default -> -1;
                };
        boolean left =
                origin >= 0
                        && partingLoops.stream()
                                .anyMatch(loop ->
                                        loop.body().get(origin)
                                                && !loop.body().get(block.number()));
        return left ? Variation.MIXED : Variation.UNIFORM;
    }

    /// True when the address counts all threads of a block: each has its own place.
    boolean isThreadNumber(AddressForm address, @Nullable Term lane) {
        if (lane == null || !lane.equals(Term.THREAD_X)) {
            return false;
        }
        long stride = address.factor(lane);
        boolean row = false;
        for (Map.Entry<Term, Long> entry : address.terms().entrySet()) {
            Variation variation = variations.of(entry.getKey());
            if (variation == Variation.ROW) {
                boolean counts =
                        entry.getValue() == stride && entry.getKey().kind() == Term.Kind.RESULT;
                if (!counts || !variations.isRow(entry.getKey())) {
                    return false;
                }
                row = true;
            } else if (variation != Variation.UNIFORM && !entry.getKey().equals(lane)) {
                return false;
            }
        }
        return row;
    }

    /// The terms of a comparison that number the thread, which are never negative.
    AddressForm threadPart(AddressForm difference) {
        Map<Term, Long> part = new HashMap<>();
        difference
                .terms()
                .forEach((term, factor) -> {
                    boolean number =
                            switch (term.kind()) {
                                case THREAD, LANE -> true;
                                case RESULT -> variations.isRow(term);
                                default -> false;
                            };
                    if (number && factor == 1) {
                        part.put(term, factor);
                    }
                });
        return new AddressForm(Map.copyOf(part), 0);
    }

    /// A lane and the one with which it exchanges: `t` and `t ^ n`, n the same for all lanes.
    record Pair(AddressForm own, Term partner) {

        /// What an address of the own or the partner's cell has beside that number; null for other
        /// addresses.
        @Nullable AddressForm rest(@Nullable AddressForm address) {
            if (address == null) {
                return null;
            }
            long factor = address.factor(partner);
            if (factor != 0) {
                AddressForm rest = address.minus(AddressForm.of(partner).times(factor));
                return own.terms().keySet().stream().allMatch(term -> rest.factor(term) == 0)
                        ? rest
                        : null;
            }
            for (Map.Entry<Term, Long> entry : own.terms().entrySet()) {
                factor = address.factor(entry.getKey()) / entry.getValue();
            }
            AddressForm rest = address.plus(own, -factor);
            return factor != 0 && own.terms().keySet().stream().allMatch(t -> rest.factor(t) == 0)
                    ? rest
                    : null;
        }
    }

    /// The pair in a comparison of `t` and `t ^ n`. Those for which it holds are one lane of each
    /// pair: no two of them have a cell in common.
    @Nullable Pair pair(AddressForm difference, Block block) {
        for (Map.Entry<Term, Long> entry : difference.terms().entrySet()) {
            Variations.Origin origin = variations.origin(entry.getKey());
            if (origin == null || origin.instruction().opcode() != Opcode.XOR) {
                continue;
            }
            AddressForm partner = AddressForm.of(entry.getKey()).times(entry.getValue());
            AddressForm own = difference.minus(partner).times(-entry.getValue());
            boolean left = own.equals(origin.left()) && isUniform(origin.right(), block);
            boolean right = own.equals(origin.right()) && isUniform(origin.left(), block);
            if (Math.abs(entry.getValue()) == 1 && isOneThread(own) && (left || right)) {
                return new Pair(own, entry.getKey());
            }
        }
        return null;
    }

    private boolean isOneThread(AddressForm form) {
        return variations.isThreadNumber(form)
                && (!variations.hasRows() || form.terms().size() > 1);
    }

    private boolean isUniform(@Nullable AddressForm form, Block block) {
        return form != null
                && form.terms().keySet().stream()
                        .allMatch(term -> variation(term, block) == Variation.UNIFORM);
    }
}
