package org.bitfusion.gpu.soft.compiler.emission;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.soft.compiler.analysis.Block;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.StateSpace;
import org.jspecify.annotations.Nullable;

/// Which memory accesses of a block share one check: those through the same unchanged register into
/// the same space. They all execute if the first does, so checking the whole span at the first one
/// faults if and only if one of them would.
final class AccessPlan {
    /// Addresses further apart are checked on their own.
    private static final long MAXIMUM_SPAN = 1 << 20;

    /// Offsets further from the register are checked on their own, so that no sum of those in a
    /// group overflows.
    private static final long FARTHEST = 1L << 40;

    private final IdentityHashMap<Instruction, Group> groups = new IdentityHashMap<>();

    /// Accesses with one check.
    static final class Group {
        final StateSpace space;
        final Register base;
        private final boolean alone;
        private long first = Long.MAX_VALUE;
        long end = Long.MIN_VALUE;
        long mask;

        /// Local variable that holds the native address of `base + lowest`; -1 before the first
        /// access is emitted.
        int slot = -1;

        Group(StateSpace space, Register base, boolean alone) {
            this.space = space;
            this.alone = alone;
            this.base = base;
        }

        void add(long offset, int byteCount) {
            first = Math.min(first, offset);
            end = Math.max(end, offset + byteCount);
            mask = Math.max(mask, byteCount - 1);
        }

        /// Where the checked span begins. Offsets in a group of several are multiples of their
        /// access's size, so that the register has to be aligned for the largest of them.
        long lowest() {
            return alone ? first : first & ~mask;
        }

        long span() {
            return end - lowest();
        }

        boolean takes(long offset, int byteCount) {
            return Math.max(end, offset + byteCount) - Math.min(first, offset) <= MAXIMUM_SPAN;
        }
    }

    AccessPlan(Kernel kernel, Block block) {
        Map<Integer, List<Group>> open = new HashMap<>();
        for (int index = block.start(); index < block.end(); index++) {
            Instruction instruction = kernel.flow().code().get(index);
            Operand.Address address = addressOf(instruction);
            if (address != null && address.register() != null) {
                place(instruction, address, address.register(), open);
            }
            kernel.use().writes(instruction, open::remove);
        }
    }

    @Nullable Group group(Instruction instruction) {
        return groups.get(instruction);
    }

    private void place(
            Instruction instruction,
            Operand.Address address,
            Register base,
            Map<Integer, List<Group>> open) {
        Operation operation = instruction.operation();
        int byteCount = operation.type().bytes() * operation.vectorWidth();
        StateSpace space = operation.space();
        boolean alone =
                instruction.guard() != null
                        || address.offset() % byteCount != 0
                        || address.offset() < -FARTHEST
                        || address.offset() > FARTHEST;
        List<Group> candidates = open.computeIfAbsent(base.number(), _ -> new ArrayList<>());
        if (!alone) {
            for (Group group : candidates) {
                if (group.space == space && group.takes(address.offset(), byteCount)) {
                    group.add(address.offset(), byteCount);
                    groups.put(instruction, group);
                    return;
                }
            }
        }
        Group group = new Group(space, base, alone);
        group.add(address.offset(), byteCount);
        groups.put(instruction, group);
        if (!alone) {
            candidates.add(group);
        }
    }

    /// The memory operand of an access; null for other instructions.
    static Operand.@Nullable Address addressOf(Instruction instruction) {
        int index =
                switch (instruction.opcode()) {
                    case LD, LDU, ATOM -> 1;
                    case ST, RED -> 0;
                    default -> -1;
                };
        return index >= 0 && instruction.operand(index) instanceof Operand.Address address
                ? address
                : null;
    }
}
