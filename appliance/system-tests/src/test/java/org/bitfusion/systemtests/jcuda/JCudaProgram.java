package org.bitfusion.systemtests.jcuda;

import static jcuda.runtime.JCuda.cudaMalloc;
import static jcuda.runtime.JCuda.cudaMemcpy;
import static jcuda.runtime.JCuda.cudaMemcpyAsync;
import static jcuda.runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost;
import static jcuda.runtime.cudaMemcpyKind.cudaMemcpyHostToDevice;

import java.nio.charset.StandardCharsets;
import jcuda.Pointer;
import jcuda.Sizeof;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaDeviceProp;
import jcuda.runtime.cudaEvent_t;
import jcuda.runtime.cudaStream_t;

/// A program as a JCuda user writes it: asks for the devices, copies, uses streams and events,
/// launches a kernel. Prints what it found and `PASSED`.
public final class JCudaProgram {
    private static final int COUNT = 100_000;
    private static final String SCALE =
            """
            .version 7.0
            .target sm_70
            .address_size 64
            .visible .entry scale(.param .u64 values, .param .f32 factor, .param .u32 count)
            {
            .reg .pred %p; .reg .b32 %r<5>; .reg .f32 %f<3>; .reg .b64 %d<3>;
            ld.param.u64 %d0, [values]; ld.param.f32 %f0, [factor]; ld.param.u32 %r0, [count];
            mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mad.lo.s32 %r4, %r1, %r2, %r3;
            setp.ge.u32 %p, %r4, %r0; @%p bra done;
            mul.wide.u32 %d1, %r4, 4; add.s64 %d2, %d0, %d1;
            ld.global.f32 %f1, [%d2]; mul.f32 %f2, %f1, %f0; st.global.f32 [%d2], %f2;
            done: ret;
            }
            """;

    private JCudaProgram() {}

    public static void main(String[] arguments) {
        JCuda.setExceptionsEnabled(true);
        JCudaDriver.setExceptionsEnabled(true);
        queryDevices();
        Pointer device = new Pointer();
        cudaMalloc(device, (long) COUNT * Sizeof.FLOAT);
        copyThere(device);
        launch(device);
        copyBackInAStream(device);
        JCuda.cudaFree(device);
        System.out.println("PASSED");
    }

    private static void queryDevices() {
        int[] number = new int[1];
        JCuda.cudaRuntimeGetVersion(number);
        System.out.println("runtime " + number[0]);
        JCuda.cudaGetDeviceCount(number);
        require(number[0] == 2, "two devices, found " + number[0]);
        for (int i = 0; i < number[0]; i++) {
            cudaDeviceProp properties = new cudaDeviceProp();
            JCuda.cudaGetDeviceProperties(properties, i);
            System.out.println(i + ": " + properties.getName() + " " + properties.totalGlobalMem);
            require(
                    properties.major == 8 && properties.maxThreadsPerBlock == 1024,
                    "compute capability 8");
            require(properties.totalGlobalMem > 0, "memory");
        }
        JCuda.cudaSetDevice(0);
    }

    private static void copyThere(Pointer device) {
        float[] values = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            values[i] = i;
        }
        cudaMemcpy(device, Pointer.to(values), (long) COUNT * Sizeof.FLOAT, cudaMemcpyHostToDevice);
    }

    private static void launch(Pointer device) {
        CUmodule module = new CUmodule();
        CUfunction function = new CUfunction();
        byte[] text = (SCALE + "\0").getBytes(StandardCharsets.US_ASCII);
        JCudaDriver.cuModuleLoadData(module, text);
        JCudaDriver.cuModuleGetFunction(function, module, "scale");
        Pointer parameters =
                Pointer.to(
                        Pointer.to(device),
                        Pointer.to(new float[] {0.5f}),
                        Pointer.to(new int[] {COUNT}));
        int blocks = (COUNT + 255) / 256;
        JCudaDriver.cuLaunchKernel(
                function, blocks, 1, 1, 256, 1, 1, 0, new CUstream(), parameters, null);
        JCudaDriver.cuCtxSynchronize();
    }

    private static void copyBackInAStream(Pointer device) {
        cudaStream_t stream = new cudaStream_t();
        cudaEvent_t start = new cudaEvent_t();
        cudaEvent_t end = new cudaEvent_t();
        Pointer host = new Pointer();
        JCuda.cudaStreamCreate(stream);
        JCuda.cudaEventCreate(start);
        JCuda.cudaEventCreate(end);
        JCuda.cudaMallocHost(host, (long) COUNT * Sizeof.FLOAT);
        JCuda.cudaEventRecord(start, stream);
        cudaMemcpyAsync(host, device, (long) COUNT * Sizeof.FLOAT, cudaMemcpyDeviceToHost, stream);
        JCuda.cudaEventRecord(end, stream);
        JCuda.cudaStreamSynchronize(stream);
        float[] milliseconds = {-1};
        JCuda.cudaEventElapsedTime(milliseconds, start, end);
        require(milliseconds[0] >= 0, "elapsed time");
        float[] values = new float[COUNT];
        host.getByteBuffer(0, (long) COUNT * Sizeof.FLOAT)
                .order(java.nio.ByteOrder.nativeOrder())
                .asFloatBuffer()
                .get(values);
        for (int i = 0; i < COUNT; i++) {
            require(values[i] == i * 0.5f, "value " + i + " is " + values[i]);
        }
        JCuda.cudaFreeHost(host);
        JCuda.cudaStreamDestroy(stream);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("expected: " + what);
        }
    }
}
