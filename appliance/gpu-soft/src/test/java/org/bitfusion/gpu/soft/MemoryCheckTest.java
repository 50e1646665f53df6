package org.bitfusion.gpu.soft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.contract.GpuContract;
import org.junit.jupiter.api.Test;

/// BF_SOFT_MEMCHECK=1: kernels are held to the exact bounds of allocations.
class MemoryCheckTest extends GpuContract {
    @Override
    protected GpuDriverProvider provider() {
        return new SoftDriverProvider();
    }

    @Override
    protected Map<String, String> environment() {
        return Map.of("BF_SOFT_MEMCHECK", "1", "BF_SOFT_MEMORY", "256");
    }

    private CudaStatus storeAt(long address) {
        return store(kernel("store"), address);
    }

    private CudaStatus store(GpuFunction store, long address) {
        var stream = stream();
        launch(stream, store, 1, 1, address, 1);
        return synchronize(stream);
    }

    @Test
    void insideAnAllocationAllIsWell() {
        long address = allocate(100);
        assertThat(storeAt(address)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(storeAt(address + 96)).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void oneByteBehindASmallAllocationIsIllegal() {
        long address = allocate(99);
        allocate(99);
        assertThat(storeAt(address + 96)).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
    }

    @Test
    void theGapBetweenLargeAllocationsIsIllegal() {
        long address = allocate(4 << 20);
        allocate(4 << 20);
        assertThat(storeAt(address + (4 << 20))).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
    }

    @Test
    void freedMemoryInALivePageIsIllegal() {
        GpuFunction store = kernel("store");
        long address = allocate(64);
        context.memory().free(address);
        assertThat(store(store, address)).isEqualTo(CudaStatus.ILLEGAL_ADDRESS);
    }

    @Test
    void kernelsWithEveryStateSpaceRun() {
        var stream = stream();
        long where = allocate(4096);
        launch(stream, kernel("use_variables"), 1, 4, where);
        launch(stream, kernel("use_heap"), 1, 64, where);
        launch(stream, kernel("print"), 1, 1, 3);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(context.takeOutput()).isNotEmpty();
    }
}
