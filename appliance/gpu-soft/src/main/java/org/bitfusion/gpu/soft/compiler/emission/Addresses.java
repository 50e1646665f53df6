package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.util.Locale;
import java.util.Objects;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Memory;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxParameter;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Symbol;

/// Turns memory operands into checked native addresses. What is pushed here goes to the JVM's own
/// accessor, which checks nothing: no access of generated code may come by another way. Which check
/// holds which space:
///
/// | operand | extent | check |
/// |---|---|---|
/// | `[register + n]`, global, const, param, generic | the device's segment | `Objects.checkIndex` when it runs |
/// | `[register + n]`, shared | the block's shared memory | [Memory#shared] when it runs |
/// | `[register + n]`, local | the thread's local memory | [Memory#shared] when it runs |
/// | `[variable + n]`, global, const | the device's segment | `Objects.checkIndex` when it runs |
/// | `[variable + n]`, shared | the block's shared memory | [Memory#shared] when it runs |
/// | `[variable + n]`, local and parameters of calls | the kernel's local frame | [#requireInside] here |
/// | `[parameter + n]` | the kernel's parameters | [#requireInside] here |
/// | arguments of device functions | the kernel's local frame | [#requireInside] here |
///
/// Each check covers every byte of the access, of all elements of a vector, and of all accesses
/// that [AccessPlan] puts under one check. What fails [#requireInside] is declined: the interpreter
/// reports it, if the kernel ever gets there.
final class Addresses {
    /// Keeps `thread * distance` and its sum with a native address in the range that the JIT
    /// compiler can prove.
    private static final int LOCAL_STRIDE_MASK = 0xFF_FFFF;

    private Addresses() {}

    /// Asks for the hoisted values that [#pushSymbol] uses.
    static void prepare(Code code, Symbol symbol) {
        if (!(symbol instanceof PtxFunction)) {
            Kernel.Place place = code.kernel().place(symbol);
            if (place.space() == StateSpace.GLOBAL) {
                code.hoisted().symbol((int) place.offset());
            } else if (place.space() == StateSpace.PARAM) {
                pushSymbol(code, symbol, 0);
                code.builder().pop2();
            }
        }
    }

    /// Pushes the address of a symbol in its own space, as a long. Parameters have generic
    /// addresses.
    static void pushSymbol(Code code, Symbol symbol, long offset) {
        CodeBuilder builder = code.builder();
        if (symbol instanceof PtxFunction function) {
            builder.loadConstant(code.kernel().module().addressOf(function));
            return;
        }
        Kernel.Place place = code.kernel().place(symbol);
        if (place.space() == StateSpace.LOCAL
                && symbol instanceof PtxParameter parameter
                && parameter.space() == StateSpace.PARAM) {
            pushSpaceBase(code, StateSpace.LOCAL);
            pushGenericDistance(code);
            builder.ladd().loadConstant(place.offset() + offset).ladd();
            return;
        }
        switch (place.space()) {
            case SHARED, LOCAL -> builder.loadConstant(place.offset() + offset);
            case GLOBAL -> {
                builder.lload(code.hoisted().symbol((int) place.offset()));
                if (offset != 0) {
                    builder.loadConstant(offset).ladd();
                }
            }
            case PARAM -> {
                builder.lload(code.hoisted().field("parameters", ValueKind.LONG));
                pushGenericDistance(code);
                builder.ladd().loadConstant(place.offset() + offset).ladd();
            }
            default -> throw new Declined("address of " + symbol.name());
        }
    }

    /// Pushes what turns a native address into a generic one.
    static void pushGenericDistance(Code code) {
        code.builder()
                .lload(code.hoisted().field("windowBase", ValueKind.LONG))
                .lload(code.hoisted().address("nativeBase"))
                .lsub();
    }

    /// Pushes the native address of a space's first byte: SHARED of the block, LOCAL of the thread.
    static void pushSpaceBase(Code code, StateSpace space) {
        CodeBuilder builder = code.builder();
        if (space == StateSpace.SHARED) {
            builder.lload(code.hoisted().address("shared"));
            return;
        }
        builder.lload(code.hoisted().address("local"))
                .iload(RegionEmitter.THREAD_LOCAL)
                .i2l()
                .lload(code.hoisted().field("localStride", ValueKind.LONG))
                .loadConstant((long) LOCAL_STRIDE_MASK)
                .land()
                .lmul()
                .ladd();
    }

    /// Pushes the checked native address of an access.
    static void push(Code code, AccessPlan plan, Instruction instruction) {
        Operand.Address address =
                Objects.requireNonNull(AccessPlan.addressOf(instruction), instruction.form());
        int byteCount =
                instruction.operation().type().bytes() * instruction.operation().vectorWidth();
        if (address.register() == null) {
            pushFixed(code, instruction, address, byteCount);
            return;
        }
        AccessPlan.Group group = Objects.requireNonNull(plan.group(instruction));
        if (group.slot < 0) {
            group.slot = code.locals().allocate(ValueKind.LONG);
            if (address.symbol() != null) {
                throw new Declined("symbol and register in one address");
            }
            pushChecked(code, group);
            code.builder().lstore(group.slot);
        }
        code.builder().lload(group.slot);
        if (address.offset() != group.lowest()) {
            code.builder().loadConstant(address.offset() - group.lowest()).ladd();
        }
    }

    private static void pushChecked(Code code, AccessPlan.Group group) {
        CodeBuilder builder = code.builder();
        switch (group.space) {
            case SHARED -> {
                pushSpaceBase(code, StateSpace.SHARED);
                pushBase(code, group);
                pushRelative(
                        code,
                        group,
                        () -> builder.iload(code.hoisted().field("sharedBytes", ValueKind.INT)));
                builder.ladd();
            }
            case LOCAL -> {
                pushSpaceBase(code, StateSpace.LOCAL);
                pushBase(code, group);
                pushRelative(
                        code,
                        group,
                        () ->
                                builder.lload(code.hoisted().field("localStride", ValueKind.LONG))
                                        .l2i());
                builder.ladd();
            }
            default -> {
                pushBase(code, group);
                code.widen(baseKind(code, group), ValueKind.LONG, false);
                if (group.mask > 0) {
                    builder.dup2().loadConstant((int) group.mask);
                    code.call(Memory.class, "align", void.class, long.class, int.class);
                }
                builder.lload(code.hoisted().field("windowBase", ValueKind.LONG)).lsub();
                builder.loadConstant(Math.max(0, code.kernel().segmentBytes() - group.span() + 1));
                code.call(Objects.class, "checkIndex", long.class, long.class, long.class);
                builder.lload(code.hoisted().address("nativeBase")).ladd();
            }
        }
    }

    private static ValueKind baseKind(Code code, AccessPlan.Group group) {
        return code.kernel().kinds().get(group.base.number());
    }

    /// Pushes the register plus the lowest offset of the group, as wide as the register is.
    private static void pushBase(Code code, AccessPlan.Group group) {
        code.pushRegister(group.base);
        if (group.lowest() != 0) {
            if (baseKind(code, group) == ValueKind.LONG) {
                code.builder().loadConstant(group.lowest()).ladd();
            } else {
                code.builder().loadConstant((int) group.lowest()).iadd();
            }
        }
    }

    private static void pushRelative(Code code, AccessPlan.Group group, Runnable pushBytes) {
        pushBytes.run();
        code.builder().loadConstant((int) group.span()).isub().loadConstant((int) group.mask);
        Class<?> address = baseKind(code, group) == ValueKind.LONG ? long.class : int.class;
        code.call(Memory.class, "shared", long.class, address, int.class, int.class);
    }

    /// An address without a register.
    private static void pushFixed(
            Code code, Instruction instruction, Operand.Address address, int byteCount) {
        Symbol symbol = address.symbol();
        CodeBuilder builder = code.builder();
        if (symbol == null) {
            throw new Declined(instruction.form() + " at an absolute address");
        }
        Kernel.Place place = code.kernel().place(symbol);
        long offset = place.offset() + address.offset();
        requireInside(code, place, offset, byteCount);
        if (place.space() != StateSpace.GLOBAL && (offset < 0 || offset % byteCount != 0)) {
            throw new Declined(instruction.form() + " at a misaligned constant address");
        }
        switch (place.space()) {
            case PARAM -> builder.lload(code.hoisted().address("parameters"));
            case SHARED -> {
                pushSpaceBase(code, StateSpace.SHARED);
                builder.loadConstant(offset)
                        .iload(code.hoisted().field("sharedBytes", ValueKind.INT))
                        .loadConstant(byteCount)
                        .isub()
                        .loadConstant(0);
                code.call(Memory.class, "shared", long.class, long.class, int.class, int.class);
                builder.ladd();
                return;
            }
            case LOCAL -> pushSpaceBase(code, StateSpace.LOCAL);
            case GLOBAL -> {
                builder.lload(code.hoisted().symbol((int) place.offset()))
                        .lload(code.hoisted().field("windowBase", ValueKind.LONG))
                        .lsub();
                offset = address.offset();
                builder.loadConstant(offset).ladd();
                builder.dup2().loadConstant(byteCount - 1);
                code.call(Memory.class, "align", void.class, long.class, int.class);
                builder.loadConstant(code.kernel().segmentBytes() - byteCount + 1);
                code.call(Objects.class, "checkIndex", long.class, long.class, long.class);
                builder.lload(code.hoisted().address("nativeBase")).ladd();
                return;
            }
            default -> throw new Declined("address of " + symbol.name());
        }
        if (offset != 0) {
            builder.loadConstant(offset).ladd();
        }
    }

    /// Declines an access with a constant address that no check at run time holds, unless it lies
    /// inside what the kernel has.
    static void requireInside(Code code, Kernel.Place place, long offset, int byteCount) {
        long extent =
                switch (place.space()) {
                    case PARAM -> code.kernel().body().parameterBytes();
                    case LOCAL -> code.kernel().body().localBytes();
                    default -> Long.MAX_VALUE;
                };
        if (extent != Long.MAX_VALUE && (offset < 0 || offset > extent - byteCount)) {
            throw new Declined(
                    "%d bytes at %d of %d bytes of .%s"
                            .formatted(
                                    byteCount,
                                    offset,
                                    extent,
                                    place.space().name().toLowerCase(Locale.ROOT)));
        }
    }

    /// `cvta`: between a space's addresses and generic ones.
    static void convert(Code code, Instruction instruction, boolean toSpace) {
        StateSpace space = instruction.operation().space();
        CodeBuilder builder = code.builder();
        code.push(instruction.operand(1), PtxType.U64);
        if (space == StateSpace.SHARED || space == StateSpace.LOCAL) {
            pushSpaceBase(code, space);
            pushGenericDistance(code);
            builder.ladd();
            if (toSpace) {
                builder.lsub();
            } else {
                builder.ladd();
            }
        }
        code.store(instruction.operand(0), PtxType.U64);
    }
}
