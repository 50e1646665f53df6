package org.bitfusion.gpu.soft;

import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.bitfusion.gpu.soft.device.SoftDriver;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;

/// Opens software GPUs.
public final class SoftDriverProvider implements GpuDriverProvider {
    private final List<ProgramFactory> executors;

    public SoftDriverProvider() {
        this(List.of(new PtxCompiler(SingleInstruction::of), new InterpreterFactory()));
    }

    /// @param executors ways to execute kernels, the preferred one first
    public SoftDriverProvider(List<ProgramFactory> executors) {
        this.executors = List.copyOf(executors);
    }

    @Override
    public String name() {
        return "soft";
    }

    @Override
    public Outcome<List<DeviceSnapshot>> probe(Map<String, String> environment) {
        try {
            return Outcome.of(SoftDriver.probe(environment));
        } catch (IllegalArgumentException problem) {
            return Outcome.failed(CudaStatus.INVALID_VALUE, String.valueOf(problem.getMessage()));
        }
    }

    @Override
    public Outcome<GpuDriver> open(DriverOptions options) {
        try {
            return Outcome.of(new SoftDriver(options, executors));
        } catch (IllegalArgumentException problem) {
            return Outcome.failed(CudaStatus.INVALID_VALUE, String.valueOf(problem.getMessage()));
        } catch (OutOfMemoryError problem) {
            return Outcome.failed(CudaStatus.OUT_OF_MEMORY, String.valueOf(problem.getMessage()));
        }
    }
}
