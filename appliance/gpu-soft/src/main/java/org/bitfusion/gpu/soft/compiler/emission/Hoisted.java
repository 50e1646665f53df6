package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.gpu.soft.compiler.runtime.Memory;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.SpecialRegister;

/// Values that are computed once per call of a region, before the loop over the threads. The body
/// is written first and asks for what it needs; the prologue is written after it, and jumps to it.
final class Hoisted {
    private static final ClassDesc FRAME = ClassDesc.ofDescriptor(Frame.class.descriptorString());

    private final Code code;
    private final Map<String, Value> values = new HashMap<>();
    private final Deque<Value> pending = new ArrayDeque<>();
    private boolean inPrologue;

    /// A hoisted value: its local variable and how it is computed.
    private record Value(int slot, Runnable compute, List<Integer> needs) {}

    Hoisted(Code code) {
        this.code = code;
    }

    /// A field of the frame.
    int field(String name, ValueKind kind) {
        return want(
                name,
                kind,
                () -> {
                    pushField(name, kind == ValueKind.LONG ? "J" : "I");
                    code.save(kind, slotOf(name));
                });
    }

    /// A native address in a field of the frame, known to be in the range of addresses.
    int address(String name) {
        String key = "address " + name;
        return want(
                key,
                ValueKind.LONG,
                () -> {
                    pushField(name, "J");
                    code.builder().loadConstant(Memory.ADDRESS_BOUND);
                    code.call(Objects.class, "checkIndex", long.class, long.class, long.class);
                    code.save(ValueKind.LONG, slotOf(key));
                });
    }

    /// An int array in a field of the frame.
    int intArray(String name) {
        return array(name, "[I");
    }

    int longArray(String name) {
        return array(name, "[J");
    }

    private int array(String name, String descriptor) {
        return want(
                name,
                ValueKind.INT,
                () -> {
                    pushField(name, descriptor);
                    code.builder().astore(slotOf(name));
                });
    }

    /// The array that keeps a register between regions.
    int kept(int register) {
        ValueKind kind = code.kernel().kinds().get(register);
        int index = code.kernel().layout().slot(register);
        String key = "kept " + register;
        return want(
                key,
                ValueKind.INT,
                () -> {
                    switch (kind) {
                        case INT -> pushField("ints", "[[I");
                        case LONG -> pushField("longs", "[[J");
                        case FLOAT -> pushField("floats", "[[F");
                        case DOUBLE -> pushField("doubles", "[[D");
                    }
                    code.builder().loadConstant(index).aaload().astore(slotOf(key));
                });
    }

    /// The generic address of a module variable.
    int symbol(int index) {
        String key = "symbol " + index;
        return want(
                key,
                ValueKind.LONG,
                () -> {
                    pushField("symbols", "[J");
                    code.builder().loadConstant(index).laload();
                    code.save(ValueKind.LONG, slotOf(key));
                });
    }

    /// A register with the same value in all threads.
    int uniform(int register) {
        ValueKind kind = code.kernel().kinds().get(register);
        Instruction definition =
                Objects.requireNonNull(code.kernel().uniform().definition(register));
        List<Integer> needs = new ArrayList<>();
        code.kernel().use().reads(definition, needs::add);
        return want(
                "uniform " + register,
                kind,
                () -> {
                    definition.operands().forEach(this::prepare);
                    InstructionEmitter.emit(code, definition);
                },
                needs);
    }

    private void prepare(Operand operand) {
        if (operand instanceof SpecialRegister special) {
            SpecialValues.prepare(code, special);
        } else if (operand instanceof Operand.SymbolAddress address) {
            Addresses.prepare(code, address.symbol());
        }
    }

    private int want(String key, ValueKind kind, Runnable compute) {
        return want(key, kind, compute, List.of());
    }

    private int want(String key, ValueKind kind, Runnable compute, List<Integer> needs) {
        Value known = values.get(key);
        if (known == null) {
            known = new Value(code.locals().allocate(kind), compute, needs);
            values.put(key, known);
            if (inPrologue) {
                compute(known);
            } else {
                pending.add(known);
            }
        } else if (inPrologue && pending.remove(known)) {
            compute(known);
        }
        return known.slot();
    }

    private void compute(Value value) {
        value.needs().forEach(this::needed);
        value.compute().run();
    }

    private void needed(int register) {
        if (code.kernel().uniform().isUniform(register)) {
            uniform(register);
        }
    }

    private int slotOf(String key) {
        return Objects.requireNonNull(values.get(key)).slot();
    }

    private void pushField(String name, String descriptor) {
        CodeBuilder builder = code.builder();
        builder.aload(RegionEmitter.FRAME_LOCAL)
                .getfield(FRAME, name, ClassDesc.ofDescriptor(descriptor));
    }

    /// Writes the computation of everything that was asked for.
    void emitPrologue() {
        inPrologue = true;
        while (!pending.isEmpty()) {
            compute(pending.remove());
        }
    }
}
