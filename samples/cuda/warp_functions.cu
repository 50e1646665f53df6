// Votes, matches, ballots and reductions of a warp, also where only some lanes take part.
#include <algorithm>

#include "sample.h"

struct Lane {
    unsigned ballot, any, all, match, active, sum, low, high, bits, partial;
    int rotated;
};

__global__ void ask(const int *in, Lane *out)
{
    int lane = threadIdx.x;
    int x = in[lane];
    Lane r = {};
    r.ballot = __ballot_sync(0xffffffffu, x > 0);
    r.any = __any_sync(0xffffffffu, x == 3);
    r.all = __all_sync(0xffffffffu, x < 100);
    r.match = __match_any_sync(0xffffffffu, x);
    r.sum = unsigned(__reduce_add_sync(0xffffffffu, x));
    r.low = unsigned(__reduce_min_sync(0xffffffffu, x));
    r.high = unsigned(__reduce_max_sync(0xffffffffu, x));
    r.bits = __reduce_or_sync(0xffffffffu, 1u << (x & 31));
    r.rotated = __shfl_sync(0xffffffffu, x, lane + 5);
    if (lane % 3 == 0) {
        unsigned mask = 0x49249249u;
        r.active = __activemask() & mask;
        r.partial = __ballot_sync(mask, x & 1);
    }
    __syncwarp();
    out[lane] = r;
}

int main()
{
    std::vector<int> in(32);
    for (int i = 0; i < 32; i++) in[i] = (i * 7) % 11 - 4;
    sample::Device<int> din(in);
    sample::Device<Lane> dout(32);
    ask<<<1, 32>>>(din.get(), dout.get());
    sample::launched();
    std::vector<Lane> out = dout.host();
    unsigned ballot = 0, any = 0, all = 1, bits = 0, odd = 0;
    int sum = 0, low = 1000, high = -1000;
    for (int i = 0; i < 32; i++) {
        ballot |= unsigned(in[i] > 0) << i;
        any |= in[i] == 3;
        all &= in[i] < 100;
        bits |= 1u << (in[i] & 31);
        if (i % 3 == 0) odd |= unsigned(in[i] & 1) << i;
        sum += in[i];
        low = std::min(low, in[i]);
        high = std::max(high, in[i]);
    }
    for (int i = 0; i < 32; i++) {
        unsigned match = 0;
        for (int j = 0; j < 32; j++) match |= unsigned(in[i] == in[j]) << j;
        const Lane &r = out[i];
        if (r.ballot != ballot || r.any != any || r.all != all) return sample::failed("votes of lane %d", i);
        if (r.match != match) return sample::failed("match of lane %d is %08x, not %08x", i, r.match, match);
        if (int(r.sum) != sum || int(r.low) != low || int(r.high) != high || r.bits != bits) return sample::failed("reductions of lane %d", i);
        if (r.rotated != in[(i + 5) % 32]) return sample::failed("shuffle of lane %d is %d", i, r.rotated);
        if (i % 3 == 0 && (r.partial != odd || !(r.active >> i & 1))) return sample::failed("partial warp, lane %d: %08x", i, r.partial);
    }
    std::printf("warp functions: 32 lanes agree\n");
    return sample::passed();
}
