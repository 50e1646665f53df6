package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.execution.RegisterInstruction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.SharedLayout;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Symbol;
import org.bitfusion.ptx.Variable;

/// Everything that emission asks about one kernel.
///
/// @param body the kernel's code with its calls inlined
/// @param kinds how each register is held; the carry flag last
/// @param regions by entry number
/// @param bridged what generated code leaves to the interpreter's steps
/// @param segmentBytes size of the device's segment
public record Kernel(
        PtxModule module,
        FlatBody body,
        ControlFlow flow,
        List<ValueKind> kinds,
        RegisterUse use,
        Liveness liveness,
        UniformValues uniform,
        List<Region> regions,
        FrameLayout layout,
        SharedLayout shared,
        SymbolTable symbols,
        BridgedForms bridged,
        long segmentBytes) {

    /// Analyses a body.
    ///
    /// @param methodBytes what a region may be estimated to take, see [MethodBudget]
    /// @param others decodes what the compiler has no code of its own for
    public static Kernel of(
            PtxModule module,
            FlatBody body,
            SharedLayout shared,
            long segmentBytes,
            int methodBytes,
            RegisterInstruction.Decoder others) {
        List<Register> registers = body.registers();
        RegisterUse use = new RegisterUse(registers.size());
        List<ValueKind> kinds = FrameLayout.kindsOf(registers);
        ControlFlow flow = ControlFlow.of(body.instructions());
        List<Region> regions = new MethodBudget(flow, methodBytes).regions();
        Liveness liveness = new Liveness(flow, use);
        UniformValues uniform = new UniformValues(body.instructions(), use);
        FrameLayout layout = new FrameLayout(regions, liveness, uniform, kinds);
        return new Kernel(
                module,
                body,
                flow,
                kinds,
                use,
                liveness,
                uniform,
                regions,
                layout,
                shared,
                new SymbolTable(),
                new BridgedForms(others),
                segmentBytes);
    }

    /// Where a symbol lies.
    ///
    /// @param space SHARED or LOCAL: relative to the block's or thread's memory; PARAM: relative to
    ///   the kernel's parameters; GLOBAL: `offset` is an index of [SymbolTable]
    public record Place(StateSpace space, long offset) {}

    public Place place(Symbol symbol) {
        Place known = body.places().get(symbol);
        if (known != null) {
            return known;
        }
        if (symbol instanceof Variable variable) {
            return switch (variable.space()) {
                case SHARED -> new Place(StateSpace.SHARED, shared.offsetOf(variable));
                case GLOBAL, CONST -> new Place(StateSpace.GLOBAL, symbols.indexOf(variable));
                default -> throw new Declined("variable " + variable.name());
            };
        }
        throw new Declined("address of " + symbol.name());
    }

    /// Module variables whose addresses are known when a launch begins.
    public static final class SymbolTable {
        private final IdentityHashMap<Variable, Integer> indexes = new IdentityHashMap<>();
        private final List<Variable> variables = new ArrayList<>();

        int indexOf(Variable variable) {
            return indexes.computeIfAbsent(
                    variable,
                    v -> {
                        variables.add(v);
                        return variables.size() - 1;
                    });
        }

        public List<Variable> variables() {
            return List.copyOf(variables);
        }
    }
}
