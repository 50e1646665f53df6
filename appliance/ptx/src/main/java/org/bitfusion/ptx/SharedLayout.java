package org.bitfusion.ptx;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Where the shared variables of one kernel lie in a block's shared memory: those of the kernel and
/// of every function that it can reach (through function pointers: of every defined function of the
/// module), then, at [#dynamicOffset()], the launch's dynamic shared memory.
public final class SharedLayout {
    private static final int DYNAMIC_ALIGNMENT = 16;

    private final PtxModule module;
    private final IdentityHashMap<Variable, Long> offsets = new IdentityHashMap<>();
    private final Set<PtxFunction> functions = new LinkedHashSet<>();
    private final Deque<PtxFunction> pending = new ArrayDeque<>();
    private int dynamicAlignment = DYNAMIC_ALIGNMENT;
    private boolean indirect;
    private long bytes;

    private SharedLayout(PtxModule module) {
        this.module = module;
    }

    /// Lays out `kernel`; parses the bodies that it reaches.
    ///
    /// @throws PtxException when one of the bodies is malformed
    public static SharedLayout of(PtxModule module, PtxFunction kernel) {
        SharedLayout layout = new SharedLayout(module);
        layout.reach(kernel);
        while (!layout.pending.isEmpty()) {
            layout.visit(layout.pending.removeFirst());
        }
        return layout;
    }

    /// Bytes of static shared memory.
    public long staticBytes() {
        return bytes;
    }

    /// Where dynamic shared memory starts.
    public long dynamicOffset() {
        return DeclarationReader.align(bytes, dynamicAlignment);
    }

    /// Offset of a shared variable in the block's shared memory.
    ///
    /// @throws PtxException when the kernel cannot reach the variable
    public long offsetOf(Variable variable) {
        if (variable.isDynamicShared()) {
            return dynamicOffset();
        }
        Long offset = offsets.get(variable);
        if (offset == null) {
            throw new PtxException(0, "shared variable " + variable.name() + " is not laid out");
        }
        return offset;
    }

    /// The kernel and every function that it can reach, the kernel first; declarations without a
    /// body left out.
    public Set<PtxFunction> functions() {
        return functions;
    }

    private void reach(PtxFunction function) {
        if (function.isDefined() && functions.add(function)) {
            pending.add(function);
        }
    }

    private void visit(PtxFunction function) {
        FunctionBody body = function.body();
        for (Variable variable : body.variables()) {
            place(variable);
        }
        for (Instruction instruction : body.instructions()) {
            instruction.operands().forEach(this::operand);
        }
    }

    private void operand(Operand operand) {
        switch (operand) {
            case Operand.Address address -> {
                if (address.symbol() != null) {
                    symbol(address.symbol());
                }
            }
            case Operand.SymbolAddress address -> symbol(address.symbol());
            case Operand.Vector vector -> vector.elements().forEach(this::operand);
            case Operand.Call call -> {
                operand(call.target());
                if (call.target() instanceof Register && !indirect) {
                    indirect = true;
                    module.functions().stream().filter(f -> !f.isKernel()).forEach(this::reach);
                }
            }
            default -> {}
        }
    }

    private void symbol(Symbol symbol) {
        switch (symbol) {
            case Variable variable -> place(variable);
            case PtxFunction function -> reach(function);
            case PtxParameter _ -> {}
        }
    }

    private void place(Variable variable) {
        if (variable.space() != StateSpace.SHARED || offsets.containsKey(variable)) {
            return;
        }
        if (variable.isDynamicShared()) {
            dynamicAlignment = Math.max(dynamicAlignment, variable.alignment());
            return;
        }
        long offset = DeclarationReader.align(bytes, variable.alignment());
        offsets.put(variable, offset);
        bytes = offset + variable.byteCount();
    }

    /// Every shared variable that was placed.
    public List<Variable> variables() {
        return List.copyOf(offsets.keySet());
    }
}
