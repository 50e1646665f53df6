package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodType;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.DirectMemory;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.SpecialRegister;

/// The code of one region while it is written: operands as values on the JVM's stack.
///
/// On the stack a value of a signed type of 8 or 16 bits is sign-extended, of an unsigned or
/// untyped one zero-extended; halves are their bits; predicates are 0 or 1.
final class Code {
    private final CodeBuilder builder;
    private final Kernel kernel;
    private final Locals locals;
    private final Hoisted hoisted;
    private AccessPlan plan;

    Code(CodeBuilder builder, Kernel kernel, int firstLocal) {
        this.builder = builder;
        this.kernel = kernel;
        this.locals = new Locals(kernel, firstLocal);
        this.hoisted = new Hoisted(this);
        this.plan = new AccessPlan(kernel, kernel.flow().start());
    }

    CodeBuilder builder() {
        return builder;
    }

    Kernel kernel() {
        return kernel;
    }

    Locals locals() {
        return locals;
    }

    Hoisted hoisted() {
        return hoisted;
    }

    /// Begins a block.
    void begin(AccessPlan accessPlan) {
        plan = accessPlan;
    }

    AccessPlan plan() {
        return plan;
    }

    static TypeKind typeKind(ValueKind kind) {
        return switch (kind) {
            case INT -> TypeKind.INT;
            case LONG -> TypeKind.LONG;
            case FLOAT -> TypeKind.FLOAT;
            case DOUBLE -> TypeKind.DOUBLE;
        };
    }

    static void pushZero(CodeBuilder builder, ValueKind kind) {
        switch (kind) {
            case INT -> builder.iconst_0();
            case LONG -> builder.lconst_0();
            case FLOAT -> builder.fconst_0();
            case DOUBLE -> builder.dconst_0();
        }
    }

    void load(ValueKind kind, int slot) {
        builder.loadLocal(typeKind(kind), slot);
    }

    void save(ValueKind kind, int slot) {
        builder.storeLocal(typeKind(kind), slot);
    }

    /// Calls one of the loads and stores of [Memory].
    void callMemory(String name, Class<?> result, Class<?>... parameters) {
        call(DirectMemory.owner(), name, result, parameters);
    }

    void call(Class<?> owner, String name, Class<?> result, Class<?>... parameters) {
        call(ClassDesc.ofDescriptor(owner.descriptorString()), name, result, parameters);
    }

    private void call(ClassDesc owner, String name, Class<?> result, Class<?>... parameters) {
        MethodType type = MethodType.methodType(result, parameters);
        builder.invokestatic(owner, name, MethodTypeDesc.ofDescriptor(type.descriptorString()));
    }

    void push(Operand operand, PtxType type) {
        switch (operand) {
            case Register register -> {
                pushRegister(register);
                fit(register, type);
            }
            case Operand.Immediate immediate -> pushConstant(type, immediate.bitsAs(type));
            case Operand.Negated negated -> {
                pushRegister(negated.predicate());
                builder.iconst_1().ixor();
            }
            case SpecialRegister special -> {
                ValueKind kind = SpecialValues.push(this, special);
                widen(kind, ValueKind.of(type), false);
                narrow(type);
            }
            case Operand.SymbolAddress address -> {
                Addresses.pushSymbol(this, address.symbol(), address.offset());
                widen(ValueKind.LONG, ValueKind.of(type), false);
            }
            case Operand.Vector vector when vector.elements().size() == 1 ->
                    push(vector.elements().getFirst(), type);
            default -> throw new Declined("operand " + operand);
        }
    }

    void pushRegister(Register register) {
        ValueKind kind = kernel.kinds().get(register.number());
        if (kernel.uniform().isUniform(register.number())) {
            load(kind, hoisted.uniform(register.number()));
        } else {
            load(kind, locals.of(register.number()));
        }
    }

    /// Converts what a register holds to what an operation of `type` wants.
    private void fit(Register register, PtxType type) {
        ValueKind kind = kernel.kinds().get(register.number());
        ValueKind wanted = ValueKind.of(type);
        widen(kind, wanted, false);
        int bits = register.type().bits();
        if (wanted == ValueKind.INT
                && type != PtxType.PRED
                && (type.bits() < bits || (type.isSigned() && type.bits() < 32))) {
            narrow(type);
        }
    }

    /// Changes the representation, keeping bits; from INT to LONG extends.
    void widen(ValueKind from, ValueKind to, boolean signed) {
        if (from == to) {
            return;
        }
        switch (from) {
            case FLOAT -> {
                call(Float.class, "floatToRawIntBits", int.class, float.class);
                widen(ValueKind.INT, to, signed);
            }
            case DOUBLE -> {
                call(Double.class, "doubleToRawLongBits", long.class, double.class);
                widen(ValueKind.LONG, to, signed);
            }
            case INT -> {
                if (to == ValueKind.FLOAT) {
                    call(Float.class, "intBitsToFloat", float.class, int.class);
                } else {
                    builder.i2l();
                    if (!signed) {
                        builder.loadConstant(0xFFFF_FFFFL).land();
                    }
                    widen(ValueKind.LONG, to, signed);
                }
            }
            case LONG -> {
                if (to == ValueKind.DOUBLE) {
                    call(Double.class, "longBitsToDouble", double.class, long.class);
                } else {
                    builder.l2i();
                    widen(ValueKind.INT, to, signed);
                }
            }
        }
    }

    /// Cuts the int on the stack to a type of 8 or 16 bits.
    void narrow(PtxType type) {
        switch (type) {
            case U8, B8 -> builder.loadConstant(255).iand();
            case S8 -> builder.i2b();
            case U16, B16, F16, BF16 -> builder.i2c();
            case S16 -> builder.i2s();
            default -> {}
        }
    }

    void pushConstant(PtxType type, long bits) {
        switch (ValueKind.of(type)) {
            case FLOAT -> pushFloat((int) bits);
            case DOUBLE -> pushDouble(bits);
            case LONG -> builder.loadConstant(bits);
            case INT ->
                    builder.loadConstant(
                            switch (type) {
                                case S8 -> (byte) bits;
                                case S16 -> (short) bits;
                                case U8, B8 -> (int) bits & 0xFF;
                                case U16, B16, F16, BF16 -> (int) bits & 0xFFFF;
                                case PRED -> bits != 0 ? 1 : 0;
                                default -> (int) bits;
                            });
        }
    }

    /// A float constant; class files do not keep the bits of a NaN.
    private void pushFloat(int bits) {
        float value = Float.intBitsToFloat(bits);
        if (Float.isNaN(value)) {
            builder.loadConstant(bits);
            widen(ValueKind.INT, ValueKind.FLOAT, false);
        } else {
            builder.loadConstant(value);
        }
    }

    private void pushDouble(long bits) {
        double value = Double.longBitsToDouble(bits);
        if (Double.isNaN(value)) {
            builder.loadConstant(bits);
            widen(ValueKind.LONG, ValueKind.DOUBLE, false);
        } else {
            builder.loadConstant(value);
        }
    }

    /// Stores the value of `type` on the stack in a destination operand.
    void store(Operand destination, PtxType type) {
        switch (destination) {
            case Register register -> {
                ValueKind kind = kernel.kinds().get(register.number());
                widen(ValueKind.of(type), kind, type.isSigned());
                if (register.file() == Register.File.BITS16) {
                    builder.i2c();
                }
                save(kind, slotOf(register.number()));
            }
            case Operand.Sink _ -> {
                if (ValueKind.of(type).words() == 2) {
                    builder.pop2();
                } else {
                    builder.pop();
                }
            }
            case Operand.Vector vector when vector.elements().size() == 1 ->
                    store(vector.elements().getFirst(), type);
            default -> throw new Declined("destination " + destination);
        }
    }

    int slotOf(int register) {
        return kernel.uniform().isUniform(register)
                ? hoisted.uniform(register)
                : locals.of(register);
    }

    /// Pushes 1 if the branch that `branch` emits to the given label is taken, else 0.
    void pushCondition(java.util.function.Consumer<Label> branch) {
        Label yes = builder.newLabel();
        Label end = builder.newLabel();
        branch.accept(yes);
        builder.iconst_0().goto_(end).labelBinding(yes).iconst_1().labelBinding(end);
    }
}
