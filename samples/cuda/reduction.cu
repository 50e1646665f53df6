// Sums an array by a tree in dynamic shared memory and by warp shuffles; finds minimum and maximum.
#include <algorithm>

#include "sample.h"

__global__ void tree(const int *in, int *out, int n)
{
    extern __shared__ int partial[];
    int sum = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += in[i];
    partial[threadIdx.x] = sum;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) out[blockIdx.x] = partial[0];
}

__device__ float warpSum(float x)
{
    for (int offset = 16; offset > 0; offset /= 2) x += __shfl_down_sync(0xffffffffu, x, offset);
    return x;
}

__global__ void shuffle(const float *in, float *total, int n)
{
    __shared__ float perWarp[32];
    float sum = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += in[i];
    sum = warpSum(sum);
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    if (lane == 0) perWarp[warp] = sum;
    __syncthreads();
    if (warp == 0) {
        sum = warpSum(lane < blockDim.x / 32 ? perWarp[lane] : 0.0f);
        if (lane == 0) atomicAdd(total, sum);
    }
}

__global__ void extremes(const int *in, int *low, int *high, int n)
{
    int least = 0x7fffffff, most = -0x7fffffff - 1;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        least = min(least, in[i]);
        most = max(most, in[i]);
    }
    for (int mask = 16; mask > 0; mask /= 2) {
        least = min(least, __shfl_xor_sync(0xffffffffu, least, mask));
        most = max(most, __shfl_xor_sync(0xffffffffu, most, mask));
    }
    if (threadIdx.x % 32 == 0) {
        atomicMin(low, least);
        atomicMax(high, most);
    }
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 200000), blocks = 16, threads = 256;
    sample::Random random;
    std::vector<int> in(n);
    std::vector<float> floats(n);
    long expected = 0;
    double expectedFloat = 0;
    int least = 0x7fffffff, most = -least - 1;
    for (int i = 0; i < n; i++) {
        in[i] = int(random.below(2000)) - 1000;
        floats[i] = float(random.below(16)); // sums of small integers are exact in any order
        expected += in[i];
        expectedFloat += floats[i];
        least = std::min(least, in[i]);
        most = std::max(most, in[i]);
    }
    sample::Device<int> din(in), dout(blocks), dends(std::vector<int>{0x7fffffff, -0x7fffffff - 1});
    sample::Device<float> dfloats(floats), dtotal(std::vector<float>{0});
    tree<<<blocks, threads, threads * sizeof(int)>>>(din.get(), dout.get(), n);
    shuffle<<<blocks, threads>>>(dfloats.get(), dtotal.get(), n);
    extremes<<<blocks, threads>>>(din.get(), dends.get(), dends.get() + 1, n);
    sample::launched();
    long sum = 0;
    for (int partial : dout.host()) sum += partial;
    if (sum != expected) return sample::failed("tree: %ld, not %ld", sum, expected);
    float total = dtotal.host()[0];
    if (double(total) != expectedFloat) return sample::failed("shuffle: %g, not %g", total, expectedFloat);
    std::vector<int> ends = dends.host();
    if (ends[0] != least || ends[1] != most) return sample::failed("extremes: %d..%d, not %d..%d", ends[0], ends[1], least, most);
    std::printf("reduction: %d elements, sum %ld, from %d to %d\n", n, sum, least, most);
    return sample::passed();
}
