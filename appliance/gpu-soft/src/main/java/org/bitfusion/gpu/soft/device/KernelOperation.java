package org.bitfusion.gpu.soft.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.launch.Launch;
import org.bitfusion.gpu.soft.memory.WindowMemory;
import org.bitfusion.gpu.soft.module.LaunchRefused;
import org.bitfusion.gpu.soft.module.SoftFunction;
import org.jspecify.annotations.Nullable;

/// A launch in its stream.
final class KernelOperation extends ContextOperation {
    /// No operating system gives a program an address below this one.
    private static final long SMALLEST_ADDRESS = 1 << 16;

    private final SoftFunction kernel;
    private final LaunchParameters parameters;

    KernelOperation(SoftContext context, SoftFunction kernel, LaunchParameters parameters) {
        super(context);
        this.kernel = kernel;
        this.parameters = parameters;
    }

    @Override
    boolean run() {
        try {
            Launch.run(kernel, parameters, context.kernelEnvironment());
        } catch (KernelFault fault) {
            Long address = fault.outsideAddress();
            if (address == null && fault.status() == KernelFault.ILLEGAL_ADDRESS) {
                address = addressBehindWindow();
            }
            if (address != null) {
                tell(address);
            }
            throw fault;
        } catch (LaunchRefused refused) {
            if (refused.status() == CudaStatus.INVALID_PTX) {
                tell(String.valueOf(refused.getMessage()));
            }
            throw refused;
        }
        return true;
    }

    /// What the kernel holds that this GPU does not execute.
    ///
    /// @param why names the instruction, and the line if there is one: once for each instruction
    private void tell(String why) {
        context.tellOnce(
                why.startsWith("line ") ? why.substring(why.indexOf(' ', 5) + 1) : why,
                "bitfusion: kernel %s cannot run on this GPU: %s".formatted(kernel.name(), why));
    }

    /// A parameter that is an address right behind the window. The program may have host memory
    /// there; here it is where blocks have memory of their own, mostly dead, and a fault on a dead
    /// page does not tell its address.
    private @Nullable Long addressBehindWindow() {
        WindowMemory window = context.window();
        ByteBuffer words = ByteBuffer.wrap(parameters.packed()).order(ByteOrder.LITTLE_ENDIAN);
        while (words.remaining() >= Long.BYTES) {
            long word = words.getLong();
            long offset = word - window.windowBase();
            if (offset >= window.windowSize() && offset < window.segment().byteSize()) {
                return word;
            }
        }
        return null;
    }

    /// Why the kernel has faulted, for the program's user.
    private void tell(long address) {
        boolean nothing = address >= 0 && address < SMALLEST_ADDRESS;
        String why =
                nothing
                        ? "is it a null pointer?"
                        : "kernels cannot read or write host memory, pinned or not, on this GPU";
        context.tellOnce(
                why,
                "bitfusion: kernel %s: address 0x%x is not device memory; %s"
                        .formatted(kernel.name(), address, why));
    }
}
