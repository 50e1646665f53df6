package org.bitfusion.gpu.soft.interpreter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.ptx.FunctionBody;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParameter;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.SharedLayout;
import org.bitfusion.ptx.SpecialRegister;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Symbol;
import org.bitfusion.ptx.Variable;

/// Decodes one function: gives registers, constants and temporaries their slots and collects steps.
final class CodeBuilder {
    final PtxModule module;
    final PtxFunction function;
    final FunctionBody body;
    final InterpretedKernel kernel;
    private final SharedLayout shared;
    private final Code.FrameLayout frame;
    private final List<Step> steps = new ArrayList<>();
    private final List<Instruction> origins = new ArrayList<>();
    private final List<Code.Constant> constants = new ArrayList<>();
    private final Map<Long, Integer> knownBits = new HashMap<>();
    private int slots;
    private Instruction current;

    /// First step of each instruction, complete when all are decoded.
    private final int[] starts;

    CodeBuilder(InterpretedKernel kernel, PtxFunction function, SharedLayout shared) {
        this.kernel = kernel;
        this.module = kernel.module();
        this.function = function;
        this.shared = shared;
        this.body = function.body();
        this.slots = body.registers().size();
        this.frame =
                Code.FrameLayout.of(
                        function, body.localBytes(), body.localAlignment(), body.callBytes());
        this.starts = new int[body.instructions().size() + 1];
        this.current = END;
    }

    private static final Instruction END =
            new Instruction(
                    new org.bitfusion.ptx.Operation(
                            "ret", org.bitfusion.ptx.Opcode.RET, List.of(), List.of()),
                    List.of(),
                    null,
                    0);

    Code build() {
        int index = 0;
        for (Instruction instruction : body.instructions()) {
            starts[index++] = steps.size();
            current = instruction;
            Step step = Decoder.decode(this, instruction);
            Instruction.Guard guard = instruction.guard();
            if (guard != null) {
                step = new Step.Guarded(guard.predicate().number(), guard.negated() ? 0 : 1, step);
            }
            emit(step);
        }
        starts[index] = steps.size();
        current = END;
        emit(CudaThread::leave);
        return new Code(function, steps, origins, slots, constants, frame);
    }

    void emit(Step step) {
        steps.add(step);
        origins.add(current);
    }

    /// Step index of an instruction; only valid when the code runs.
    int[] starts() {
        return starts;
    }

    Code.FrameLayout frame() {
        return frame;
    }

    PtxException unsupported() {
        return new PtxException(
                current.line(), "instruction " + current.form() + " is not supported");
    }

    int temporary() {
        return slots++;
    }

    int constant(long bits) {
        return knownBits.computeIfAbsent(
                bits,
                value -> {
                    int slot = slots++;
                    constants.add(new Code.Bits(slot, value));
                    return slot;
                });
    }

    /// The slot to write for a destination.
    int destination(Operand operand) {
        return switch (operand) {
            case Register register -> register.number();
            case Operand.Sink _ -> temporary();
            default -> throw unsupported();
        };
    }

    int destination(Instruction instruction) {
        return destination(instruction.operand(0));
    }

    int source(Instruction instruction, int index, PtxType type) {
        return source(instruction.operand(index), type);
    }

    /// The slot to read for a source; emits steps for values that must be computed.
    int source(Operand operand, PtxType type) {
        return switch (operand) {
            case Register register -> register.number();
            case Operand.Immediate immediate -> constant(immediate.bitsAs(type));
            case Operand.Negated negated -> {
                int slot = temporary();
                int predicate = negated.predicate().number();
                emit(t -> t.registers[slot] = ~t.registers[predicate] & 1);
                yield slot;
            }
            case SpecialRegister special -> {
                int slot = temporary();
                SpecialValues.Reader reader = SpecialValues.reader(special);
                emit(t -> t.registers[slot] = reader.read(t));
                yield slot;
            }
            case Operand.SymbolAddress address -> addressSlot(address.symbol(), address.offset());
            default -> throw unsupported();
        };
    }

    /// A slot that holds the address of a symbol in the symbol's own space.
    int addressSlot(Symbol symbol, long offset) {
        return switch (symbol) {
            case PtxFunction callee -> constant(module.addressOf(callee) + offset);
            case PtxParameter parameter -> parameterAddress(parameter, offset);
            case Variable variable ->
                    switch (variable.space()) {
                        case SHARED -> {
                            int slot = slots++;
                            long address = shared.offsetOf(variable) + offset;
                            constants.add(new Code.SharedAddress(slot, address));
                            yield slot;
                        }
                        case LOCAL -> frameAddress(frame.locals() + variable.offset() + offset);
                        case PARAM -> genericFrameAddress(callOffset(variable) + offset);
                        default -> {
                            int slot = slots++;
                            constants.add(new Code.VariableAddress(slot, variable, offset));
                            yield slot;
                        }
                    };
        };
    }

    private int parameterAddress(PtxParameter parameter, long offset) {
        if (function.isKernel()) {
            int slot = slots++;
            constants.add(new Code.ParameterAddress(slot, parameter.offset() + offset));
            return slot;
        }
        return genericFrameAddress(frameOffset(parameter) + offset);
    }

    private int frameAddress(long offset) {
        int slot = temporary();
        emit(t -> t.registers[slot] = t.frame + offset);
        return slot;
    }

    private int genericFrameAddress(long offset) {
        int slot = temporary();
        emit(t -> t.registers[slot] = t.block.memory.windowBase + t.local + t.frame + offset);
        return slot;
    }

    /// Offset from the frame of a device function's parameter or result.
    long frameOffset(PtxParameter parameter) {
        return (parameter.result() ? frame.results() : 0) + parameter.offset();
    }

    /// Offset from the frame of a .param variable of this body.
    long callOffset(Variable variable) {
        return frame.calls() + variable.offset();
    }

    /// Where a memory operand points.
    Location location(Operand.Address address, StateSpace space) {
        Symbol symbol = address.symbol();
        Register register = address.register();
        if (symbol != null) {
            return symbolLocation(symbol, address.offset(), space);
        }
        boolean narrow = register != null && register.type().bits() <= 32;
        int slot = register == null ? constant(0) : register.number();
        return switch (space) {
            case SHARED -> Location.shared(slot, address.offset(), narrow);
            case LOCAL -> Location.local(slot, address.offset(), narrow);
            default -> Location.generic(slot, address.offset());
        };
    }

    private Location symbolLocation(Symbol symbol, long offset, StateSpace space) {
        if (symbol instanceof PtxParameter parameter && parameter.space() == StateSpace.PARAM) {
            return function.isKernel()
                    ? Location.parameter(parameter.offset() + offset, function.parameterBytes())
                    : Location.frame(frameOffset(parameter) + offset);
        }
        if (!(symbol instanceof Variable variable)) {
            throw unsupported();
        }
        return switch (variable.space()) {
            case LOCAL -> Location.frame(frame.locals() + variable.offset() + offset);
            case PARAM -> Location.frame(callOffset(variable) + offset);
            case SHARED -> Location.shared(addressSlot(variable, offset), 0, false);
            default -> {
                if (space == StateSpace.SHARED || space == StateSpace.LOCAL) {
                    throw unsupported();
                }
                yield Location.generic(addressSlot(variable, offset), 0);
            }
        };
    }
}
