package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.jspecify.annotations.Nullable;

/// The registers that addresses of shared memory are computed from, as sums, at every place of a
/// kernel.
///
/// Walks the blocks in the order of the flow. Where ways meet with different values for a register,
/// it gets a merge term, plus what the values have in common; a loop's back edge may show that more
/// differs, then the walk starts anew.
final class AddressForms {
    private static final int MAXIMUM_WALKS = 24;

    private final ControlFlow flow;
    private final RegisterUse use;
    private final BlockOrder order;
    private final BitSet followed;
    private final Variations variations;
    private final FormReader reader;
    private final @Nullable AddressForm[][] atEnd;
    private final List<Map<Integer, AddressForm>> merged = new ArrayList<>();
    private final Map<Integer, AddressForm> addresses = new HashMap<>();
    private final BitSet terms = new BitSet();

    private AddressForms(ControlFlow flow, RegisterUse use, BlockOrder order, BitSet followed) {
        this.flow = flow;
        this.use = use;
        this.order = order;
        this.followed = followed;
        this.variations = new Variations(flow.code());
        this.reader = new FormReader(variations);
        this.atEnd = new @Nullable AddressForm[flow.blocks().size()][];
        flow.blocks().forEach(_ -> merged.add(new HashMap<>()));
    }

    /// Null when that takes too long.
    static @Nullable AddressForms of(ControlFlow flow, RegisterUse use, BlockOrder order) {
        AddressForms forms = new AddressForms(flow, use, order, followed(flow, use));
        for (int walk = 0; walk < MAXIMUM_WALKS; walk++) {
            forms.walk();
            if (!forms.correctLoops()) {
                forms.collectMerges();
                forms.variations.solve();
                return forms;
            }
        }
        return null;
    }

    Variations variations() {
        return variations;
    }

    /// The address of the shared access at `index`; null when it is not known.
    @Nullable AddressForm address(int index) {
        return addresses.get(index);
    }

    /// True when what the instruction at `index` computes is a term of sums.
    boolean isTerm(int index) {
        return terms.get(index);
    }

    /// What `register` holds when the last instruction of `block` has run.
    @Nullable AddressForm atEnd(Block block, int register) {
        @Nullable AddressForm[] state = atEnd[block.number()];
        return state == null ? null : state[register];
    }

    /// A sum that was true at the end of `source`, in the terms of the start of `target`; null when
    /// it cannot be said any more.
    @Nullable AddressForm across(AddressForm form, Block source, Block target) {
        AddressForm moved = form;
        for (Term term : form.terms().keySet()) {
            if (!term.isMergeOf(target)) {
                continue;
            }
            AddressForm value = atEnd(source, term.second());
            AddressForm common = merged.get(target.number()).get(term.second());
            if (value == null || common == null) {
                return null;
            }
            AddressForm change = value.minus(common).minus(AddressForm.of(term));
            if (change.terms().keySet().stream().anyMatch(t -> t.isMergeOf(target))) {
                return null;
            }
            moved = moved.with(term, AddressForm.of(term).minus(change));
        }
        return moved;
    }

    /// All that shared addresses, and the branches of their way, are computed from.
    private static BitSet followed(ControlFlow flow, RegisterUse use) {
        BitSet wanted = new BitSet();
        for (Instruction instruction : flow.code()) {
            Operand.Address address = SharedAccess.addressOf(instruction);
            if (address != null && address.register() != null) {
                wanted.set(address.register().number());
            }
            if (instruction.opcode() == Opcode.BRA && instruction.guard() != null) {
                wanted.set(instruction.guard().predicate().number());
            }
        }
        int before;
        do {
            before = wanted.cardinality();
            for (int index = flow.code().size() - 1; index >= 0; index--) {
                Instruction instruction = flow.code().get(index);
                boolean[] writes = new boolean[1];
                use.writes(instruction, number -> writes[0] |= wanted.get(number));
                if (writes[0]) {
                    use.reads(instruction, wanted::set);
                }
            }
        } while (wanted.cardinality() != before);
        return wanted;
    }

    private void walk() {
        variations.clear();
        addresses.clear();
        for (Block block : order.blocks()) {
            @Nullable AddressForm[] state = enter(block);
            for (int index = block.start(); index < block.end(); index++) {
                step(index, flow.code().get(index), state);
            }
            atEnd[block.number()] = state;
        }
    }

    private @Nullable AddressForm[] enter(Block block) {
        @Nullable AddressForm[] state = new @Nullable AddressForm[use.count()];
        boolean first = true;
        for (Block source : order.sources(block)) {
            if (order.isBackward(source, block)) {
                continue;
            }
            @Nullable AddressForm[] from = Objects.requireNonNull(atEnd[source.number()]);
            if (first) {
                System.arraycopy(from, 0, state, 0, state.length);
                first = false;
                continue;
            }
            for (int register = followed.nextSetBit(0);
                    register >= 0;
                    register = followed.nextSetBit(register + 1)) {
                if (!Objects.equals(state[register], from[register])) {
                    differs(block, register, state[register], from[register]);
                }
            }
        }
        merged.get(block.number())
                .forEach((register, common) ->
                        state[register] =
                                common.plus(AddressForm.of(Term.merge(block, register)), 1));
        return state;
    }

    /// Notes that a register has both values at the start of `block`; true when that is new.
    private boolean differs(
            Block block, int register, @Nullable AddressForm one, @Nullable AddressForm other) {
        Map<Integer, AddressForm> merges = merged.get(block.number());
        AddressForm before = merges.get(register);
        AddressForm common = AddressForm.ZERO;
        if (one != null && other != null) {
            common = one.common(other, block);
        }
        if (before != null) {
            common = before.common(common, block);
        }
        merges.put(register, common);
        return !common.equals(before);
    }

    /// Looks at the values that come over back edges; true when the walk was wrong about one.
    private boolean correctLoops() {
        boolean wrong = false;
        for (Block block : order.blocks()) {
            for (Block source : order.sources(block)) {
                if (order.isBackward(source, block)) {
                    wrong |= correctLoop(source, block);
                }
            }
        }
        return wrong;
    }

    private boolean correctLoop(Block source, Block header) {
        boolean wrong = false;
        @Nullable AddressForm[] from = Objects.requireNonNull(atEnd[source.number()]);
        for (int register = followed.nextSetBit(0);
                register >= 0;
                register = followed.nextSetBit(register + 1)) {
            AddressForm common = merged.get(header.number()).get(register);
            AddressForm entering = common == null ? entering(header, register) : common;
            AddressForm back = from[register];
            if (common == null ? !Objects.equals(entering, back) : entering != null) {
                wrong |= differs(header, register, entering, back);
            }
        }
        return wrong;
    }

    /// What a register that has no merge holds at the start of a loop.
    private @Nullable AddressForm entering(Block header, int register) {
        for (Block source : order.sources(header)) {
            if (!order.isBackward(source, header)) {
                return atEnd(source, register);
            }
        }
        return null;
    }

    private void collectMerges() {
        for (Block block : order.blocks()) {
            merged.get(block.number())
                    .forEach((register, common) -> collectMerge(block, register, common));
        }
    }

    /// A loop's lanes are in the same round; where other ways meet, each lane has its own.
    private void collectMerge(Block block, int register, AddressForm common) {
        Term term = Term.merge(block, register);
        int forward = 0;
        for (Block source : order.sources(block)) {
            forward += order.isBackward(source, block) ? 0 : 1;
            AddressForm value = atEnd(source, register);
            variations.merge(term, value == null ? null : value.minus(common));
        }
        if (forward > 1) {
            variations.merge(term, null);
        }
    }

    private void step(int index, Instruction instruction, @Nullable AddressForm[] state) {
        Operand.Address address = SharedAccess.addressOf(instruction);
        if (address != null) {
            AddressForm form = reader.address(address, state);
            if (form != null) {
                addresses.put(index, form);
            }
        }
        boolean[] writes = new boolean[1];
        use.writes(instruction, number -> writes[0] |= followed.get(number));
        if (writes[0]) {
            write(index, instruction, state);
        }
    }

    private void write(int index, Instruction instruction, @Nullable AddressForm[] state) {
        List<@Nullable AddressForm> inputs = new ArrayList<>();
        use.reads(instruction, number -> inputs.add(state[number]));
        AddressForm added = null;
        AddressForm result = null;
        if (instruction.guard() == null && instruction.operand(0) instanceof Register) {
            result = reader.result(instruction, state);
            added = result == null ? addend(instruction, state, inputs) : null;
        } else {
            use.writes(instruction, number -> inputs.add(state[number]));
        }
        Variations.Origin origin = origin(instruction, inputs, state);
        for (int register : written(instruction)) {
            Term term = Term.result(index, register);
            if (result != null && !result.isTooLong()) {
                state[register] = result;
                continue;
            }
            variations.result(term, origin);
            terms.set(index);
            AddressForm form = AddressForm.of(term);
            state[register] = added == null ? form : form.plus(added, 1);
        }
    }

    private Variations.Origin origin(
            Instruction instruction,
            List<@Nullable AddressForm> inputs,
            @Nullable AddressForm[] state) {
        boolean two = instruction.operandCount() > 2;
        return new Variations.Origin(
                instruction,
                inputs,
                two ? reader.value(instruction.operand(1), state) : null,
                two ? reader.value(instruction.operand(2), state) : null);
    }

    /// The last operand of a `mad` whose product has no form; what is left of `inputs` is the
    /// product's.
    private @Nullable AddressForm addend(
            Instruction instruction,
            @Nullable AddressForm[] state,
            List<@Nullable AddressForm> inputs) {
        if (instruction.opcode() != Opcode.MAD
                || instruction.operation().has(Modifier.Part.HI)
                || instruction.operation().type() == PtxType.S16
                || instruction.operation().type() == PtxType.U16) {
            return null;
        }
        AddressForm added = reader.value(instruction.operand(3), state);
        if (added == null) {
            return null;
        }
        inputs.clear();
        inputs.add(reader.value(instruction.operand(1), state));
        inputs.add(reader.value(instruction.operand(2), state));
        return added;
    }

    private List<Integer> written(Instruction instruction) {
        List<Integer> registers = new ArrayList<>();
        use.writes(
                instruction,
                number -> {
                    if (followed.get(number)) {
                        registers.add(number);
                    }
                });
        return registers;
    }
}
