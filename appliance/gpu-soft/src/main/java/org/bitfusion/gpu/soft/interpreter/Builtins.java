package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.execution.DeviceServices;
import org.bitfusion.gpu.soft.execution.ThreadPosition;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxType;

/// Functions that kernels declare and the device provides.
final class Builtins {
    private Builtins() {}

    static Step decode(CodeBuilder code, CallSite site, PtxFunction callee) {
        int wanted =
                switch (callee.name()) {
                    case "vprintf" -> 2;
                    case "malloc", "free" -> 1;
                    case "__assertfail" -> 4;
                    default -> throw missing(code, callee);
                };
        if (site.arguments().size() < wanted) {
            throw missing(code, callee);
        }
        return switch (callee.name()) {
            case "vprintf" -> t -> print(t, site);
            case "malloc" ->
                    t ->
                            site.result(
                                    t,
                                    PtxType.B64,
                                    services(t).allocate(site.argument(t, 0, PtxType.B64)));
            case "free" -> t -> services(t).free(site.argument(t, 0, PtxType.B64));
            default -> t -> fail(t, site);
        };
    }

    private static PtxException missing(CodeBuilder code, PtxFunction callee) {
        return new PtxException(
                code.unsupported().line(),
                code.function.name() + " calls " + callee.name() + ", which nothing provides");
    }

    private static DeviceServices services(CudaThread thread) {
        return thread.block.launch.services();
    }

    private static void print(CudaThread thread, CallSite site) {
        int count =
                services(thread)
                        .print(
                                site.argument(thread, 0, PtxType.B64),
                                site.argument(thread, 1, PtxType.B64));
        site.result(thread, PtxType.B32, count);
    }

    private static void fail(CudaThread thread, CallSite site) {
        throw services(thread)
                .assertionFailed(
                        site.argument(thread, 0, PtxType.B64),
                        site.argument(thread, 1, PtxType.B64),
                        (int) site.argument(thread, 2, PtxType.B32),
                        site.argument(thread, 3, PtxType.B64),
                        new ThreadPosition(
                                thread.block.blockX,
                                thread.block.blockY,
                                thread.block.blockZ,
                                thread.x,
                                thread.y,
                                thread.z));
    }
}
