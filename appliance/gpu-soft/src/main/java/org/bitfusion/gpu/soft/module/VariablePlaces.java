package org.bitfusion.gpu.soft.module;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParameter;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Symbol;
import org.bitfusion.ptx.Variable;

/// Where the variables of one module lie: all .global ones, then all .const ones, in one
/// allocation.
final class VariablePlaces {
    private static final long ALIGNMENT = 512;

    private final long address;
    private final long constantsOffset;
    private final long bytes;

    private VariablePlaces(long address, long constantsOffset, long bytes) {
        this.address = address;
        this.constantsOffset = constantsOffset;
        this.bytes = bytes;
    }

    /// Allocates and initialises the variables.
    ///
    /// @throws PtxException when an initializer or declaration names a symbol that does not exist
    static Outcome<VariablePlaces> of(PtxModule module, ModuleHost host) {
        long constants = (module.areaBytes(StateSpace.GLOBAL) + ALIGNMENT - 1) & -ALIGNMENT;
        long bytes = constants + module.areaBytes(StateSpace.CONST);
        if (bytes == 0) {
            return Outcome.of(new VariablePlaces(0, 0, 0));
        }
        Outcome<Long> memory = host.allocate(bytes, ALIGNMENT);
        if (!(memory instanceof Outcome.Success<Long>(Long address))) {
            return Outcome.failed(memory.status(), bytes + " bytes of variables");
        }
        VariablePlaces places = new VariablePlaces(address, constants, bytes);
        try {
            places.initialise(module, host.window());
        } catch (PtxException problem) {
            host.free(address);
            return Outcome.failed(CudaStatus.INVALID_PTX, String.valueOf(problem.getMessage()));
        }
        return Outcome.of(places);
    }

    private void initialise(PtxModule module, WindowMemory window) {
        MemorySegment area = window.segment().asSlice(window.offsetOf(address), bytes);
        area.fill((byte) 0);
        for (Variable variable : module.variables()) {
            if (variable.offset() < 0) {
                continue;
            }
            long offset = addressOf(variable) - address;
            byte[] initial = variable.initializer().bytes();
            MemorySegment.copy(initial, 0, area, ValueLayout.JAVA_BYTE, offset, initial.length);
            for (Variable.Relocation relocation : variable.initializer().relocations()) {
                relocate(module, area, offset, relocation);
            }
        }
    }

    private void relocate(
            PtxModule module, MemorySegment area, long offset, Variable.Relocation relocation) {
        Symbol symbol =
                module.symbol(relocation.symbol())
                        .orElseThrow(() ->
                                new PtxException(
                                        0,
                                        "an initializer names the unknown symbol "
                                                + relocation.symbol()));
        long value = (addressOf(module, symbol) + relocation.addend()) >> relocation.shift();
        for (int at = 0; at < relocation.byteCount(); at++) {
            area.set(
                    ValueLayout.JAVA_BYTE,
                    offset + relocation.offset() + at,
                    (byte) (value >> (8 * at)));
        }
    }

    private long addressOf(PtxModule module, Symbol symbol) {
        return switch (symbol) {
            case Variable variable -> addressOf(variable);
            case PtxFunction function -> module.addressOf(function);
            case PtxParameter parameter ->
                    throw new PtxException(0, parameter.name() + " has no address");
        };
    }

    long addressOf(Variable variable) {
        if (variable.offset() < 0) {
            throw new PtxException(0, "variable " + variable.name() + " is not defined");
        }
        long area = variable.space() == StateSpace.CONST ? constantsOffset : 0;
        return address + area + variable.offset();
    }

    void free(ModuleHost host) {
        if (bytes > 0) {
            host.free(address);
        }
    }
}
