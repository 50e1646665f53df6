package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.DeviceSnapshot;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.Outcome;

/// The GPUs of the machine's own CUDA driver.
public final class CudaGpuDriverProvider implements GpuDriverProvider {
    /// Loading code waits for whatever runs (CUDA C++ Programming Guide, "Lazy Loading"): so it is
    /// done with the module, not with the first launch of each kernel. The client sends a module
    /// when the first of its kernels is needed.
    private static final String MODULE_LOADING = "CUDA_MODULE_LOADING";

    @Override
    public String name() {
        return "cuda";
    }

    /// Whether a `libcuda.so.1` can be loaded, whatever it then answers.
    public static boolean isPresent() {
        return CudaLibraryLoader.isPresent();
    }

    @Override
    public Outcome<List<DeviceSnapshot>> probe(Map<String, String> environment) {
        CudaStatus status = initialise();
        if (!status.isSuccess()) {
            return Outcome.failed(status, "cuInit");
        }
        List<DeviceSnapshot> devices = new ArrayList<>();
        int count = Scratch.intFrom(CudaLibrary::cuDeviceGetCount).value();
        for (int index = 0; index < count; index++) {
            devices.add(DeviceReader.read(index));
        }
        return Outcome.of(devices);
    }

    @Override
    public Outcome<GpuDriver> open(DriverOptions options) {
        return switch (probe(options.environment())) {
            case Outcome.Success<List<DeviceSnapshot>> success ->
                    CudaGpuDriver.open(options, success.value());
            case Outcome.Failure<List<DeviceSnapshot>> failure ->
                    Outcome.failed(failure.status(), failure.detail());
        };
    }

    private static CudaStatus initialise() {
        if (!CudaLibraryLoader.isPresent()) {
            return CudaStatus.NO_DEVICE;
        }
        ProcessEnvironment.setUnlessSet(MODULE_LOADING, "EAGER");
        return CudaStatus.of(CudaLibrary.cuInit(0));
    }
}
