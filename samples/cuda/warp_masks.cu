// Warp functions whose mask is another one in each lane and leaves out the caller. The PTX ISA
// leaves the answers open; GPUs since Volta take the lanes of the caller's own mask.
#include "sample.h"

struct Lane {
    unsigned ballot, any, all, match, sum;
    int next;
};

__global__ void ask(Lane *out)
{
    int lane = threadIdx.x;
    unsigned below;
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(below));
    Lane r;
    r.ballot = __ballot_sync(below, lane & 1);
    r.any = __any_sync(below, lane & 1);
    r.all = __all_sync(below, lane < 40);
    r.match = __match_any_sync(below, lane % 3);
    r.sum = __reduce_add_sync(below, unsigned(lane));
    r.next = __shfl_down_sync(below, lane * 7, 1);
    out[lane] = r;
}

int main()
{
    sample::Device<Lane> device(32);
    ask<<<1, 32>>>(device.get());
    sample::launched();
    std::vector<Lane> out = device.host();
    for (int i = 0; i < 32; i++) {
        Lane e = {0, 0, 1, 0, 0, (i < 31 ? i + 1 : i) * 7};
        for (int other = 0; other < i; other++) {
            e.ballot |= unsigned(other & 1) << other;
            e.any |= other & 1;
            e.match |= unsigned(other % 3 == i % 3) << other;
            e.sum += unsigned(other);
        }
        const Lane &r = out[i];
        if (r.ballot != e.ballot || !r.any != !e.any || !r.all != !e.all || r.match != e.match || r.sum != e.sum || r.next != e.next)
            return sample::failed("lane %d: ballot %x any %u all %u match %x sum %u next %d", i, r.ballot, r.any, r.all, r.match, r.sum, r.next);
    }
    std::printf("warp masks: 32 lanes, a mask each\n");
    return sample::passed();
}
