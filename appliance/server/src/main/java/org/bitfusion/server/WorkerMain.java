package org.bitfusion.server;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.cuda.CudaGpuDriverProvider;
import org.bitfusion.gpu.soft.SoftDriverProvider;
import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.bitfusion.worker.Worker;

/// A worker process; started by the dispatcher only. Standard input and the descriptor for reports
/// belong to the dispatcher, standard output and error are the log; see [WorkerCommand].
public final class WorkerMain {
    private static final int USAGE = 64;

    private WorkerMain() {}

    public static void main(String[] arguments) throws IOException {
        FileOutputStream reports = new FileOutputStream("/proc/self/fd/" + WorkerCommand.REPORTS);
        Map<String, String> environment = System.getenv();
        String name = environment.getOrDefault("BF_GPU", "");
        GpuDriverProvider provider =
                switch (name) {
                    case "soft" -> softwareGpu();
                    case "cuda" -> new CudaGpuDriverProvider();
                    case "" ->
                            CudaGpuDriverProvider.isPresent()
                                    ? new CudaGpuDriverProvider()
                                    : softwareGpu();
                    default -> null;
                };
        if (provider == null) {
            System.err.println("BF_GPU is '" + name + "' (expected: soft or cuda)");
            Runtime.getRuntime().halt(USAGE);
            return;
        }
        Settings settings = new Settings(environment);
        int exitCode =
                new Worker(
                                provider,
                                environment,
                                new FileInputStream(FileDescriptor.in),
                                reports,
                                settings.imageFolder(),
                                Settings.BUILD,
                                provider instanceof SoftDriverProvider)
                        .run();
        // No shutdown hooks, no waiting for kernels: device memory must be free at once.
        Runtime.getRuntime().halt(exitCode);
    }

    private static GpuDriverProvider softwareGpu() {
        return new SoftDriverProvider(
                List.of(new PtxCompiler(SingleInstruction::of), new InterpreterFactory()));
    }
}
