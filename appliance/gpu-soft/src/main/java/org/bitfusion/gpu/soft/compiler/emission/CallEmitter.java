package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.util.List;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.gpu.soft.compiler.runtime.Services;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.StateSpace;

/// Calls of what the device provides: vprintf, malloc, free, __assertfail. Calls of PTX functions
/// have been inlined before.
final class CallEmitter {
    private CallEmitter() {}

    static void emit(Code code, Instruction instruction) {
        Operand.Call call = (Operand.Call) instruction.operand(0);
        if (!(call.target() instanceof Operand.SymbolAddress target)
                || !(target.symbol() instanceof PtxFunction function)) {
            throw new Declined("indirect call");
        }
        CodeBuilder builder = code.builder();
        List<Operand> arguments = call.arguments();
        switch (function.name()) {
            case "vprintf" -> {
                pushArguments(code, arguments, PtxType.B64, PtxType.B64);
                code.call(Services.class, "print", int.class, long.class, long.class, Frame.class);
                storeResult(code, call, PtxType.B32);
            }
            case "malloc" -> {
                pushArguments(code, arguments, PtxType.B64);
                code.call(Services.class, "allocate", long.class, long.class, Frame.class);
                storeResult(code, call, PtxType.B64);
            }
            case "free" -> {
                pushArguments(code, arguments, PtxType.B64);
                code.call(Services.class, "free", void.class, long.class, Frame.class);
            }
            case "__assertfail" -> {
                pushArguments(code, arguments, PtxType.B64, PtxType.B64, PtxType.B32, PtxType.B64);
                builder.iload(RegionEmitter.THREAD_LOCAL);
                code.call(
                        Services.class,
                        "assertionFailed",
                        KernelFault.class,
                        long.class,
                        long.class,
                        int.class,
                        long.class,
                        Frame.class,
                        int.class);
                builder.athrow();
            }
            default -> throw new Declined("call of " + function.name());
        }
    }

    private static void pushArguments(Code code, List<Operand> arguments, PtxType... types) {
        if (arguments.size() < types.length) {
            throw new Declined("a call with too few arguments");
        }
        for (int index = 0; index < types.length; index++) {
            Operand argument = arguments.get(index);
            if (argument instanceof Operand.SymbolAddress address) {
                pushPlace(code, address, types[index]);
                boolean wide = types[index].bits() == 64;
                code.callMemory(
                        wide ? "loadLong" : "loadInt", wide ? long.class : int.class, long.class);
            } else {
                code.push(argument, types[index]);
            }
        }
        code.builder().aload(RegionEmitter.FRAME_LOCAL);
    }

    private static void pushPlace(Code code, Operand.SymbolAddress address, PtxType type) {
        Kernel.Place place = code.kernel().place(address.symbol());
        if (place.space() != StateSpace.LOCAL) {
            throw new Declined("parameter " + address.symbol().name());
        }
        Addresses.requireInside(code, place, place.offset(), type.bytes());
        Addresses.pushSpaceBase(code, StateSpace.LOCAL);
        code.builder().loadConstant(place.offset()).ladd();
    }

    private static void storeResult(Code code, Operand.Call call, PtxType type) {
        Operand destination =
                call.results().isEmpty() ? new Operand.Sink() : call.results().getFirst();
        if (!(destination instanceof Operand.SymbolAddress address)) {
            code.store(destination, type);
            return;
        }
        boolean wide = type.bits() == 64;
        CodeBuilder builder = code.builder();
        pushPlace(code, address, type);
        if (wide) {
            builder.dup2_x2().pop2();
        } else {
            builder.dup2_x1().pop2();
        }
        code.callMemory(
                wide ? "storeLong" : "storeInt",
                void.class,
                long.class,
                wide ? long.class : int.class);
    }
}
