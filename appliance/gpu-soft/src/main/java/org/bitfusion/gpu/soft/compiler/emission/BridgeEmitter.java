package org.bitfusion.gpu.soft.compiler.emission;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Bridge;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.gpu.soft.execution.RegisterInstruction;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.SpecialRegister;

/// Instructions that no other emitter writes: the text of each, on registers of its own, is decoded
/// by the interpreter, whose step the generated code calls with the operands' bits.
final class BridgeEmitter {
    private static final int MAXIMUM_SOURCES = 4;

    private final Code code;
    private final StringBuilder declarations = new StringBuilder();
    private final List<Operand> sources = new ArrayList<>();
    private final List<Operand> results = new ArrayList<>();

    private BridgeEmitter(Code code) {
        this.code = code;
    }

    static void emit(Code code, Instruction instruction) {
        new BridgeEmitter(code).write(instruction);
    }

    private void write(Instruction instruction) {
        StringJoiner operands = new StringJoiner(", ");
        for (int index = 0; index < instruction.operandCount(); index++) {
            boolean result = index < instruction.destinations();
            operands.add(text(instruction.operand(index), result));
        }
        if (sources.size() > MAXIMUM_SOURCES || results.isEmpty()) {
            throw new Declined(instruction.form());
        }
        String text = declarations + instruction.form() + " " + operands + ";";
        int number = code.kernel().bridged().number(text, () -> decode(text, instruction.form()));
        for (int index = 0; index < MAXIMUM_SOURCES; index++) {
            if (index < sources.size()) {
                push(sources.get(index));
            } else {
                code.builder().lconst_0();
            }
        }
        code.builder().aload(RegionEmitter.FRAME_LOCAL).loadConstant(number);
        code.call(
                Bridge.class,
                "execute",
                long.class,
                long.class,
                long.class,
                long.class,
                long.class,
                Frame.class,
                int.class);
        storeResults(number);
    }

    private RegisterInstruction decode(String text, String form) {
        try {
            return code.kernel().bridged().decode(text, names("%s", sources), names("%d", results));
        } catch (PtxException e) {
            throw new Declined(form + ": " + e.getMessage());
        }
    }

    private static List<String> names(String prefix, List<Operand> operands) {
        List<String> names = new ArrayList<>();
        for (int index = 0; index < operands.size(); index++) {
            names.add(prefix + index);
        }
        return names;
    }

    private String text(Operand operand, boolean result) {
        return switch (operand) {
            case Register register -> named(register, register.type(), result);
            case Operand.Immediate immediate ->
                    switch (immediate.kind()) {
                        case INTEGER -> Long.toString(immediate.bits());
                        case FLOAT32 -> "0f%08X".formatted((int) immediate.bits());
                        case FLOAT64 -> "0d%016X".formatted(immediate.bits());
                    };
            case Operand.Negated negated -> "!" + named(negated.predicate(), PtxType.PRED, result);
            case Operand.Sink _ -> "_";
            case Operand.Pair pair ->
                    text(pair.first(), result) + "|" + text(pair.second(), result);
            case Operand.Vector vector -> {
                StringJoiner elements = new StringJoiner(", ", "{", "}");
                vector.elements().forEach(element -> elements.add(text(element, result)));
                yield elements.toString();
            }
            case SpecialRegister special -> named(special, PtxType.B32, result);
            case Operand.SymbolAddress address -> named(address, PtxType.B64, result);
            default -> throw new Declined("operand " + operand);
        };
    }

    private String named(Operand operand, PtxType type, boolean result) {
        List<Operand> list = result ? results : sources;
        String name = (result ? "%d" : "%s") + list.size();
        list.add(operand);
        declarations.append(".reg .%s %s;\n".formatted(type.text(), name));
        return name;
    }

    private void push(Operand operand) {
        switch (operand) {
            case Register register -> pushBits(register);
            case Operand.Negated negated -> pushBits(negated.predicate());
            default -> code.push(operand, PtxType.B64);
        }
    }

    private void pushBits(Register register) {
        code.pushRegister(register);
        code.widen(code.kernel().kinds().get(register.number()), ValueKind.LONG, false);
    }

    private void storeResults(int number) {
        for (int index = 0; index < results.size(); index++) {
            if (index > 0) {
                code.builder()
                        .aload(RegionEmitter.FRAME_LOCAL)
                        .loadConstant(number)
                        .loadConstant(index);
                code.call(Bridge.class, "result", long.class, Frame.class, int.class, int.class);
            }
            Register register = (Register) results.get(index);
            ValueKind kind = code.kernel().kinds().get(register.number());
            code.widen(ValueKind.LONG, kind, false);
            if (register.file() == Register.File.BITS16) {
                code.builder().i2c();
            }
            code.save(kind, code.slotOf(register.number()));
        }
    }
}
