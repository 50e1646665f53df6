package org.bitfusion.gpu.soft.interpreter;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxParameter;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Variable;

/// One `call`: where its arguments come from and its results go.
///
/// @param callerBytes size of the caller's frame: the callee's starts behind it
record CallSite(List<Place> arguments, List<Place> results, long callerBytes) {

    /// An argument or result of the caller.
    sealed interface Place {}

    /// A .param variable in the caller's frame.
    record InFrame(long offset, long byteCount) implements Place {}

    /// A register or constant.
    record InSlot(int slot) implements Place {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operand.Call call = (Operand.Call) instruction.operand(0);
        List<Place> arguments = new ArrayList<>();
        for (Operand argument : call.arguments()) {
            arguments.add(place(code, argument));
        }
        List<Place> results = new ArrayList<>();
        for (Operand result : call.results()) {
            results.add(place(code, result));
        }
        CallSite site = new CallSite(arguments, results, code.frame().bytes());
        if (call.target() instanceof Register register) {
            int slot = register.number();
            return t -> site.indirect(t, t.registers[slot]);
        }
        PtxFunction callee = (PtxFunction) ((Operand.SymbolAddress) call.target()).symbol();
        if (!callee.isDefined()) {
            return Builtins.decode(code, site, callee);
        }
        InterpretedKernel kernel = code.kernel;
        return t -> site.enter(t, kernel.code(callee));
    }

    private static Place place(CodeBuilder code, Operand operand) {
        if (operand instanceof Operand.SymbolAddress address) {
            if (address.symbol() instanceof Variable variable
                    && variable.space() == StateSpace.PARAM) {
                return new InFrame(code.callOffset(variable), variable.byteCount());
            }
            if (address.symbol() instanceof PtxParameter parameter && !code.function.isKernel()) {
                return new InFrame(code.frameOffset(parameter), parameter.byteCount());
            }
        }
        return new InSlot(code.source(operand, PtxType.B64));
    }

    private void indirect(CudaThread thread, long address) {
        InterpretedKernel kernel = thread.block.kernel;
        PtxFunction callee =
                kernel.module()
                        .functionAt(address)
                        .orElseThrow(() ->
                                new KernelFault(
                                        KernelFault.INVALID_PC,
                                        "call of address 0x%x".formatted(address)));
        enter(thread, kernel.code(callee));
    }

    private void enter(CudaThread thread, Code callee) {
        long base = thread.frame + callerBytes;
        if (base + callee.frame().bytes() > thread.stackTop) {
            throw new KernelFault(
                    KernelFault.HARDWARE_STACK_ERROR,
                    "the stack overflows in " + callee.function().name());
        }
        List<PtxParameter> parameters = callee.function().parameters();
        long[] callerRegisters = thread.registers;
        long callerFrame = thread.frame;
        thread.enter(callee, this, base);
        for (int index = 0; index < Math.min(parameters.size(), arguments.size()); index++) {
            PtxParameter parameter = parameters.get(index);
            Place from = arguments.get(index);
            if (parameter.space() == StateSpace.REG) {
                setRegister(
                        thread.registers,
                        callee,
                        parameter,
                        value(thread, from, callerRegisters, callerFrame, parameter.type()));
            } else if (from instanceof InFrame area) {
                thread.block.memory.copy(
                        thread.local + callerFrame + area.offset(),
                        thread.local + base + parameter.offset(),
                        Math.min(area.byteCount(), parameter.byteCount()));
            } else {
                thread.block.memory.store(
                        thread.local + base + parameter.offset(),
                        parameter.type().bytes(),
                        value(thread, from, callerRegisters, callerFrame, parameter.type()));
            }
        }
    }

    private static long value(
            CudaThread thread, Place place, long[] registers, long frame, PtxType type) {
        return switch (place) {
            case InSlot slot -> registers[slot.slot()];
            case InFrame area ->
                    thread.block.memory.load(thread.local + frame + area.offset(), type.bytes());
        };
    }

    /// Argument `index` as a value of `type`.
    long argument(CudaThread thread, int index, PtxType type) {
        return value(thread, arguments.get(index), thread.registers, thread.frame, type);
    }

    /// Sets the only result.
    void result(CudaThread thread, PtxType type, long value) {
        if (results.isEmpty()) {
            return;
        }
        switch (results.getFirst()) {
            case InSlot slot -> thread.registers[slot.slot()] = value;
            case InFrame area ->
                    thread.block.memory.store(
                            thread.local + thread.frame + area.offset(), type.bytes(), value);
        }
    }

    /// After the callee has left and the caller's state is back: moves the callee's results.
    void copyResults(CudaThread thread, Code callee, long[] registers, long base) {
        List<PtxParameter> from = callee.function().results();
        for (int index = 0; index < Math.min(from.size(), results.size()); index++) {
            PtxParameter result = from.get(index);
            long at = thread.local + base + callee.frame().results() + result.offset();
            Memory memory = thread.block.memory;
            boolean inRegister = result.space() == StateSpace.REG;
            switch (results.get(index)) {
                case InSlot slot ->
                        thread.registers[slot.slot()] =
                                inRegister
                                        ? getRegister(registers, callee, result)
                                        : memory.load(at, result.type().bytes());
                case InFrame area -> {
                    long to = thread.local + thread.frame + area.offset();
                    if (inRegister) {
                        memory.store(
                                to, result.type().bytes(), getRegister(registers, callee, result));
                    } else {
                        memory.copy(at, to, Math.min(area.byteCount(), result.byteCount()));
                    }
                }
            }
        }
    }

    private static void setRegister(
            long[] registers, Code callee, PtxParameter parameter, long value) {
        for (Register register : callee.function().body().registers()) {
            if (register.name().equals(parameter.name())) {
                registers[register.number()] = value;
                return;
            }
        }
    }

    private static long getRegister(long[] registers, Code callee, PtxParameter parameter) {
        for (Register register : callee.function().body().registers()) {
            if (register.name().equals(parameter.name())) {
                return registers[register.number()];
            }
        }
        return 0;
    }
}
