// Prefix sum in one pass: each block publishes its total and looks back at those before it.
#include "sample.h"

constexpr int THREADS = 128;
constexpr unsigned long long TOTAL = 1ull << 32, PREFIX = 2ull << 32; // state above, value below

__global__ void scan(const unsigned *in, unsigned *out, unsigned long long *states, unsigned *tickets, int n)
{
    __shared__ unsigned warpTotals[THREADS / 32], block, before;
    if (threadIdx.x == 0) block = atomicAdd(tickets, 1u); // blocks in the order in which they start
    __syncthreads();
    int i = block * THREADS + threadIdx.x, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    unsigned x = i < n ? in[i] : 0;
    for (int offset = 1; offset < 32; offset *= 2) {
        unsigned y = __shfl_up_sync(0xffffffffu, x, offset);
        if (lane >= offset) x += y;
    }
    if (lane == 31) warpTotals[warp] = x;
    __syncthreads();
    for (int w = 0; w < warp; w++) x += warpTotals[w];
    if (threadIdx.x == THREADS - 1) {
        volatile unsigned long long *state = states;
        unsigned sum = 0;
        if (block > 0) {
            state[block] = TOTAL | x;
            __threadfence();
            for (int b = int(block) - 1; b >= 0;) {
                unsigned long long seen = state[b];
                if (seen >> 32 == 0) continue; // not there yet
                sum += unsigned(seen);
                if (seen & PREFIX) break;
                b--;
            }
        }
        state[block] = PREFIX | (unsigned)(sum + x);
        __threadfence();
        before = sum;
    }
    __syncthreads();
    if (i < n) out[i] = before + x;
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 50000), blocks = sample::blocks(n, THREADS);
    sample::Random random;
    std::vector<unsigned> in(n);
    for (unsigned &x : in) x = random.below(1000);
    sample::Device<unsigned> din(in), dout(n), tickets(1);
    sample::Device<unsigned long long> states(blocks);
    tickets.zero();
    states.zero();
    scan<<<blocks, THREADS>>>(din.get(), dout.get(), states.get(), tickets.get(), n);
    sample::launched();
    std::vector<unsigned> out = dout.host();
    unsigned sum = 0;
    for (int i = 0; i < n; i++)
        if (out[i] != (sum += in[i])) return sample::failed("element %d is %u, not %u", i, out[i], sum);
    std::printf("look-back scan: %d elements in one pass of %d blocks\n", n, blocks);
    return sample::passed();
}
