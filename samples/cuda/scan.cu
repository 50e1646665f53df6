// Inclusive prefix sum in three kernels: blocks, block totals, offsets.
#include "sample.h"

constexpr int THREADS = 256;

__global__ void scanBlocks(const unsigned *in, unsigned *out, unsigned *totals, int n)
{
    __shared__ unsigned warpTotals[THREADS / 32];
    int i = blockIdx.x * THREADS + threadIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    unsigned x = i < n ? in[i] : 0;
    for (int offset = 1; offset < 32; offset *= 2) {
        unsigned y = __shfl_up_sync(0xffffffffu, x, offset);
        if (lane >= offset) x += y;
    }
    if (lane == 31) warpTotals[warp] = x;
    __syncthreads();
    if (warp == 0 && lane < THREADS / 32) {
        unsigned t = warpTotals[lane];
        for (int offset = 1; offset < THREADS / 32; offset *= 2) {
            unsigned y = __shfl_up_sync((1u << (THREADS / 32)) - 1, t, offset);
            if (lane >= offset) t += y;
        }
        warpTotals[lane] = t;
    }
    __syncthreads();
    if (warp > 0) x += warpTotals[warp - 1];
    if (i < n) out[i] = x;
    if (threadIdx.x == THREADS - 1) totals[blockIdx.x] = x;
}

__global__ void scanTotals(unsigned *totals, int count)
{
    if (threadIdx.x == 0)
        for (int i = 1; i < count; i++) totals[i] += totals[i - 1];
}

__global__ void addOffsets(unsigned *out, const unsigned *totals, int n)
{
    int i = blockIdx.x * THREADS + threadIdx.x;
    if (blockIdx.x > 0 && i < n) out[i] += totals[blockIdx.x - 1];
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 100000), blocks = sample::blocks(n, THREADS);
    sample::Random random;
    std::vector<unsigned> in(n);
    for (unsigned &x : in) x = random.below(1000);
    sample::Device<unsigned> din(in), dout(n), dtotals(blocks);
    scanBlocks<<<blocks, THREADS>>>(din.get(), dout.get(), dtotals.get(), n);
    scanTotals<<<1, 32>>>(dtotals.get(), blocks);
    addOffsets<<<blocks, THREADS>>>(dout.get(), dtotals.get(), n);
    sample::launched();
    std::vector<unsigned> out = dout.host();
    unsigned sum = 0;
    for (int i = 0; i < n; i++)
        if (out[i] != (sum += in[i])) return sample::failed("element %d is %u, not %u", i, out[i], sum);
    std::printf("scan: %d elements, total %u\n", n, sum);
    return sample::passed();
}
