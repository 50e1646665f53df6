// Estimates pi with a counter-based generator; the number of hits must equal the CPU's.
#include "sample.h"

__host__ __device__ inline uint32_t mix(uint64_t counter)
{
    counter += 0x9E3779B97F4A7C15ull;
    counter = (counter ^ (counter >> 30)) * 0xBF58476D1CE4E5B9ull;
    counter = (counter ^ (counter >> 27)) * 0x94D049BB133111EBull;
    return uint32_t((counter ^ (counter >> 31)) >> 32);
}

__host__ __device__ inline bool hit(uint64_t i)
{
    uint32_t x = mix(2 * i) >> 16, y = mix(2 * i + 1) >> 16;
    return uint64_t(x) * x + uint64_t(y) * y < (1ull << 32);
}

__global__ void throwDarts(unsigned long long *hits, int perThread)
{
    uint64_t first = uint64_t(blockIdx.x * blockDim.x + threadIdx.x) * perThread;
    unsigned own = 0;
    for (int i = 0; i < perThread; i++) own += hit(first + i);
    unsigned inWarp = __reduce_add_sync(0xffffffffu, own);
    if (threadIdx.x % 32 == 0) atomicAdd(hits, (unsigned long long)inWarp);
}

int main(int argc, char **argv)
{
    const int blocks = sample::size(argc, argv, 32), threads = 128, perThread = 64;
    sample::Device<unsigned long long> dhits(1);
    dhits.zero();
    throwDarts<<<blocks, threads>>>(dhits.get(), perThread);
    sample::launched();
    const uint64_t darts = uint64_t(blocks) * threads * perThread;
    unsigned long long hits = dhits.host()[0], expected = 0;
    for (uint64_t i = 0; i < darts; i++) expected += hit(i);
    if (hits != expected) return sample::failed("%llu hits, not %llu", hits, expected);
    double pi = 4.0 * double(hits) / double(darts);
    if (std::fabs(pi - M_PI) > 0.05) return sample::failed("pi is not %g", pi);
    std::printf("Monte Carlo: pi is about %.4f after %llu darts\n", pi, (unsigned long long)darts);
    return sample::passed();
}
