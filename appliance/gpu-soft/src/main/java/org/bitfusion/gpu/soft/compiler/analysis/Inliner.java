package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.ptx.FunctionBody;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxParameter;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Symbol;
import org.bitfusion.ptx.Variable;
import org.jspecify.annotations.Nullable;

/// Puts the bodies of called functions in the place of their calls, so that barriers, shuffles and
/// waiting loops inside them need nothing special. A callee's parameters are the caller's argument
/// variables under another name. Recursion and function pointers are declined.
final class Inliner {
    private static final int MAXIMUM_INSTRUCTIONS = 200_000;
    private static final int MAXIMUM_DEPTH = 40;
    private static final int FRAME_ALIGNMENT = 16;
    private static final Operation BRANCH = new Operation("bra", Opcode.BRA, List.of(), List.of());

    private final List<Instruction> code = new ArrayList<>();
    private final List<Register> registers = new ArrayList<>();
    private final IdentityHashMap<Symbol, Kernel.Place> places = new IdentityHashMap<>();
    private final List<PtxFunction> chain = new ArrayList<>();
    private long localBytes;

    static FlatBody flatten(PtxFunction kernel) {
        Inliner inliner = new Inliner();
        IdentityHashMap<Symbol, Symbol> names = new IdentityHashMap<>();
        for (PtxParameter parameter : kernel.parameters()) {
            inliner.places.put(parameter, new Kernel.Place(StateSpace.PARAM, parameter.offset()));
            names.put(parameter, parameter);
        }
        inliner.expand(kernel, names, 0);
        return new FlatBody(
                kernel.name(),
                List.copyOf(inliner.code),
                List.copyOf(inliner.registers),
                inliner.places,
                inliner.localBytes,
                kernel.parameterBytes());
    }

    /// One body in the place of one call.
    ///
    /// @param firstRegister added to the numbers of its registers
    /// @param names its symbols → those of the flat code
    /// @param frame where its local memory begins
    /// @param jumps positions of jumps in the flat code whose labels are still those of the body
    private record Instance(
            int firstRegister,
            IdentityHashMap<Symbol, Symbol> names,
            long frame,
            long frameEnd,
            List<Integer> jumps) {}

    private void expand(PtxFunction function, IdentityHashMap<Symbol, Symbol> names, long frame) {
        if (chain.contains(function) || chain.size() > MAXIMUM_DEPTH) {
            throw new Declined("recursion through " + function.name());
        }
        chain.add(function);
        FunctionBody body = function.body();
        Instance instance = instantiate(body, names, frame);
        int[] positions = new int[body.instructions().size() + 1];
        for (int index = 0; index < body.instructions().size(); index++) {
            positions[index] = code.size();
            place(body.instructions().get(index), instance);
            if (code.size() > MAXIMUM_INSTRUCTIONS) {
                throw new Declined("calls of " + function.name() + " make the kernel too long");
            }
        }
        positions[body.instructions().size()] = code.size();
        for (int position : instance.jumps()) {
            code.set(position, retarget(code.get(position), positions));
        }
        chain.removeLast();
    }

    private Instance instantiate(
            FunctionBody body, IdentityHashMap<Symbol, Symbol> names, long frame) {
        int firstRegister = registers.size();
        for (Register register : body.registers()) {
            registers.add(shifted(register, firstRegister));
        }
        long callStart = align(frame + body.localBytes());
        for (Variable variable : body.variables()) {
            if (variable.space() == StateSpace.LOCAL) {
                name(names, variable, StateSpace.LOCAL, frame + variable.offset());
            } else if (variable.space() == StateSpace.PARAM) {
                name(names, variable, StateSpace.PARAM, callStart + variable.offset());
            }
        }
        long frameEnd = align(callStart + body.callBytes());
        localBytes = Math.max(localBytes, frameEnd);
        return new Instance(firstRegister, names, frame, frameEnd, new ArrayList<>());
    }

    private static long align(long offset) {
        return (offset + FRAME_ALIGNMENT - 1) & -FRAME_ALIGNMENT;
    }

    /// Gives a local variable of one instance a symbol of its own. Those that stand for .param
    /// memory are marked as results, which no kernel has.
    private void name(
            IdentityHashMap<Symbol, Symbol> names, Variable variable, StateSpace space, long at) {
        PtxParameter symbol =
                new PtxParameter(
                        variable.name(),
                        space,
                        variable.type(),
                        variable.alignment(),
                        variable.byteCount(),
                        true,
                        at,
                        true);
        names.put(variable, symbol);
        places.put(symbol, new Kernel.Place(StateSpace.LOCAL, at));
    }

    private void place(Instruction instruction, Instance instance) {
        switch (instruction.opcode()) {
            case CALL -> call(instruction, instance);
            case RET -> {
                if (chain.size() == 1) {
                    code.add(moved(instruction, instance));
                } else {
                    instance.jumps().add(code.size());
                    Operand end = new Operand.Label("return", instructionsOf(chain.getLast()));
                    code.add(
                            new Instruction(
                                    BRANCH,
                                    List.of(end),
                                    guard(instruction, instance, false),
                                    instruction.line()));
                }
            }
            case BRA, BRX -> {
                instance.jumps().add(code.size());
                code.add(moved(instruction, instance));
            }
            default -> code.add(moved(instruction, instance));
        }
    }

    private static int instructionsOf(PtxFunction function) {
        return function.body().instructions().size();
    }

    private void call(Instruction instruction, Instance instance) {
        Operand.Call call = (Operand.Call) instruction.operand(0);
        if (!(call.target() instanceof Operand.SymbolAddress target)
                || !(target.symbol() instanceof PtxFunction callee)) {
            throw new Declined("call through a function pointer");
        }
        if (!callee.isDefined()) {
            code.add(moved(instruction, instance));
            return;
        }
        IdentityHashMap<Symbol, Symbol> names = new IdentityHashMap<>();
        bind(names, callee.parameters(), call.arguments(), instance);
        bind(names, callee.results(), call.results(), instance);
        int skip = code.size();
        if (instruction.guard() != null) {
            code.add(instruction);
        }
        int firstRegister = registers.size();
        pass(callee, callee.parameters(), call.arguments(), firstRegister, instance, true);
        expand(callee, names, instance.frameEnd());
        pass(callee, callee.results(), call.results(), firstRegister, instance, false);
        if (instruction.guard() != null) {
            code.set(
                    skip,
                    new Instruction(
                            BRANCH,
                            List.of(new Operand.Label("skipped", code.size())),
                            guard(instruction, instance, true),
                            instruction.line()));
        }
    }

    /// Moves what a call passes in registers: arguments to the callee's, or results from them.
    private void pass(
            PtxFunction callee,
            List<PtxParameter> formal,
            List<Operand> actual,
            int firstRegister,
            Instance instance,
            boolean entering) {
        for (int index = 0; index < formal.size(); index++) {
            PtxParameter parameter = formal.get(index);
            if (parameter.space() != StateSpace.REG) {
                continue;
            }
            for (Register register : callee.body().registers()) {
                if (register.name().equals(parameter.name())) {
                    Operand inner = shifted(register, firstRegister);
                    Operand outer = moved(actual.get(index), instance);
                    code.add(move(parameter, entering ? inner : outer, entering ? outer : inner));
                }
            }
        }
    }

    private static Instruction move(PtxParameter parameter, Operand to, Operand from) {
        PtxType type = parameter.type();
        String text =
                switch (type) {
                    case PRED, F32, F64 -> type.text();
                    default -> "b" + Math.max(16, type.bits());
                };
        return new Instruction(Operation.of("mov." + text), List.of(to, from), null, 0);
    }

    private static void bind(
            IdentityHashMap<Symbol, Symbol> names,
            List<PtxParameter> formal,
            List<Operand> actual,
            Instance instance) {
        if (formal.size() != actual.size()) {
            throw new Declined("a call with another number of parameters");
        }
        for (int index = 0; index < formal.size(); index++) {
            if (actual.get(index) instanceof Operand.SymbolAddress address
                    && formal.get(index).space() == StateSpace.PARAM) {
                Symbol symbol = instance.names().get(address.symbol());
                if (symbol == null) {
                    throw new Declined("argument " + address.symbol().name());
                }
                names.put(formal.get(index), symbol);
            } else if (formal.get(index).space() != StateSpace.REG
                    || actual.get(index) instanceof Operand.SymbolAddress) {
                throw new Declined("a call that passes registers as memory");
            }
        }
    }

    private static Register shifted(Register register, int by) {
        return by == 0
                ? register
                : new Register(
                        register.name(), register.type(), register.number() + by, register.index());
    }

    private static Instruction.@Nullable Guard guard(
            Instruction instruction, Instance instance, boolean opposite) {
        Instruction.Guard guard = instruction.guard();
        return guard == null
                ? null
                : new Instruction.Guard(
                        shifted(guard.predicate(), instance.firstRegister()),
                        guard.negated() != opposite);
    }

    private static Instruction moved(Instruction instruction, Instance instance) {
        List<Operand> operands =
                instruction.operands().stream().map(o -> moved(o, instance)).toList();
        return new Instruction(
                instruction.operation(),
                operands,
                guard(instruction, instance, false),
                instruction.line());
    }

    private static Operand moved(Operand operand, Instance instance) {
        int by = instance.firstRegister();
        return switch (operand) {
            case Register register -> shifted(register, by);
            case Operand.Address address ->
                    new Operand.Address(
                            address.register() == null ? null : shifted(address.register(), by),
                            address.symbol() == null ? null : symbol(address.symbol(), instance),
                            address.offset());
            case Operand.SymbolAddress address ->
                    new Operand.SymbolAddress(symbol(address.symbol(), instance), address.offset());
            case Operand.Vector vector -> new Operand.Vector(moved(vector.elements(), instance));
            case Operand.Pair pair ->
                    new Operand.Pair(moved(pair.first(), instance), moved(pair.second(), instance));
            case Operand.Negated negated -> new Operand.Negated(shifted(negated.predicate(), by));
            case Operand.Call call ->
                    new Operand.Call(
                            moved(call.results(), instance),
                            moved(call.target(), instance),
                            moved(call.arguments(), instance),
                            call.prototype());
            default -> operand;
        };
    }

    private static List<Operand> moved(List<Operand> operands, Instance instance) {
        return operands.stream().map(o -> moved(o, instance)).toList();
    }

    private static Symbol symbol(Symbol symbol, Instance instance) {
        Symbol known = instance.names().get(symbol);
        return known == null ? symbol : known;
    }

    /// Turns labels of a body into labels of the flat code.
    private static Instruction retarget(Instruction instruction, int[] positions) {
        List<Operand> operands = new ArrayList<>();
        for (Operand operand : instruction.operands()) {
            operands.add(
                    switch (operand) {
                        case Operand.Label label -> moved(label, positions);
                        case Operand.BranchTargets targets ->
                                new Operand.BranchTargets(
                                        targets.labels().stream()
                                                .map(label -> moved(label, positions))
                                                .toList());
                        default -> operand;
                    });
        }
        return new Instruction(
                instruction.operation(), operands, instruction.guard(), instruction.line());
    }

    private static Operand.Label moved(Operand.Label label, int[] positions) {
        return new Operand.Label(label.name(), positions[label.target()]);
    }
}
