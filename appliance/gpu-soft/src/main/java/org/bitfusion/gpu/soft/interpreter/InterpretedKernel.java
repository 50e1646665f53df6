package org.bitfusion.gpu.soft.interpreter;

import java.util.IdentityHashMap;
import org.bitfusion.gpu.soft.execution.BlockExecutor;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.SharedLayout;

/// A kernel decoded for interpretation, with every function that it can reach.
public final class InterpretedKernel implements KernelProgram {
    private static final int ALIGNMENT = 16;

    /// Frames here hold what hardware keeps in registers.
    private static final int STACK_FACTOR = 8;

    private final PtxModule module;
    private final PtxFunction kernel;
    private final SharedLayout shared;
    private final IdentityHashMap<PtxFunction, Code> codes = new IdentityHashMap<>();

    private InterpretedKernel(PtxModule module, PtxFunction kernel) {
        this.module = module;
        this.kernel = kernel;
        this.shared = SharedLayout.of(module, kernel);
    }

    /// Decodes `kernel`.
    ///
    /// @throws PtxException naming instruction and line when it, or a function that it reaches,
    ///   holds what cannot be executed
    public static InterpretedKernel of(PtxModule module, PtxFunction kernel) {
        InterpretedKernel decoded = new InterpretedKernel(module, kernel);
        for (PtxFunction function : decoded.shared.functions()) {
            decoded.codes.put(function, new CodeBuilder(decoded, function, decoded.shared).build());
        }
        return decoded;
    }

    @Override
    public BlockExecutor newBlockExecutor(LaunchContext launch) {
        return new BlockRun(this, launch);
    }

    @Override
    public long staticSharedBytes() {
        return shared.staticBytes();
    }

    @Override
    public long dynamicSharedOffset() {
        return shared.dynamicOffset();
    }

    @Override
    public long localBytesPerThread(long stackLimit) {
        long wanted = entry().frame().bytes();
        if (codes.size() > 1) {
            for (Code code : codes.values()) {
                wanted += code.frame().bytes();
            }
        }
        if (codes.size() > 1 || codes.values().stream().anyMatch(InterpretedKernel::allocates)) {
            wanted += stackLimit * STACK_FACTOR;
        }
        return (wanted + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static boolean allocates(Code code) {
        return code.function().body().instructions().stream()
                .anyMatch(instruction -> instruction.opcode() == Opcode.ALLOCA);
    }

    PtxModule module() {
        return module;
    }

    String name() {
        return kernel.name();
    }

    Code entry() {
        return code(kernel);
    }

    /// The decoded form of a function that this kernel reaches.
    Code code(PtxFunction function) {
        Code code = codes.get(function);
        if (code == null) {
            throw new KernelFault(
                    KernelFault.INVALID_PC, "call of " + function.name() + ", which has no code");
        }
        return code;
    }
}
