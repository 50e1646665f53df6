package org.bitfusion.gpu.soft.module;

import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Preparation;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.SharedLayout;
import org.bitfusion.ptx.StateSpace;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A kernel. Its code is read when somebody asks for what depends on it, and made ready to run at
/// the first launch.
public final class SoftFunction implements GpuFunction {
    /// What a kernel without .maxnreg is said to use: full occupancy.
    private static final int REGISTERS = 32;

    private static final long STACK_LIMIT_FOR_ATTRIBUTES = 0;
    private static final Logger LOG = LoggerFactory.getLogger(SoftFunction.class);

    private final SoftModule module;
    private final PtxFunction code;
    private @Nullable KernelProgram program;
    private @Nullable LaunchRefused refusal;
    private volatile long staticShared = -1;
    private volatile int dynamicSharedLimit = -1;
    private volatile int carveout = -1;

    SoftFunction(SoftModule module, PtxFunction code) {
        this.module = module;
        this.code = code;
    }

    @Override
    public String name() {
        return code.name();
    }

    @Override
    public GpuModule module() {
        return module;
    }

    public SoftModule softModule() {
        return module;
    }

    /// Bytes that the packed parameters of a launch must have.
    public long parameterBytes() {
        return code.parameterBytes();
    }

    /// Limits that the kernel states.
    public PtxFunction.Performance performance() {
        return code.performance();
    }

    @Override
    public List<Parameter> parameters() {
        return code.parameters().stream()
                .map(parameter ->
                        new Parameter(
                                Math.toIntExact(parameter.offset()),
                                Math.toIntExact(parameter.byteCount())))
                .toList();
    }

    /// The kernel ready to run.
    ///
    /// @throws LaunchRefused when nothing here can execute it
    public synchronized KernelProgram program() {
        if (program != null) {
            return program;
        }
        if (refusal != null) {
            throw refusal;
        }
        try {
            return prepare();
        } catch (LaunchRefused problem) {
            refusal = problem;
            LOG.warn("kernel {} cannot run: {}", name(), problem.getMessage());
            throw problem;
        }
    }

    private KernelProgram prepare() {
        WindowMemory window = module.host().window();
        ProgramFactory.Source source =
                new ProgramFactory.Source(
                        module.program(), code, window.segment(), window.windowBase());
        String reason = "no executor";
        for (ProgramFactory factory : module.host().programFactories()) {
            switch (attempt(factory, source)) {
                case Preparation.Ready(KernelProgram ready) -> {
                    requireFits(ready);
                    program = ready;
                    return ready;
                }
                case Preparation.Declined(String why) -> {
                    LOG.info("kernel {}: {} declines: {}", name(), factory.name(), why);
                    reason = why;
                }
                case Preparation.Invalid(String why) ->
                        throw new LaunchRefused(CudaStatus.INVALID_PTX, why);
            }
        }
        throw new LaunchRefused(CudaStatus.INVALID_PTX, reason);
    }

    /// What ptxas refuses.
    private static void requireFits(KernelProgram ready) {
        long shared = ready.dynamicSharedOffset();
        if (ready.staticSharedBytes() < 0 || shared < 0 || shared > Occupancy.SHARED_PER_BLOCK) {
            throw new LaunchRefused(
                    CudaStatus.INVALID_PTX,
                    "%d bytes of static shared memory (expected: at most %d)"
                            .formatted(shared, Occupancy.SHARED_PER_BLOCK));
        }
        long local = ready.localBytesPerThread(STACK_LIMIT_FOR_ATTRIBUTES);
        if (local < 0 || local > Occupancy.LOCAL_PER_THREAD) {
            throw new LaunchRefused(
                    CudaStatus.INVALID_PTX,
                    "%d bytes of local memory per thread (expected: at most %d)"
                            .formatted(local, Occupancy.LOCAL_PER_THREAD));
        }
    }

    private static Preparation attempt(ProgramFactory factory, ProgramFactory.Source source) {
        try {
            return factory.prepare(source);
        } catch (PtxException problem) {
            return new Preparation.Invalid(String.valueOf(problem.getMessage()));
        }
    }

    /// Bytes of static shared memory; reads the code, but never waits for a preparation.
    ///
    /// @throws LaunchRefused when the code is malformed
    public long staticSharedBytes() {
        long known = staticShared;
        if (known < 0) {
            try {
                known = SharedLayout.of(module.program(), code).staticBytes();
            } catch (PtxException problem) {
                throw new LaunchRefused(
                        CudaStatus.INVALID_PTX, String.valueOf(problem.getMessage()));
            }
            staticShared = known;
        }
        return known;
    }

    /// The most dynamic shared memory that a launch may ask for.
    public long dynamicSharedLimit() {
        int set = dynamicSharedLimit;
        return set >= 0 ? set : Math.max(0, Occupancy.SHARED_PER_BLOCK - staticSharedBytes());
    }

    /// The most threads of a block.
    public int maximumThreads() {
        PtxFunction.Performance stated = code.performance();
        int required = stated.requiredX() * stated.requiredY() * stated.requiredZ();
        int limit = required > 0 ? required : stated.maximumThreads();
        return limit > 0
                ? Math.min(limit, Occupancy.MAXIMUM_THREADS_PER_BLOCK)
                : Occupancy.MAXIMUM_THREADS_PER_BLOCK;
    }

    private int registers() {
        int stated = code.performance().maximumRegisters();
        return stated > 0 ? Math.min(stated, REGISTERS) : REGISTERS;
    }

    @Override
    public Outcome<Integer> attribute(int attribute) {
        try {
            return switch (attribute) {
                case 0 -> Outcome.of(maximumThreads());
                case 1 -> Outcome.of((int) staticSharedBytes());
                case 2 -> Outcome.of((int) module.program().areaBytes(StateSpace.CONST));
                case 3 ->
                        Outcome.of((int) program().localBytesPerThread(STACK_LIMIT_FOR_ATTRIBUTES));
                case 4 -> Outcome.of(registers());
                case 5 -> Outcome.of(ptxVersion(module.program()));
                case 6 -> Outcome.of(module.host().capability());
                case 7, 10, 11, 12, 13, 14, 15 -> Outcome.of(0);
                case 8 -> Outcome.of((int) dynamicSharedLimit());
                case 9 -> Outcome.of(carveout);
                default -> Outcome.failed(CudaStatus.INVALID_VALUE);
            };
        } catch (LaunchRefused problem) {
            return Outcome.failed(problem.status(), String.valueOf(problem.getMessage()));
        }
    }

    /// The .target as a number, which is what the driver calls the PTX version of a function.
    private static int ptxVersion(PtxModule program) {
        return Integer.parseInt(program.header().target().replaceAll("[^0-9]", ""));
    }

    @Override
    public CudaStatus setAttribute(int attribute, int value) {
        switch (attribute) {
            case 8 -> {
                if (value < 0 || value + staticSharedBytes() > Occupancy.SHARED_PER_BLOCK_OPT_IN) {
                    return CudaStatus.INVALID_VALUE;
                }
                dynamicSharedLimit = value;
            }
            case 9 -> {
                if (value < -1 || value > 100) {
                    return CudaStatus.INVALID_VALUE;
                }
                carveout = value;
            }
            case 14, 15 -> {}
            default -> {
                return CudaStatus.INVALID_VALUE;
            }
        }
        return CudaStatus.SUCCESS;
    }

    @Override
    public Outcome<Integer> occupancy(int blockSize, long dynamicSharedBytes, int flags) {
        if (blockSize <= 0 || dynamicSharedBytes < 0) {
            return Outcome.failed(CudaStatus.INVALID_VALUE);
        }
        if (blockSize > maximumThreads()) {
            return Outcome.of(0);
        }
        try {
            if (dynamicSharedBytes > dynamicSharedLimit()) { // such a launch is refused
                return Outcome.of(0);
            }
            long shared = staticSharedBytes() + dynamicSharedBytes;
            return Outcome.of(Occupancy.blocks(blockSize, shared, registers()));
        } catch (LaunchRefused problem) {
            return Outcome.failed(problem.status(), String.valueOf(problem.getMessage()));
        }
    }
}
