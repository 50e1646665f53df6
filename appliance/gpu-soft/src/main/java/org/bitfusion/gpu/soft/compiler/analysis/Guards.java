package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.jspecify.annotations.Nullable;

/// What the branches before a block tell about the threads that run it.
final class Guards {
    /// Blocks on the way to one that are looked at.
    private static final int DEEPEST = 32;

    private final ControlFlow flow;
    private final BlockOrder order;
    private final AddressForms forms;
    private final LaneTerms lanes;
    private final Map<Block, List<Fact>> known = new HashMap<>();

    /// Something that holds from the start of `since` on.
    ///
    /// @param difference of two values: 0, or below 0
    /// @param equal true for 0
    record Fact(AddressForm difference, boolean equal, Block since) {}

    Guards(ControlFlow flow, BlockOrder order, AddressForms forms, LaneTerms lanes) {
        this.flow = flow;
        this.order = order;
        this.forms = forms;
        this.lanes = lanes;
    }

    /// What holds throughout a block.
    List<Fact> facts(Block block) {
        return known.computeIfAbsent(block, this::collect);
    }

    /// Number of the block from which on only one lane of a warp is left, or one of each pair of
    /// lanes; -1 for none.
    int alone(Block block) {
        int alone = -1;
        int paired = -1;
        for (Fact fact : facts(block)) {
            if (fact.equal() && isOneLane(fact)) {
                alone = fact.since().number();
            } else if (!fact.equal() && lanes.pair(fact.difference(), fact.since()) != null) {
                paired = fact.since().number();
            }
        }
        return alone >= 0 ? alone : paired;
    }

    private boolean isOneLane(Fact fact) {
        boolean lane = false;
        boolean row = !forms.variations().hasRows();
        for (Map.Entry<Term, Long> entry : fact.difference().terms().entrySet()) {
            Term term = entry.getKey();
            switch (lanes.variation(term, fact.since())) {
                case UNIFORM -> {}
                case ROW -> row = true;
                case LANE -> {
                    lane = true;
                    row |= term.kind() == Term.Kind.LANE;
                }
                case MIXED -> {
                    return fact.difference().isOnly(term) && isAnyThreadNumber(term);
                }
            }
        }
        return lane && row;
    }

    /// True for `%tid.x | %tid.y`, which is 0 for one thread only.
    private boolean isAnyThreadNumber(Term term) {
        Variations.Origin origin = forms.variations().origin(term);
        return origin != null
                && origin.instruction().opcode() == Opcode.OR
                && origin.inputs().stream().allMatch(this::isThreadNumbers);
    }

    private boolean isThreadNumbers(@Nullable AddressForm form) {
        return form != null
                && form.constant() == 0
                && form.terms().keySet().stream()
                        .allMatch(
                                term -> term.kind() == Term.Kind.THREAD || isAnyThreadNumber(term));
    }

    private List<Fact> collect(Block block) {
        List<Fact> facts = new ArrayList<>();
        Block inner = block;
        for (int depth = 0; depth < DEEPEST; depth++) {
            Block outer = order.dominator(inner);
            if (outer == null) {
                break;
            }
            List<Block> sources = order.sources(inner);
            if (sources.size() == 1) {
                Fact fact = fact(sources.getFirst(), inner);
                if (fact != null) {
                    facts.add(fact);
                }
            }
            inner = outer;
        }
        return facts;
    }

    private @Nullable Fact fact(Block source, Block target) {
        if (source.edges().size() != 2
                || source.edges().getFirst().target() == source.edges().getLast().target()) {
            return null;
        }
        Instruction branch = flow.code().get(source.end() - 1);
        Instruction.Guard guard = branch.guard();
        if (guard == null || branch.opcode() != Opcode.BRA) {
            return null;
        }
        boolean taken = source.edges().getFirst().target() == target;
        AddressForm predicate = forms.atEnd(source, guard.predicate().number());
        if (predicate == null || predicate.terms().size() != 1) {
            return null;
        }
        Variations.Origin origin =
                forms.variations().origin(predicate.terms().keySet().iterator().next());
        return origin == null ? null : compared(origin, taken != guard.negated(), target);
    }

    private @Nullable Fact compared(Variations.Origin origin, boolean holds, Block since) {
        Instruction instruction = origin.instruction();
        AddressForm left = origin.left();
        AddressForm right = origin.right();
        if (instruction.opcode() != Opcode.SETP
                || instruction.operandCount() != 3
                || left == null
                || right == null) {
            return null;
        }
        Modifier.Comparison comparison =
                instruction
                        .operation()
                        .modifier(Modifier.Comparison.class)
                        .orElse(Modifier.Comparison.NUM);
        AddressForm difference = left.minus(right);
        return switch (comparison) {
            case EQ -> holds ? new Fact(difference, true, since) : null;
            case NE -> holds ? null : new Fact(difference, true, since);
            case LT, LO -> new Fact(holds ? difference : notBelow(difference), false, since);
            case GE, HS -> new Fact(holds ? notBelow(difference) : difference, false, since);
            case GT, HI -> new Fact(holds ? difference.times(-1) : above(difference), false, since);
            case LE, LS -> new Fact(holds ? above(difference) : difference.times(-1), false, since);
            default -> null;
        };
    }

    /// `a - b >= 0` as something below 0.
    private static AddressForm notBelow(AddressForm difference) {
        return AddressForm.of(-1).minus(difference);
    }

    /// `a - b <= 0` as something below 0.
    private static AddressForm above(AddressForm difference) {
        return difference.plus(AddressForm.of(-1), 1);
    }
}
