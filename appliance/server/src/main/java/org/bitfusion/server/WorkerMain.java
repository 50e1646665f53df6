package org.bitfusion.server;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.cuda.CudaGpuDriverProvider;
import org.bitfusion.gpu.soft.SoftDriverProvider;
import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.bitfusion.protocol.control.WorkerReport;
import org.bitfusion.worker.Worker;

/// A worker process; started by the dispatcher only, with the socket where the dispatcher listens
/// and what it calls the process. Standard output and error are the log; see [WorkerCommand].
public final class WorkerMain {
    private static final int USAGE = 64;

    private WorkerMain() {}

    public static void main(String[] arguments) {
        String workerName = System.getenv(WorkerReport.NAME_VARIABLE);
        if (arguments.length != 1 || workerName == null) {
            System.err.println("usage: WorkerMain SOCKET, as the dispatcher starts it");
            Runtime.getRuntime().halt(USAGE);
            return;
        }
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
                                Path.of(arguments[0]),
                                UUID.fromString(workerName),
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
