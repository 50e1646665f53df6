package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.StateSpace;
import org.jspecify.annotations.Nullable;

/// Keeps the order in which a warp accesses plain shared memory.
///
/// The lanes of a GPU's warp execute an instruction together, and programs count on it: all lanes
/// have stored before any of them loads what another one stored, and all have loaded before any
/// overwrites it. Generated code runs the lanes one after the other between two meetings. So where
/// two accesses follow each other without a meeting, of which one writes, and different lanes may
/// address the same place with them, the warp meets before the second one. Accesses of global
/// memory keep no such order.
final class WarpOrder {
    /// Kernels with more blocks are not looked at: first launches would wait for it.
    private static final int MAXIMUM_BLOCKS = 4_000;

    /// More accesses than these between two meetings are ended by one.
    private static final int MAXIMUM_PENDING = 1_000;

    private final ControlFlow flow;
    private final BlockOrder order;
    private final AddressForms forms;
    private final LaneTerms lanes;
    private final Guards guards;
    private final LaneConflict conflict;
    private final List<@Nullable Map<Integer, SharedAccess>> pendingAt = new ArrayList<>();
    private final TreeSet<Integer> meetings = new TreeSet<>();

    private WarpOrder(ControlFlow flow, BlockOrder order, AddressForms forms) {
        this.flow = flow;
        this.order = order;
        this.forms = forms;
        this.lanes = new LaneTerms(flow, forms);
        this.guards = new Guards(flow, order, forms, lanes);
        this.conflict = new LaneConflict(lanes, forms.variations().hasRows());
        flow.blocks().forEach(_ -> pendingAt.add(null));
    }

    /// Places the meetings that a kernel needs.
    static void place(ControlFlow flow, RegisterUse use) {
        if (flow.code().stream().noneMatch(WarpOrder::storesShared)
                || flow.blocks().size() > MAXIMUM_BLOCKS) {
            return;
        }
        BlockOrder order = new BlockOrder(flow);
        AddressForms forms = AddressForms.of(flow, use, order);
        if (forms == null) {
            return;
        }
        WarpOrder warps = new WarpOrder(flow, order, forms);
        warps.solve();
        new Meetings(flow, use, warps.lanes.partingBlocks()).place(List.copyOf(warps.meetings));
    }

    private static boolean storesShared(Instruction instruction) {
        return switch (instruction.opcode()) {
            case ST, ATOM, RED ->
                    instruction.operation().space() == StateSpace.SHARED
                            || instruction.operation().space() == StateSpace.GENERIC;
            default -> false;
        };
    }

    private void solve() {
        pendingAt.set(flow.start().number(), new HashMap<>());
        boolean changed;
        do {
            changed = false;
            for (Block block : order.blocks()) {
                Map<Integer, SharedAccess> pending = pendingAt.get(block.number());
                if (pending != null) {
                    changed |= leave(block, through(block, new HashMap<>(pending)));
                }
            }
        } while (changed);
    }

    private Map<Integer, SharedAccess> through(Block block, Map<Integer, SharedAccess> pending) {
        for (int index = block.start(); index < block.end(); index++) {
            Instruction instruction = flow.code().get(index);
            SharedAccess access =
                    SharedAccess.of(instruction, forms.address(index), guards.alone(block));
            if (access != null) {
                if (meetings.contains(index) || conflicts(access, block, pending)) {
                    meetings.add(index);
                    pending.clear();
                }
                pending.merge(index, access, SharedAccess::and);
            }
            if (forms.isTerm(index)) {
                forget(index, pending);
            }
        }
        return pending;
    }

    private boolean conflicts(
            SharedAccess access, Block block, Map<Integer, SharedAccess> pending) {
        if (pending.size() > MAXIMUM_PENDING) {
            return true;
        }
        List<Guards.Fact> facts = guards.facts(block);
        for (SharedAccess before : pending.values()) {
            if (conflict.between(before, access, block, facts)) {
                return true;
            }
        }
        return false;
    }

    /// The instruction has another result now than the one that addresses were computed from.
    private static void forget(int index, Map<Integer, SharedAccess> pending) {
        pending.replaceAll((_, access) -> {
            AddressForm form = access.form();
            boolean old =
                    form != null
                            && form.terms().keySet().stream()
                                    .anyMatch(term ->
                                            term.kind() == Term.Kind.RESULT
                                                    && term.first() == index);
            return old ? access.at(null) : access;
        });
    }

    /// Passes on what is pending at the end of a block; true when that is news to a successor.
    private boolean leave(Block block, Map<Integer, SharedAccess> pending) {
        boolean changed = false;
        for (Edge edge : block.edges()) {
            boolean met = edge.cut() != null && isMeeting(edge.cut());
            Map<Integer, SharedAccess> passed = new HashMap<>();
            if (!met) {
                pending.forEach((key, access) -> pass(key, access, block, edge.target(), passed));
            }
            changed |= arrive(edge.target(), passed);
        }
        return changed;
    }

    private void pass(
            int key,
            SharedAccess access,
            Block source,
            Block target,
            Map<Integer, SharedAccess> passed) {
        AddressForm form = access.form();
        SharedAccess moved = access.at(form == null ? null : forms.across(form, source, target));
        boolean backward = order.isBackward(source, target);
        int newKey = backward && key >= 0 ? ~key : key;
        boolean alone = access.alone() >= 0 && order.dominates(access.alone(), target);
        passed.merge(newKey, backward && !alone ? moved.earlier() : moved, SharedAccess::and);
    }

    private boolean arrive(Block target, Map<Integer, SharedAccess> passed) {
        Map<Integer, SharedAccess> known = pendingAt.get(target.number());
        if (known == null) {
            pendingAt.set(target.number(), passed);
            return true;
        }
        boolean changed = false;
        for (Map.Entry<Integer, SharedAccess> entry : passed.entrySet()) {
            SharedAccess before = known.get(entry.getKey());
            SharedAccess after = known.merge(entry.getKey(), entry.getValue(), SharedAccess::and);
            changed |= !Objects.equals(before, after);
        }
        return changed;
    }

    /// True for cuts at which the lanes of a warp wait for each other.
    private static boolean isMeeting(Cut cut) {
        Instruction instruction = cut.instruction();
        return switch (cut.kind()) {
            case WARP, MEETING -> true;
            case BARRIER ->
                    instruction != null
                            && instruction.opcode() == Opcode.BAR
                            && !instruction.operation().has(Modifier.Barrier.ARRIVE);
            case YIELD, FORCED -> false;
        };
    }
}
