// What the runtime says of each device, and that it is consistent.
#include "sample.h"

int main()
{
    int count = 0, runtime = 0, driver = 0;
    CUDA(cudaGetDeviceCount(&count));
    CUDA(cudaRuntimeGetVersion(&runtime));
    CUDA(cudaDriverGetVersion(&driver));
    if (count < 1) return sample::failed("no device");
    if (driver < runtime) return sample::failed("driver %d is older than runtime %d", driver, runtime);
    for (int d = 0; d < count; d++) {
        cudaDeviceProp p;
        size_t free = 0, total = 0;
        int threads = 0;
        CUDA(cudaGetDeviceProperties(&p, d));
        CUDA(cudaSetDevice(d));
        CUDA(cudaMemGetInfo(&free, &total));
        CUDA(cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerBlock, d));
        std::printf("device %d: %s, compute capability %d.%d, %zu MiB, %d multiprocessors\n", d, p.name, p.major, p.minor,
                    p.totalGlobalMem >> 20, p.multiProcessorCount);
        if (p.warpSize != 32 || threads != p.maxThreadsPerBlock || p.maxThreadsPerBlock < 1024) return sample::failed("limits of device %d", d);
        if (free > total || total > p.totalGlobalMem) return sample::failed("memory of device %d: %zu of %zu", d, free, total);
        if (p.maxGridSize[0] != 0x7fffffff || p.sharedMemPerBlock < 48 << 10) return sample::failed("grid or shared memory of device %d", d);
    }
    return sample::passed();
}
