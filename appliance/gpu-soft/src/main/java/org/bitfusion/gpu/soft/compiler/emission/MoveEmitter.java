package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.util.List;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Bridge;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.StateSpace;

/// mov with packing and unpacking; isspacep.
final class MoveEmitter {
    private MoveEmitter() {}

    static void emit(Code code, Instruction instruction) {
        PtxType type = instruction.operation().type();
        Operand destination = instruction.operand(0);
        Operand source = instruction.operand(1);
        if (type.bits() > 64) {
            throw new Declined(instruction.form());
        }
        if (source instanceof Operand.Vector vector) {
            pack(code, destination, vector.elements(), type);
        } else if (destination instanceof Operand.Vector vector) {
            unpack(code, vector.elements(), source, type);
        } else if (source instanceof Register from
                && destination instanceof Register to
                && from.file() == to.file()) {
            ValueKind kind = code.kernel().kinds().get(from.number());
            code.pushRegister(from);
            code.save(kind, code.slotOf(to.number()));
        } else {
            code.push(source, type);
            code.store(destination, type);
        }
    }

    /// The type of one element of a vector operand.
    private static PtxType elementType(PtxType type, int count) {
        return switch (type.bits() / count) {
            case 8 -> PtxType.B8;
            case 16 -> PtxType.B16;
            default -> PtxType.B32;
        };
    }

    private static void pack(Code code, Operand destination, List<Operand> elements, PtxType type) {
        PtxType element = elementType(type, elements.size());
        CodeBuilder builder = code.builder();
        boolean wide = type.bits() == 64;
        for (int index = 0; index < elements.size(); index++) {
            code.push(elements.get(index), element);
            int shift = index * element.bits();
            if (wide) {
                code.widen(ValueKind.INT, ValueKind.LONG, false);
                builder.loadConstant(shift).lshl();
            } else {
                builder.loadConstant(shift).ishl();
            }
            if (index > 0) {
                if (wide) {
                    builder.lor();
                } else {
                    builder.ior();
                }
            }
        }
        code.store(destination, wide ? PtxType.B64 : PtxType.B32);
    }

    private static void unpack(Code code, List<Operand> elements, Operand source, PtxType type) {
        PtxType element = elementType(type, elements.size());
        boolean wide = type.bits() == 64;
        PtxType whole = wide ? PtxType.B64 : PtxType.B32;
        ValueKind kind = ValueKind.of(whole);
        int value = code.locals().allocate(kind);
        code.push(source, whole);
        code.save(kind, value);
        for (int index = 0; index < elements.size(); index++) {
            if (elements.get(index) instanceof Operand.Sink) {
                continue;
            }
            code.load(kind, value);
            code.builder().loadConstant(index * element.bits());
            if (wide) {
                code.builder().lushr().l2i();
            } else {
                code.builder().iushr();
            }
            code.narrow(element);
            code.store(elements.get(index), element);
        }
    }

    /// `isspacep`: whether a generic address lies in a space.
    static void isInSpace(Code code, Instruction instruction) {
        StateSpace space = instruction.operation().space();
        CodeBuilder builder = code.builder();
        code.push(instruction.operand(1), PtxType.U64);
        switch (space) {
            case SHARED, LOCAL -> {
                Addresses.pushSpaceBase(code, space);
                Addresses.pushGenericDistance(code);
                builder.ladd().lsub();
                if (space == StateSpace.SHARED) {
                    builder.iload(code.hoisted().field("sharedBytes", ValueKind.INT)).i2l();
                } else {
                    builder.lload(code.hoisted().field("localStride", ValueKind.LONG));
                }
                code.call(Long.class, "compareUnsigned", int.class, long.class, long.class);
                code.pushCondition(builder::iflt);
            }
            case GLOBAL -> {
                builder.aload(RegionEmitter.FRAME_LOCAL).iload(RegionEmitter.THREAD_LOCAL);
                code.call(Bridge.class, "isGlobal", int.class, long.class, Frame.class, int.class);
            }
            default -> builder.pop2().iconst_0();
        }
        code.store(instruction.operand(0), PtxType.PRED);
    }
}
