// Counts bytes: privatised in shared memory, merged by atomics.
#include "sample.h"

__global__ void count(const unsigned char *text, int n, unsigned *bins)
{
    __shared__ unsigned own[256];
    for (int i = threadIdx.x; i < 256; i += blockDim.x) own[i] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&own[text[i]], 1u);
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x)
        if (own[i]) atomicAdd(&bins[i], own[i]);
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 300000);
    sample::Random random;
    std::vector<unsigned char> text(n);
    std::vector<unsigned> expected(256);
    for (unsigned char &c : text) {
        c = (random.bits() >> 24) & (random.bits() >> 24); // not uniform
        expected[c]++;
    }
    sample::Device<unsigned char> dtext(text);
    sample::Device<unsigned> dbins(256);
    dbins.zero();
    count<<<24, 128>>>(dtext.get(), n, dbins.get());
    sample::launched();
    std::vector<unsigned> bins = dbins.host();
    for (int i = 0; i < 256; i++)
        if (bins[i] != expected[i]) return sample::failed("bin %d holds %u, not %u", i, bins[i], expected[i]);
    std::printf("histogram: %d bytes, %u of them zero\n", n, bins[0]);
    return sample::passed();
}
