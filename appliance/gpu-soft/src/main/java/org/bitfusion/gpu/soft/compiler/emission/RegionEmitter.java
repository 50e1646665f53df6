package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.SwitchCase;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.Block;
import org.bitfusion.gpu.soft.compiler.analysis.Convergence;
import org.bitfusion.gpu.soft.compiler.analysis.Cut;
import org.bitfusion.gpu.soft.compiler.analysis.Edge;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.Region;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.gpu.soft.compiler.runtime.RegionCode;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.PtxType;
import org.jspecify.annotations.Nullable;

/// Writes the method of one region: a loop over threads around the region's blocks.
///
/// ```
/// static int region(Frame frame, int first, int last, boolean selected) {
///     ...what is the same for all threads...
///     for (int thread = first; thread < last; thread++) {
///         if (selected && resume[thread] != (entry | RELEASED)) continue;
///         ...load what lives across the cut; the blocks; at each cut or exit: store, set resume[thread]...
///     }
///     return where all of them now wait, or MIXED;
/// }
/// ```
///
/// When the threads of a block always stay together, nobody selects threads or looks at their
/// resume points, and neither is written.
final class RegionEmitter {
    static final int FRAME_LOCAL = 0;
    private static final int FIRST_LOCAL = 1;
    private static final int LAST_LOCAL = 2;
    private static final int SELECTED_LOCAL = 3;
    static final int THREAD_LOCAL = 4;
    private static final int ANY_LOCAL = 5;
    private static final int ALL_LOCAL = 6;
    private static final int FREE_LOCAL = 7;

    private final Kernel kernel;
    private final Convergence convergence;
    private final Region region;
    private final Agreed agreed;
    private final Map<Integer, CutOperands> cuts;
    private final Code code;
    private final CodeBuilder builder;
    private final IdentityHashMap<Block, Label> labels = new IdentityHashMap<>();
    private final Map<Integer, Label> stubs = new HashMap<>();
    private final List<Cut> pendingStubs = new ArrayList<>();
    private final BitSet read = new BitSet();
    private final BitSet written = new BitSet();
    private final SortedSet<Integer> exits = new TreeSet<>();
    private final SortedMap<Integer, Cut> exitCuts = new TreeMap<>();
    private final Label next;

    RegionEmitter(
            Kernel kernel,
            Convergence convergence,
            Region region,
            Map<Integer, CutOperands> cuts,
            CodeBuilder builder) {
        this.kernel = kernel;
        this.convergence = convergence;
        this.region = region;
        this.cuts = cuts;
        this.builder = builder;
        this.code = new Code(builder, kernel, FREE_LOCAL);
        this.next = builder.newLabel();
        region.blocks().forEach(block -> labels.put(block, builder.newLabel()));
        collectUse();
        this.agreed = new Agreed(code, convergence, region, exitCuts.values(), read, written);
    }

    void emit() {
        Label prologue = builder.newLabel();
        Label body = builder.newLabel();
        builder.goto_(prologue).labelBinding(body);
        emitLoop();
        builder.labelBinding(prologue);
        code.hoisted().emitPrologue();
        agreed.emitPrologue();
        builder.iconst_0().istore(ANY_LOCAL).iconst_m1().istore(ALL_LOCAL);
        builder.iload(FIRST_LOCAL).istore(THREAD_LOCAL);
        builder.goto_(body);
    }

    private void collectUse() {
        for (Block block : region.blocks()) {
            if (kernel.flow().isExit(block)) {
                exits.add(0);
            }
            for (int index = block.start(); index < block.end(); index++) {
                Instruction instruction = kernel.flow().code().get(index);
                kernel.use().reads(instruction, read::set);
                if (!kernel.uniform().isHoisted(instruction)) {
                    kernel.use().writes(instruction, written::set);
                }
            }
            for (Edge edge : block.edges()) {
                Cut cut = edge.cut();
                if (cut != null) {
                    exits.add(cut.entry());
                    exitCuts.put(cut.entry(), cut);
                }
            }
        }
        Cut cut = region.cut();
        if (cut != null && cut.instruction() != null) {
            kernel.use().writes(cut.instruction(), written::set);
        }
    }

    private void emitLoop() {
        Label end = builder.newLabel();
        Label loop = builder.newLabel();
        builder.labelBinding(loop).iload(THREAD_LOCAL).iload(LAST_LOCAL).if_icmpge(end);
        emitSelection();
        emitLiveIn();
        for (int index = 0; index < region.blocks().size(); index++) {
            Block block = region.blocks().get(index);
            if (index == 0 && block != region.start()) {
                builder.goto_(label(region.start()));
            }
            Block following =
                    index + 1 < region.blocks().size() ? region.blocks().get(index + 1) : null;
            builder.labelBinding(label(block));
            emitBlock(block, following);
        }
        for (int index = 0; index < pendingStubs.size(); index++) {
            emitStub(pendingStubs.get(index));
        }
        builder.labelBinding(next).iinc(THREAD_LOCAL, 1).goto_(loop).labelBinding(end);
        emitReturn();
    }

    private void emitSelection() {
        if (convergence.together()) {
            return;
        }
        Label selected = builder.newLabel();
        builder.iload(SELECTED_LOCAL).ifeq(selected);
        builder.aload(code.hoisted().intArray("resume")).iload(THREAD_LOCAL).iaload();
        builder.loadConstant(region.entry() | Frame.RELEASED).if_icmpne(next);
        builder.labelBinding(selected);
    }

    private void emitReturn() {
        if (convergence.together()) {
            emitReturnTogether();
            return;
        }
        if (exits.size() == 1) {
            builder.loadConstant(exits.first()).ireturn();
            return;
        }
        Label mixed = builder.newLabel();
        builder.iload(ANY_LOCAL).iload(ALL_LOCAL).if_icmpne(mixed);
        builder.iload(ANY_LOCAL).ireturn().labelBinding(mixed);
        builder.loadConstant(RegionCode.MIXED).ireturn();
    }

    private void emitReturnTogether() {
        for (Cut cut : exitCuts.values()) {
            Label other = builder.newLabel();
            if (exits.contains(0) || cut.entry() != exits.last()) {
                builder.iload(ALL_LOCAL).loadConstant(cut.entry()).if_icmpne(other);
            }
            agreed.emitKeep(cut);
            builder.loadConstant(cut.entry()).ireturn().labelBinding(other);
        }
        if (exits.isEmpty() || exits.contains(0)) {
            builder.iconst_0().ireturn();
        }
    }

    private Label label(Block block) {
        return Objects.requireNonNull(labels.get(block));
    }

    /// Loads the registers that the region uses and that live at its start: from the frame, or zero
    /// at the kernel's start (a value that the program never set).
    private void emitLiveIn() {
        BitSet live = (BitSet) kernel.liveness().liveIn(region.start()).clone();
        BitSet used = (BitSet) read.clone();
        used.or(written);
        live.and(used);
        Cut cut = region.cut();
        if (cut != null && cut.instruction() != null) {
            kernel.use().writes(cut.instruction(), live::clear);
        }
        for (int register = live.nextSetBit(0);
                register >= 0;
                register = live.nextSetBit(register + 1)) {
            if (!kernel.uniform().isUniform(register) && !agreed.isEntering(register)) {
                emitLoad(register, cut == null);
            }
        }
        agreed.emitStart();
        if (cut != null) {
            operands(cut).emitResume(code);
        }
    }

    private void emitLoad(int register, boolean zero) {
        ValueKind kind = kernel.kinds().get(register);
        if (zero) {
            Code.pushZero(builder, kind);
        } else {
            builder.aload(code.hoisted().kept(register)).iload(THREAD_LOCAL);
            builder.arrayLoad(Code.typeKind(kind));
        }
        code.save(kind, code.locals().of(register));
    }

    private CutOperands operands(Cut cut) {
        return Objects.requireNonNull(cuts.get(cut.entry()));
    }

    private void emitBlock(Block block, @Nullable Block following) {
        if (kernel.flow().isExit(block)) {
            emitResumePoint(0);
            return;
        }
        code.begin(new AccessPlan(kernel, block));
        FusedBranch fused = FusedBranch.in(kernel, block);
        int last = block.end() - 1;
        for (int index = block.start(); index < block.end(); index++) {
            Instruction instruction = kernel.flow().code().get(index);
            if (index == last && isControl(block, instruction)) {
                emitControl(block, instruction, fused);
            } else if (!kernel.uniform().isHoisted(instruction) && !fused.skips(index)) {
                emitGuarded(instruction);
            }
        }
        if (!block.edges().isEmpty() && fallsThrough(block)) {
            emitJump(block.edges().getLast(), following);
        }
    }

    private boolean isControl(Block block, Instruction instruction) {
        return switch (instruction.opcode()) {
            case BRA, BRX, RET, EXIT -> true;
            default -> endsAtCut(block);
        };
    }

    /// True when the last instruction of the block is one at which threads stop.
    private static boolean endsAtCut(Block block) {
        for (Edge edge : block.edges()) {
            Cut cut = edge.cut();
            if (cut != null && cut.instruction() != null) {
                return true;
            }
        }
        return false;
    }

    private boolean fallsThrough(Block block) {
        if (block.start() == block.end()) {
            return true;
        }
        Instruction last = kernel.flow().code().get(block.end() - 1);
        return !(isControl(block, last) && last.guard() == null);
    }

    /// Writes the jumps of the last instruction; what comes after falls through along the last
    /// edge.
    private void emitControl(Block block, Instruction instruction, FusedBranch fused) {
        Edge taken = block.edges().getFirst();
        Instruction.Guard guard = instruction.guard();
        if (guard == null) {
            if (instruction.opcode() == Opcode.BRX) {
                emitSwitch(block, instruction);
            } else {
                builder.goto_(labelOf(taken));
            }
            return;
        }
        if (instruction.opcode() == Opcode.BRX) {
            throw new Declined("guarded " + instruction.form());
        }
        Instruction comparison = fused.comparison();
        if (comparison != null) {
            ComparisonEmitter.branchWhen(code, comparison, labelOf(taken), !guard.negated());
            return;
        }
        code.pushRegister(guard.predicate());
        if (guard.negated()) {
            builder.ifeq(labelOf(taken));
        } else {
            builder.ifne(labelOf(taken));
        }
    }

    private void emitSwitch(Block block, Instruction instruction) {
        code.push(instruction.operand(0), PtxType.U32);
        List<SwitchCase> cases = new ArrayList<>();
        for (int index = 0; index < block.edges().size(); index++) {
            cases.add(SwitchCase.of(index, labelOf(block.edges().get(index))));
        }
        builder.tableswitch(0, cases.size() - 1, labelOf(block.edges().getFirst()), cases);
    }

    private void emitGuarded(Instruction instruction) {
        Instruction.Guard guard = instruction.guard();
        if (guard == null) {
            InstructionEmitter.emit(code, instruction);
            return;
        }
        Label skip = builder.newLabel();
        code.pushRegister(guard.predicate());
        if (guard.negated()) {
            builder.ifne(skip);
        } else {
            builder.ifeq(skip);
        }
        InstructionEmitter.emit(code, instruction);
        builder.labelBinding(skip);
    }

    private void emitJump(Edge edge, @Nullable Block following) {
        if (edge.cut() != null || edge.target() != following) {
            builder.goto_(labelOf(edge));
        }
    }

    private Label labelOf(Edge edge) {
        Cut cut = edge.cut();
        if (cut == null) {
            return label(edge.target());
        }
        return stubs.computeIfAbsent(
                cut.entry(),
                _ -> {
                    pendingStubs.add(cut);
                    return builder.newLabel();
                });
    }

    /// Leaves the region at a cut.
    private void emitStub(Cut cut) {
        builder.labelBinding(Objects.requireNonNull(stubs.get(cut.entry())));
        BitSet live = (BitSet) kernel.liveness().liveIn(cut.target()).clone();
        live.and(agreed.andEntering(written));
        Instruction instruction = cut.instruction();
        if (instruction != null) {
            kernel.use().writes(instruction, live::clear);
        }
        for (int register = live.nextSetBit(0);
                register >= 0;
                register = live.nextSetBit(register + 1)) {
            if (!kernel.uniform().isUniform(register)
                    && !convergence.agrees(cut.target(), register)) {
                ValueKind kind = kernel.kinds().get(register);
                builder.aload(code.hoisted().kept(register)).iload(THREAD_LOCAL);
                code.load(kind, code.locals().of(register));
                builder.arrayStore(Code.typeKind(kind));
            }
        }
        operands(cut).emitPark(code);
        emitResumePoint(cut.entry());
    }

    private void emitResumePoint(int entry) {
        if (convergence.together()) {
            if (exits.size() > 1) {
                builder.loadConstant(entry).istore(ALL_LOCAL);
            }
            builder.goto_(next);
            return;
        }
        builder.aload(code.hoisted().intArray("resume")).iload(THREAD_LOCAL);
        builder.loadConstant(entry).iastore();
        if (exits.size() > 1) {
            builder.iload(ANY_LOCAL).loadConstant(entry).ior().istore(ANY_LOCAL);
            builder.iload(ALL_LOCAL).loadConstant(entry).iand().istore(ALL_LOCAL);
        }
        builder.goto_(next);
    }
}
