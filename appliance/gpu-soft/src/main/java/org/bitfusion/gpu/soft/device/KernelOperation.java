package org.bitfusion.gpu.soft.device;

import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.soft.launch.Launch;
import org.bitfusion.gpu.soft.module.SoftFunction;

/// A launch in its stream.
final class KernelOperation extends ContextOperation {
    private final SoftFunction kernel;
    private final LaunchParameters parameters;

    KernelOperation(SoftContext context, SoftFunction kernel, LaunchParameters parameters) {
        super(context);
        this.kernel = kernel;
        this.parameters = parameters;
    }

    @Override
    boolean run() {
        Launch.run(kernel, parameters, context.kernelEnvironment());
        return true;
    }
}
