// A cooperative launch: all blocks meet at grid.sync() between the rounds of a smoothing filter.
#include <algorithm>

#include <cooperative_groups.h>

#include "sample.h"

namespace cg = cooperative_groups;

__global__ void smooth(int *a, int *b, int n, int rounds)
{
    cg::grid_group grid = cg::this_grid();
    for (int r = 0; r < rounds; r++) {
        for (int i = int(grid.thread_rank()); i < n; i += int(grid.size()))
            b[i] = (a[(i + n - 1) % n] + 2 * a[i] + a[(i + 1) % n]) / 4;
        grid.sync();
        int *swap = a;
        a = b;
        b = swap;
    }
}

int main(int argc, char **argv)
{
    int n = sample::size(argc, argv, 3000), rounds = 10, supported = 0, perMultiprocessor = 0, multiprocessors = 0;
    CUDA(cudaDeviceGetAttribute(&supported, cudaDevAttrCooperativeLaunch, 0));
    if (!supported) return sample::failed("this device has no cooperative launch");
    CUDA(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, 0));
    CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&perMultiprocessor, smooth, 64, 0));
    int blocks = std::min(16, perMultiprocessor * multiprocessors);
    sample::Random random;
    std::vector<int> now(n), next(n);
    for (int &x : now) x = random.below(100000);
    sample::Device<int> a(now), b(n);
    int *pa = a.get(), *pb = b.get();
    void *arguments[] = {&pa, &pb, &n, &rounds};
    CUDA(cudaLaunchCooperativeKernel((void *)smooth, dim3(blocks), dim3(64), arguments, 0, 0));
    std::vector<int> result = a.host();
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < n; i++) next[i] = (now[(i + n - 1) % n] + 2 * now[i] + now[(i + 1) % n]) / 4;
        std::swap(now, next);
    }
    for (int i = 0; i < n; i++)
        if (result[i] != now[i]) return sample::failed("element %d is %d, not %d", i, result[i], now[i]);
    cudaError_t tooLarge = cudaLaunchCooperativeKernel((void *)smooth, dim3(perMultiprocessor * multiprocessors + 1), dim3(64), arguments, 0, 0);
    cudaGetLastError();
    if (tooLarge != cudaErrorCooperativeLaunchTooLarge) return sample::failed("more blocks than fit: %s", cudaGetErrorName(tooLarge));
    std::printf("grid sync: %d blocks, %d rounds over %d elements\n", blocks, rounds, n);
    return sample::passed();
}
