// What codes older than Volta count on and every GPU does: the lanes of a warp access plain shared
// memory in step, without a barrier and without volatile.
#include "sample.h"

static constexpr int THREADS = 256;

/// Every lane reads what its neighbour stored just before.
__global__ void neighbour(int *out)
{
    __shared__ int cell[THREADS];
    int i = threadIdx.x;
    cell[i] = 100 + i;
    out[i] = cell[i ^ 1];
}

/// Every lane has loaded before one stores.
__global__ void reverse(int *out)
{
    __shared__ int cell[THREADS];
    int i = threadIdx.x;
    cell[i] = 100 + i;
    __syncthreads();
    cell[i ^ 31] = cell[i];
    __syncthreads();
    out[i] = cell[i];
}

/// Some lanes load, then all store; the barrier comes only after both.
__global__ void shift(int *out, int rounds)
{
    __shared__ int cell[THREADS];
    int i = threadIdx.x, lane = i % 32;
    cell[i] = i;
    __syncthreads();
    for (int round = 0; round < rounds; round++) {
        int left = lane ? cell[i - 1] : -1 - round;
        cell[i] = left;
        __syncthreads();
    }
    out[i] = cell[i];
}

/// The end of a reduction in one warp, under a branch.
__global__ void reduce(int *out)
{
    __shared__ int sums[THREADS];
    int i = threadIdx.x;
    sums[i] = i;
    __syncthreads();
    for (int half = THREADS / 2; half >= 32; half /= 2) {
        if (i < half) sums[i] += sums[i + half];
        __syncthreads();
    }
    if (i < 32) {
        for (int half = 16; half > 0; half /= 2) {
            int other = sums[i ^ half];
            sums[i] += other;
        }
    }
    __syncthreads();
    out[i] = sums[0];
}

template <typename Expected> static bool check(const char *name, const sample::Device<int> &device, Expected expected)
{
    sample::launched();
    std::vector<int> out = device.host();
    for (int i = 0; i < THREADS; i++) {
        if (out[i] != expected(i)) {
            sample::failed("%s: thread %d has %d, not %d", name, i, out[i], expected(i));
            return false;
        }
    }
    return true;
}

int main()
{
    const int rounds = 3;
    sample::Device<int> out(THREADS);
    neighbour<<<1, THREADS>>>(out.get());
    if (!check("neighbour", out, [](int i) { return 100 + (i ^ 1); })) return 1;
    reverse<<<1, THREADS>>>(out.get());
    if (!check("reverse", out, [](int i) { return 100 + (i ^ 31); })) return 1;
    shift<<<1, THREADS>>>(out.get(), rounds);
    if (!check("shift", out, [](int i) { return i % 32 >= rounds ? i - rounds : i % 32 - rounds; })) return 1;
    reduce<<<1, THREADS>>>(out.get());
    if (!check("reduce", out, [](int) { return THREADS * (THREADS - 1) / 2; })) return 1;
    std::printf("warp lockstep: four kernels\n");
    return sample::passed();
}
