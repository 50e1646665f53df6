package org.bitfusion.gpu.soft.module;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.Symbol;
import org.bitfusion.ptx.Variable;

/// A PTX module whose variables have their places in device memory.
public final class SoftModule implements GpuModule {
    private final PtxModule program;
    private final ModuleHost host;
    private final VariablePlaces places;
    private final Map<String, SoftFunction> functions = new HashMap<>();
    private boolean closed;

    SoftModule(PtxModule program, ModuleHost host, VariablePlaces places) {
        this.program = program;
        this.host = host;
        this.places = places;
    }

    PtxModule program() {
        return program;
    }

    ModuleHost host() {
        return host;
    }

    /// The generic address of a .global or .const variable.
    public long addressOf(Variable variable) {
        return places.addressOf(variable);
    }

    @Override
    public synchronized Outcome<GpuFunction> function(String name) {
        SoftFunction known = functions.get(name);
        if (known == null) {
            Optional<PtxFunction> kernel = program.kernel(name);
            if (kernel.isEmpty() || !kernel.get().isDefined()) {
                return Outcome.failed(CudaStatus.NOT_FOUND, "no kernel " + name);
            }
            known = new SoftFunction(this, kernel.get());
            functions.put(name, known);
        }
        return Outcome.of(known);
    }

    @Override
    public Outcome<Global> global(String name) {
        Symbol symbol = program.symbol(name).orElse(null);
        if (symbol instanceof Variable variable && variable.offset() >= 0) {
            return Outcome.of(new Global(addressOf(variable), variable.byteCount()));
        }
        return Outcome.failed(CudaStatus.NOT_FOUND, "no variable " + name);
    }

    @Override
    public List<String> functionNames() {
        return program.kernels().stream()
                .filter(PtxFunction::isDefined)
                .map(PtxFunction::name)
                .toList();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            places.free(host);
        }
    }
}
