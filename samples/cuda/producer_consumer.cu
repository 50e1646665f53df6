// Flags: a consumer warp spins on what a producer warp of the same block writes, and a block on the block after it.
#include <cuda/atomic>

#include "sample.h"

constexpr int ITEMS = 50;

/// Warp 0 fills a slot, warp 1 empties it, without a barrier.
__global__ void withinBlock(const int *in, int *out)
{
    __shared__ volatile int slot, full;
    if (threadIdx.x == 0) full = 0;
    __syncthreads();
    if (threadIdx.x == 32) { // the consumer waits first
        for (int i = 0; i < ITEMS; i++) {
            while (!full) {}
            __threadfence_block();
            out[i] = slot * 2;
            __threadfence_block();
            full = 0;
        }
    } else if (threadIdx.x == 0) {
        for (int i = 0; i < ITEMS; i++) {
            while (full) {}
            slot = in[i];
            __threadfence_block();
            full = 1;
        }
    }
}

/// Block 0 waits for block 1, which starts after it.
__global__ void betweenBlocks(int *value, int *flag, int *out)
{
    if (threadIdx.x != 0) return;
    cuda::atomic_ref<int, cuda::thread_scope_device> ready(*flag);
    if (blockIdx.x == 1) {
        *value = 4711;
        ready.store(1, cuda::memory_order_release);
    } else {
        while (ready.load(cuda::memory_order_acquire) == 0) {}
        *out = *value;
    }
}

int main()
{
    std::vector<int> in(ITEMS);
    for (int i = 0; i < ITEMS; i++) in[i] = i * i + 1;
    sample::Device<int> din(in), dout(ITEMS), words(3);
    words.zero();
    withinBlock<<<4, 64>>>(din.get(), dout.get());
    betweenBlocks<<<2, 32>>>(words.get(), words.get() + 1, words.get() + 2);
    sample::launched();
    std::vector<int> out = dout.host();
    for (int i = 0; i < ITEMS; i++)
        if (out[i] != in[i] * 2) return sample::failed("item %d is %d, not %d", i, out[i], in[i] * 2);
    if (words.host()[2] != 4711) return sample::failed("block 0 saw %d", words.host()[2]);
    std::printf("producer/consumer: %d items between warps, one between blocks\n", ITEMS);
    return sample::passed();
}
