// Kernels of the semantics programs, as PTX.
#ifndef KERNELS_H
#define KERNELS_H

#include "check.h"

static const char kernels_ptx[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".visible .global .align 4 .u32 counter = 7;\n"
    ".extern .func (.param .b32 result) vprintf (.param .b64 format, .param .b64 arguments);\n"
    ".global .align 1 .b8 hello_format[20] = {107, 101, 114, 110, 101, 108, 32, 115, 97, 121, 115, 32, 37, 100, 10, 0, 0, 0, 0, 0};\n"
    /* fill(p, value, n): p[i] = value */
    ".visible .entry fill(.param .u64 p, .param .u32 value, .param .u32 n)\n{\n"
    ".reg .pred %q; .reg .b32 %r<6>; .reg .b64 %d<4>;\n"
    "ld.param.u64 %d0, [p]; ld.param.u32 %r0, [value]; ld.param.u32 %r1, [n];\n"
    "mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x; mad.lo.s32 %r5, %r2, %r3, %r4;\n"
    "setp.ge.u32 %q, %r5, %r1; @%q bra done;\n"
    "mul.wide.u32 %d1, %r5, 4; add.s64 %d2, %d0, %d1; st.global.u32 [%d2], %r0;\n"
    "done: ret;\n}\n"
    /* await(flag): spins until *flag != 0 */
    ".visible .entry await(.param .u64 flag)\n{\n"
    ".reg .pred %q; .reg .b32 %r0; .reg .b64 %d0;\n"
    "ld.param.u64 %d0, [flag];\n"
    "again: ld.volatile.global.u32 %r0, [%d0]; setp.eq.u32 %q, %r0, 0; @%q bra again;\n"
    "ret;\n}\n"
    /* poke(address, value): *address = value */
    ".visible .entry poke(.param .u64 address, .param .u32 value)\n{\n"
    ".reg .b32 %r0; .reg .b64 %d0;\n"
    "ld.param.u64 %d0, [address]; ld.param.u32 %r0, [value]; st.global.u32 [%d0], %r0; ret;\n}\n"
    /* halt: an unconditional trap */
    ".visible .entry halt()\n{\ntrap; ret;\n}\n"
    /* limited: at most 64 threads a block */
    ".visible .entry limited()\n.maxntid 64, 1, 1\n{\nret;\n}\n"
    /* shared: uses the dynamic shared memory's last word */
    ".extern .shared .align 16 .b8 dynamic[];\n"
    ".visible .entry last_word(.param .u64 out, .param .u32 bytes)\n{\n"
    ".reg .b32 %r<5>; .reg .b64 %d0;\n"
    "ld.param.u64 %d0, [out]; ld.param.u32 %r0, [bytes]; mov.u32 %r1, dynamic; add.u32 %r2, %r1, %r0; sub.u32 %r2, %r2, 4;\n"
    "mov.u32 %r3, 77; st.shared.u32 [%r2], %r3; ld.shared.u32 %r4, [%r2]; st.global.u32 [%d0], %r4; ret;\n}\n"
    /* say(n): prints */
    ".visible .entry say(.param .u32 n)\n{\n"
    ".local .align 8 .b8 frame[8]; .reg .b32 %r<3>; .reg .b64 %d<5>;\n"
    "ld.param.u32 %r0, [n]; mov.u64 %d0, frame; cvta.local.u64 %d1, %d0; st.local.u32 [%d0], %r0;\n"
    "mov.u64 %d2, hello_format; cvta.global.u64 %d3, %d2;\n"
    "{ .param .b64 a0; .param .b64 a1; .param .b32 r;\n"
    "st.param.b64 [a0], %d3; st.param.b64 [a1], %d1; call.uni (r), vprintf, (a0, a1); ld.param.b32 %r1, [r]; }\n"
    "ret;\n}\n"
    /* count: atomically adds one to the module's counter */
    ".visible .entry count()\n{\n"
    ".reg .b32 %r0; .reg .b64 %d0; mov.u64 %d0, counter; atom.global.add.u32 %r0, [%d0], 1; ret;\n}\n";

static CUmodule module_;

static inline CUresult kernel(CUfunction *function, const char *name)
{
    CUresult r = module_ ? SUCCESS : cuModuleLoadData(&module_, kernels_ptx);
    return r ? r : cuModuleGetFunction(function, module_, name);
}

static inline CUresult launch_fill(CUdeviceptr p, unsigned value, unsigned n, CUstream stream)
{
    CUfunction f;
    CUresult r = kernel(&f, "fill");
    void *a[] = {&p, &value, &n};
    return r ? r : cuLaunchKernel(f, (n + 127) / 128, 1, 1, 128, 1, 1, 0, stream, a, 0);
}

static inline CUresult launch_await(CUdeviceptr flag, CUstream stream)
{
    CUfunction f;
    CUresult r = kernel(&f, "await");
    void *a[] = {&flag};
    return r ? r : cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, stream, a, 0);
}

static inline CUresult launch_poke(CUdeviceptr address, unsigned value)
{
    CUfunction f;
    CUresult r = kernel(&f, "poke");
    void *a[] = {&address, &value};
    return r ? r : cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, a, 0);
}

/* A stream that stands still behind a kernel until it is let go from another one. */
struct hold {
    CUdeviceptr flag;
    CUstream held, other;
};

static inline CUresult hold(struct hold *h)
{
    CUresult r = cuStreamCreate(&h->held, 1);
    CUfunction f;
    if (!r) r = cuStreamCreate(&h->other, 1);
    if (!r) r = cuMemAlloc_v2(&h->flag, 4);
    if (!r) r = cuMemsetD32_v2(h->flag, 0, 1);
    if (!r) r = kernel(&f, "await");
    if (!r) r = cuCtxSynchronize();
    if (!r) r = launch_await(h->flag, h->held);
    return r;
}

static inline CUresult let_go(struct hold *h) { return cuMemsetD32Async(h->flag, 1, 1, h->other); }

#endif
