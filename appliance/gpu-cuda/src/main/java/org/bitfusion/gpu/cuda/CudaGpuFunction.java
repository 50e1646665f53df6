package org.bitfusion.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.Outcome;

/// A kernel of the driver.
record CudaGpuFunction(CudaGpuContext context, GpuModule module, String name, long handle)
        implements GpuFunction {

    /// By cuFuncGetParamInfo; empty on a driver older than 12.4.
    @Override
    public List<Parameter> parameters() {
        context.makeCurrent();
        List<Parameter> parameters = new ArrayList<>();
        for (int index = 0; ; index++) {
            int wanted = index;
            long[] pair =
                    Scratch.pairFrom(room ->
                                    CudaLibrary.cuFuncGetParamInfo(
                                            handle, wanted, room, room.asSlice(8)))
                            .valueOrNull();
            if (pair == null) {
                return parameters;
            }
            parameters.add(new Parameter((int) pair[0], (int) pair[1]));
        }
    }

    @Override
    public Outcome<Integer> attribute(int attribute) {
        context.makeCurrent();
        return Scratch.intFrom(room -> CudaLibrary.cuFuncGetAttribute(room, attribute, handle));
    }

    @Override
    public CudaStatus setAttribute(int attribute, int value) {
        context.makeCurrent();
        return CudaStatus.of(CudaLibrary.cuFuncSetAttribute(handle, attribute, value));
    }

    @Override
    public Outcome<Integer> occupancy(int blockSize, long dynamicSharedBytes, int flags) {
        context.makeCurrent();
        return Scratch.intFrom(room ->
                CudaLibrary.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
                        room, handle, blockSize, dynamicSharedBytes, flags));
    }
}
