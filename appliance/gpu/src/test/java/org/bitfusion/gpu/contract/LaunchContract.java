package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.LaunchParameters;
import org.junit.jupiter.api.Test;

/// Kernels: what they compute, how they wait for each other, how they print.
public abstract class LaunchContract extends GpuContract {
    private static LaunchParameters shaped(
            int blocks, int threads, int shared, boolean cooperative, byte[] packed) {
        return new LaunchParameters(
                blocks, 1, 1, threads, 1, 1, shared, cooperative, 1, 1, 1, packed);
    }

    @Test
    void vectorsAreAdded() {
        GpuStream stream = stream();
        int count = 10_000;
        long a = allocate(count * 4L);
        long b = allocate(count * 4L);
        long c = allocate(count * 4L);
        int[] left = IntStream.range(0, count).map(i -> Float.floatToIntBits(i)).toArray();
        int[] right = IntStream.range(0, count).map(i -> Float.floatToIntBits(2f * i)).toArray();
        writeInts(stream, a, left);
        writeInts(stream, b, right);
        launch(stream, kernel("vector_add"), 79, 128, a, b, c, count);
        int[] expected = IntStream.range(0, count).map(i -> Float.floatToIntBits(3f * i)).toArray();
        assertThat(readInts(stream, c, count)).isEqualTo(expected);
    }

    @Test
    void everyThreadOfEveryBlockRunsOnce() {
        GpuStream stream = stream();
        long where = allocate(4);
        writeInts(stream, where, 0);
        GpuFunction count = kernel("count");
        launch(stream, count, 500, 64, where);
        launch(stream, count, 1, 1024, where);
        var packed = pack(where);
        stream.launch(count, new LaunchParameters(3, 4, 5, 2, 3, 4, 0, false, 1, 1, 1, packed));
        int expected = 500 * 64 + 1024 + 3 * 4 * 5 * 2 * 3 * 4;
        assertThat(readInts(stream, where, 1)).containsExactly(expected);
    }

    @Test
    void aKernelThatWaitsForAnotherStreamIsOvertaken() {
        GpuStream first = stream();
        GpuStream second = stream();
        long flag = allocate(4);
        long result = allocate(4);
        writeInts(first, flag, 0);
        writeInts(first, result, 0);
        assertThat(synchronize(first)).isEqualTo(CudaStatus.SUCCESS);
        var module = kernels();
        launch(first, module.function("wait_for_flag").value(), 4, 64, flag, result);
        launch(second, module.function("store").value(), 1, 1, flag, 77);
        assertThat(readInts(first, result, 1)).containsExactly(77);
    }

    @Test
    void aKernelThatWaitsForACopyIsOvertaken() {
        GpuStream first = stream();
        long flag = allocate(4);
        writeInts(first, flag, 0);
        assertThat(synchronize(first)).isEqualTo(CudaStatus.SUCCESS);
        launch(first, kernel("wait_for_flag"), 1, 32, flag, flag + 0L);
        writeInts(stream(), flag, 5);
        assertThat(synchronize(first)).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void blocksOfACooperativeLaunchMeet() {
        GpuStream stream = stream();
        GpuFunction kernel = kernel("grid_barrier");
        int blocks =
                kernel.occupancy(32, 0, 0).value()
                        * device.snapshot().attributes().getOrDefault(16, 1);
        long where = allocate(blocks * 8L);
        assertThat(stream.launch(kernel, shaped(blocks, 1, 0, true, pack(where))))
                .isEqualTo(CudaStatus.SUCCESS);
        int expected = 1 + blocks * (blocks + 1) / 2;
        assertThat(readInts(stream, where + blocks * 4L, blocks)).containsOnly(expected);
        assertThat(stream.launch(kernel, shaped(blocks + 1, 32, 0, true, pack(where))))
                .isEqualTo(CudaStatus.COOPERATIVE_LAUNCH_TOO_LARGE);
    }

    @Test
    void dynamicSharedMemoryIsThere() {
        GpuStream stream = stream();
        long where = allocate(4096);
        writeInts(stream, where, IntStream.range(0, 1000).toArray());
        assertThat(stream.launch(kernel("reverse"), shaped(1, 1000, 4000, false, pack(where))))
                .isEqualTo(CudaStatus.SUCCESS);
        assertThat(readInts(stream, where, 1000))
                .isEqualTo(IntStream.range(0, 1000).map(i -> 999 - i).toArray());
    }

    @Test
    void moreDynamicSharedMemoryMustBeAskedFor() {
        GpuStream stream = stream();
        long where = allocate(4096);
        GpuFunction kernel = kernel("reverse");
        CudaStatus refused = stream.launch(kernel, shaped(1, 32, 60_000, false, pack(where)));
        synchronize(stream);
        // By the call, or later where the driver looks later.
        assertThat(refused.isSuccess() ? context.takeError() : refused)
                .isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(kernel.setAttribute(8, 60_000)).isEqualTo(CudaStatus.SUCCESS);
        stream.launch(kernel, shaped(1, 32, 60_000, false, pack(where)));
        synchronize(stream);
        assertThat(context.takeError()).isEqualTo(CudaStatus.SUCCESS);
        assertThat(kernel.setAttribute(8, 1 << 20)).isEqualTo(CudaStatus.INVALID_VALUE);
    }

    @Test
    void printedTextIsThereAfterSynchronising() {
        GpuStream stream = stream();
        assertThat(context.takeOutput()).isEmpty();
        GpuFunction print = kernel("print");
        launch(stream, print, 1, 1, 42);
        launch(stream, print, 2, 1, -7);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(new String(context.takeOutput(), StandardCharsets.UTF_8))
                .isEqualTo("value 42\nvalue -7\nvalue -7\n");
        assertThat(context.takeOutput()).isEmpty();
    }

    @Test
    void kernelsAllocateMemory() {
        GpuStream stream = stream();
        long where = allocate(1024);
        launch(stream, kernel("use_heap"), 1, 256, where);
        assertThat(readInts(stream, where, 256)).isEqualTo(IntStream.range(0, 256).toArray());
    }

    @Test
    void wrongDimensionsAreInvalidAtOnce() {
        GpuStream stream = stream();
        GpuFunction count = kernel("count");
        byte[] packed = pack(allocate(4));
        assertThat(stream.launch(count, LaunchParameters.linear(0, 1, packed)))
                .isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.launch(count, LaunchParameters.linear(1, 1025, packed)))
                .isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.launch(count, LaunchParameters.linear(1, 1, new byte[4])))
                .isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(context.error()).isEqualTo(CudaStatus.SUCCESS);
    }
}
