// Sorts by a bitonic network in shared and global memory, and by a stable radix sort with ballots.
#include <algorithm>

#include "sample.h"

__global__ void bitonicStep(unsigned *keys, int j, int k)
{
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x, partner = i ^ j;
    if (partner > i) {
        unsigned a = keys[i], b = keys[partner];
        if ((a > b) == ((i & k) == 0)) {
            keys[i] = b;
            keys[partner] = a;
        }
    }
}

__global__ void bitonicShared(unsigned *keys)
{
    extern __shared__ unsigned local[];
    unsigned i = threadIdx.x, global = blockIdx.x * blockDim.x + i;
    local[i] = keys[global];
    __syncthreads();
    for (unsigned k = 2; k <= blockDim.x; k *= 2)
        for (unsigned j = k / 2; j > 0; j /= 2) {
            unsigned partner = i ^ j;
            if (partner > i) {
                unsigned a = local[i], b = local[partner];
                if ((a > b) == ((global & k) == 0)) {
                    local[i] = b;
                    local[partner] = a;
                }
            }
            __syncthreads();
        }
    keys[global] = local[i];
}

/// One block; sorts by one bit at a time: zeros first, both in their order.
__global__ void radixSort(int *keys, int n)
{
    extern __shared__ int buffer[];
    __shared__ int zerosBefore[33];
    int i = threadIdx.x, lane = i % 32, warp = i / 32, warps = blockDim.x / 32;
    int key = i < n ? keys[i] ^ int(0x80000000) : -1; // sign bit flipped: order of unsigned bits
    for (int bit = 0; bit < 32; bit++) {
        bool one = (unsigned(key) >> bit) & 1;
        unsigned zeros = __ballot_sync(0xffffffffu, !one);
        if (lane == 0) zerosBefore[warp + 1] = __popc(zeros);
        __syncthreads();
        if (i == 0) {
            zerosBefore[0] = 0;
            for (int w = 1; w <= warps; w++) zerosBefore[w] += zerosBefore[w - 1];
        }
        __syncthreads();
        int before = zerosBefore[warp] + __popc(zeros & ((1u << lane) - 1));
        buffer[one ? zerosBefore[warps] + i - before : before] = key;
        __syncthreads();
        key = buffer[i];
        __syncthreads();
    }
    if (i < n) keys[i] = key ^ int(0x80000000);
}

int main(int argc, char **argv)
{
    const int n = 1 << sample::size(argc, argv, 13), threads = 256;
    sample::Random random;
    std::vector<unsigned> keys(n);
    for (unsigned &k : keys) k = random.bits();
    sample::Device<unsigned> dkeys(keys);
    bitonicShared<<<n / threads, threads, threads * sizeof(unsigned)>>>(dkeys.get());
    for (int k = threads * 2; k <= n; k *= 2)
        for (int j = k / 2; j > 0; j /= 2) bitonicStep<<<n / threads, threads>>>(dkeys.get(), j, k);
    sample::launched();
    std::sort(keys.begin(), keys.end());
    if (dkeys.host() != keys) return sample::failed("bitonic order is wrong");

    std::vector<int> few(500);
    for (int &k : few) k = int(random.bits()) >> random.below(24);
    sample::Device<int> dfew(few);
    radixSort<<<1, 512, 512 * sizeof(int)>>>(dfew.get(), int(few.size()));
    sample::launched();
    std::sort(few.begin(), few.end());
    if (dfew.host() != few) return sample::failed("radix order is wrong");
    std::printf("sort: %d keys bitonic, %zu keys radix\n", n, few.size());
    return sample::passed();
}
