// The reduction of older programs: the last warp adds through volatile shared memory, in lockstep, without a barrier.
#include "sample.h"

constexpr int THREADS = 256;

__global__ void reduce(const int *in, int *out, int n)
{
    __shared__ volatile int sums[THREADS];
    int t = threadIdx.x, i = blockIdx.x * THREADS * 2 + t;
    sums[t] = (i < n ? in[i] : 0) + (i + THREADS < n ? in[i + THREADS] : 0);
    __syncthreads();
    if (t < 128) sums[t] += sums[t + 128];
    __syncthreads();
    if (t < 64) sums[t] += sums[t + 64];
    __syncthreads();
    if (t < 32) {
        sums[t] += sums[t + 32];
        sums[t] += sums[t + 16];
        sums[t] += sums[t + 8];
        sums[t] += sums[t + 4];
        sums[t] += sums[t + 2];
        sums[t] += sums[t + 1];
    }
    if (t == 0) out[blockIdx.x] = sums[0];
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 100000), blocks = sample::blocks(n, THREADS * 2);
    sample::Random random;
    std::vector<int> in(n);
    for (int &x : in) x = int(random.below(2001)) - 1000;
    sample::Device<int> din(in), dout(blocks);
    reduce<<<blocks, THREADS>>>(din.get(), dout.get(), n);
    sample::launched();
    std::vector<int> out = dout.host();
    for (int b = 0; b < blocks; b++) {
        int expected = 0;
        for (int i = b * THREADS * 2; i < n && i < (b + 1) * THREADS * 2; i++) expected += in[i];
        if (out[b] != expected) return sample::failed("block %d sums to %d, not %d", b, out[b], expected);
    }
    std::printf("volatile reduction: %d elements in %d blocks\n", n, blocks);
    return sample::passed();
}
