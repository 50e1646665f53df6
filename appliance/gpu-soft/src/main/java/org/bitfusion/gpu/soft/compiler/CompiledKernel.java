package org.bitfusion.gpu.soft.compiler;

import java.util.List;
import org.bitfusion.gpu.soft.compiler.analysis.FrameLayout;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.emission.KernelEmitter;
import org.bitfusion.gpu.soft.compiler.runtime.CompiledBlock;
import org.bitfusion.gpu.soft.compiler.runtime.CutPoint;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.gpu.soft.compiler.runtime.RegionCode;
import org.bitfusion.gpu.soft.execution.BlockExecutor;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.execution.RegisterInstruction;
import org.bitfusion.ptx.Variable;

/// A kernel as generated code.
final class CompiledKernel implements KernelProgram {
    private final RegionCode code;
    private final CutPoint[] cuts;
    private final Frame.Shape shape;
    private final List<Variable> symbols;
    private final List<RegisterInstruction> bridged;
    private final long segmentBytes;
    private final long staticSharedBytes;
    private final long dynamicSharedOffset;
    private final long localBytes;

    CompiledKernel(RegionCode code, Kernel kernel, KernelEmitter.Written written) {
        this.code = code;
        this.cuts = written.cuts();
        FrameLayout layout = kernel.layout();
        this.shape =
                new Frame.Shape(
                        layout.count(ValueKind.INT),
                        layout.count(ValueKind.LONG),
                        layout.count(ValueKind.FLOAT),
                        layout.count(ValueKind.DOUBLE),
                        written.exchanges());
        this.symbols = kernel.symbols().variables();
        this.bridged = kernel.bridged().sites();
        this.segmentBytes = kernel.segmentBytes();
        this.staticSharedBytes = kernel.shared().staticBytes();
        this.dynamicSharedOffset = kernel.shared().dynamicOffset();
        this.localBytes = kernel.body().localBytes();
    }

    @Override
    public BlockExecutor newBlockExecutor(LaunchContext launch) {
        if (launch.memory().byteSize() < segmentBytes) {
            throw new IllegalArgumentException(
                    "memory: %d bytes (expected: the %d it was compiled for)"
                            .formatted(launch.memory().byteSize(), segmentBytes));
        }
        long[] addresses = symbols.stream().mapToLong(launch::addressOf).toArray();
        RegisterInstruction.Execution[] executions =
                bridged.stream()
                        .map(instruction -> instruction.prepare(launch))
                        .toArray(RegisterInstruction.Execution[]::new);
        return new CompiledBlock(code, cuts, new Frame(launch, shape, addresses, executions));
    }

    @Override
    public long staticSharedBytes() {
        return staticSharedBytes;
    }

    @Override
    public long dynamicSharedOffset() {
        return dynamicSharedOffset;
    }

    @Override
    public long localBytesPerThread(long stackLimit) {
        return localBytes;
    }
}
