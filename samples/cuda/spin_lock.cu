// A spin lock by compare-and-swap: one thread of each warp, every thread of a warp, and many blocks.
#include "sample.h"

__device__ void lock(int *mutex)
{
    while (atomicCAS(mutex, 0, 1) != 0) {}
    __threadfence();
}

__device__ void unlock(int *mutex)
{
    __threadfence();
    atomicExch(mutex, 0);
}

/// Each block's first thread enters; the counter is not atomic.
__global__ void perBlock(int *mutex, volatile int *counter, int times)
{
    for (int k = 0; k < times; k++) {
        if (threadIdx.x == 0) {
            lock(mutex);
            *counter = *counter + 1;
            unlock(mutex);
        }
        __syncthreads();
    }
}

/// Every lane of a warp wants the lock: the holder must get on while its neighbours spin.
__global__ void perThread(int *mutex, volatile int *counter)
{
    bool done = false;
    while (!done) {
        if (atomicCAS(mutex, 0, 1) == 0) {
            __threadfence();
            *counter = *counter + 2;
            __threadfence();
            atomicExch(mutex, 0);
            done = true;
        }
    }
}

/// Shared memory lock with back-off.
__global__ void inShared(int *out)
{
    __shared__ int mutex, count;
    if (threadIdx.x == 0) mutex = count = 0;
    __syncthreads();
    for (bool done = false; !done;) {
        if (atomicExch(&mutex, 1) == 0) {
            *(volatile int *)&count = *(volatile int *)&count + 1;
            __threadfence_block();
            atomicExch(&mutex, 0);
            done = true;
        } else {
            __nanosleep(100);
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) out[blockIdx.x] = count;
}

int main(int argc, char **argv)
{
    const int blocks = sample::size(argc, argv, 12), times = 10;
    sample::Device<int> words(4), counts(4);
    words.zero();
    perBlock<<<blocks, 64>>>(words.get(), words.get() + 1, times);
    perThread<<<2, 48>>>(words.get() + 2, words.get() + 3);
    inShared<<<4, 64>>>(counts.get());
    sample::launched();
    std::vector<int> w = words.host(), c = counts.host();
    if (w[1] != blocks * times) return sample::failed("%d entries by blocks, not %d", w[1], blocks * times);
    if (w[3] != 2 * 48 * 2) return sample::failed("%d by threads, not %d", w[3], 2 * 48 * 2);
    for (int count : c)
        if (count != 64) return sample::failed("%d in shared memory, not 64", count);
    std::printf("spin lock: %d entries by blocks, %d by threads\n", w[1], w[3] / 2);
    return sample::passed();
}
