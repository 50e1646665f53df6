// Every atomic operation, on shared and global memory, against what any order must give.
#include "sample.h"

struct Results {
    int add, low, high, exchanged, subtracted;
    unsigned inc, dec, ands, ors, xors, cas, sys;
    unsigned long long add64, max64, cas64, or64;
    float addFloat;
    double addDouble, casDouble;
};

__global__ void all(Results *r)
{
    __shared__ int sharedAdd;
    __shared__ unsigned sharedMax;
    __shared__ float sharedFloat;
    __shared__ double sharedDouble;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (threadIdx.x == 0) {
        sharedAdd = 0;
        sharedMax = 0;
        sharedFloat = 0;
        sharedDouble = 0;
    }
    __syncthreads();
    atomicAdd(&sharedAdd, 1);
    atomicMax(&sharedMax, unsigned(i));
    atomicAdd(&sharedFloat, 1.0f);
    atomicAdd(&sharedDouble, 0.5);
    __syncthreads();
    if (threadIdx.x == 0) {
        atomicAdd(&r->add, sharedAdd);
        atomicMax(&r->high, int(sharedMax));
        atomicAdd(&r->addFloat, sharedFloat);
        atomicAdd(&r->addDouble, sharedDouble);
    }
    atomicMin(&r->low, -i);
    atomicExch(&r->exchanged, i);
    atomicSub(&r->subtracted, 2);
    atomicInc(&r->inc, 99);
    atomicDec(&r->dec, 99);
    atomicAnd(&r->ands, ~(1u << (i % 8)));
    atomicOr(&r->ors, 1u << (i % 20));
    atomicXor(&r->xors, 1u << (i % 32));
    atomicAdd(&r->add64, 0x100000001ull);
    atomicMax(&r->max64, (unsigned long long)i << 33);
    atomicOr(&r->or64, 1ull << (i % 64));
    atomicAdd_system(&r->sys, 3u);
    for (unsigned seen = r->cas, before; (before = atomicCAS(&r->cas, seen, seen + 5)) != seen;) seen = before;
    unsigned long long *bits = reinterpret_cast<unsigned long long *>(&r->casDouble), old = *bits, assumed;
    do {
        assumed = old;
        old = atomicCAS(bits, assumed, __double_as_longlong(__longlong_as_double(assumed) + 1.5));
    } while (old != assumed);
    atomicCAS(&r->cas64, 0ull, 77ull);
}

int main(int argc, char **argv)
{
    const int blocks = sample::size(argc, argv, 16), threads = 128, n = blocks * threads;
    Results initial = {};
    initial.dec = 50;
    initial.ands = 0xffffffffu;
    sample::Device<Results> device(std::vector<Results>{initial});
    all<<<blocks, threads>>>(device.get());
    sample::launched();
    Results r = device.host()[0];
    unsigned dec = 50, xors = 0;
    for (int i = 0; i < n; i++) {
        dec = dec == 0 || dec > 99 ? 99 : dec - 1;
        xors ^= 1u << (i % 32);
    }
    if (r.add != n || r.subtracted != -2 * n) return sample::failed("add %d, sub %d", r.add, r.subtracted);
    if (r.low != -(n - 1) || r.high != n - 1) return sample::failed("min %d, max %d", r.low, r.high);
    if (r.exchanged < 0 || r.exchanged >= n) return sample::failed("exch %d", r.exchanged);
    if (r.inc != unsigned(n % 100) || r.dec != dec) return sample::failed("inc %u, dec %u", r.inc, r.dec);
    if (r.ands != 0xffffff00u || r.ors != 0xfffffu || r.xors != xors) return sample::failed("and %x, or %x, xor %x", r.ands, r.ors, r.xors);
    if (r.add64 != n * 0x100000001ull || r.max64 != (unsigned long long)(n - 1) << 33 || r.or64 != ~0ull)
        return sample::failed("64 bits: add %llx, max %llx, or %llx", r.add64, r.max64, r.or64);
    if (r.cas != unsigned(n) * 5 || r.cas64 != 77 || r.casDouble != n * 1.5) return sample::failed("cas %u, %llu, %g", r.cas, r.cas64, r.casDouble);
    if (r.addFloat != float(n) || r.addDouble != n * 0.5 || r.sys != 3u * n) return sample::failed("float %g, double %g, system %u", r.addFloat, r.addDouble, r.sys);
    std::printf("atomics: %d threads, 19 counters\n", n);
    return sample::passed();
}
