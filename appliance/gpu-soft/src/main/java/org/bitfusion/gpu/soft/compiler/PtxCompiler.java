package org.bitfusion.gpu.soft.compiler;

import java.lang.invoke.MethodHandles;
import java.time.Duration;
import org.bitfusion.gpu.soft.compiler.analysis.BridgedForms;
import org.bitfusion.gpu.soft.compiler.analysis.FlatBody;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.MethodBudget;
import org.bitfusion.gpu.soft.compiler.emission.KernelEmitter;
import org.bitfusion.gpu.soft.compiler.runtime.Memory;
import org.bitfusion.gpu.soft.compiler.runtime.RegionCode;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.execution.RegisterInstruction;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.SharedLayout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Executes kernels as JVM bytecode: analysis, one method per region between cut points, a hidden
/// class per kernel that is unloaded with its module.
public final class PtxCompiler implements ProgramFactory {
    private static final Logger LOG = LoggerFactory.getLogger(PtxCompiler.class);

    /// Smaller regions are not worth trying when estimates were far off.
    private static final int SMALLEST_BUDGET = 200;

    private final RegisterInstruction.Decoder others;
    private final int methodBytes;

    /// @param others executes instructions that the compiler has no code of its own for
    public PtxCompiler(RegisterInstruction.Decoder others) {
        this(others, MethodBudget.BYTES);
    }

    /// @param methodBytes what a region may be estimated to take
    PtxCompiler(RegisterInstruction.Decoder others, int methodBytes) {
        this.others = others;
        this.methodBytes = methodBytes;
    }

    @Override
    public String name() {
        return "compiler";
    }

    @Override
    public Preparation prepare(Source source) {
        long began = System.nanoTime();
        try {
            CompiledKernel compiled = compile(source);
            LOG.debug(
                    "kernel={} compiled in {} us",
                    source.kernel().name(),
                    Duration.ofNanos(System.nanoTime() - began).toNanos() / 1000);
            return new Preparation.Ready(compiled);
        } catch (Declined e) {
            return new Preparation.Declined(String.valueOf(e.getMessage()));
        } catch (PtxException e) {
            return new Preparation.Invalid(String.valueOf(e.getMessage()));
        } catch (StackOverflowError e) {
            return new Preparation.Declined("nested too deeply");
        }
    }

    private CompiledKernel compile(Source source) {
        SharedLayout shared = SharedLayout.of(source.module(), source.kernel());
        FlatBody body = FlatBody.of(source.kernel());
        long segmentBytes = source.memory().byteSize();
        for (int budget = methodBytes; ; budget /= 2) {
            Kernel kernel = Kernel.of(source.module(), body, shared, segmentBytes, budget, others);
            KernelEmitter.Written written = write(kernel);
            boolean last = budget / 2 < SMALLEST_BUDGET;
            // The longest region of the last try, a wide switch, stays with the JVM's interpreter;
            // the others are compiled.
            if (written != null && (written.fits() || last)) {
                return new CompiledKernel(define(written.bytes()), kernel, written);
            }
            if (last) {
                throw new Declined("a region that is longer than a method can be");
            }
        }
    }

    /// Null if a method is longer than a class file can hold.
    private static KernelEmitter.@Nullable Written write(Kernel kernel) {
        while (true) {
            try {
                return KernelEmitter.write(kernel);
            } catch (BridgedForms.Again e) {
                LOG.debug("kernel={}: bridges {}", kernel.body().name(), e.getMessage());
            } catch (IllegalArgumentException e) {
                LOG.debug("kernel={}: {}", kernel.body().name(), e.getMessage());
                return null;
            }
        }
    }

    private static RegionCode define(byte[] bytes) {
        try {
            MethodHandles.Lookup lookup =
                    MethodHandles.privateLookupIn(Memory.class, MethodHandles.lookup());
            return (RegionCode)
                    lookup.defineHiddenClass(bytes, true)
                            .lookupClass()
                            .getDeclaredConstructor()
                            .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("generated code cannot be loaded", e);
        }
    }
}
