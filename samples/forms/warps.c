// Lanes of a warp and threads of a block that exchange values.
#include "forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 96, WARP = 32 };

struct lane_case {
    const char *form, *code; /* from %a (in), %t (tid) to the 64-bit %d */
    uint64_t (*expect)(const uint64_t *warp, int lane, const uint64_t *block);
};

static uint32_t word(uint64_t x)
{
    return (uint32_t)x;
}

/* The value and the predicate of a shuffle, by the ISA's pseudo code. */
static uint64_t shuffle(char mode, const uint64_t *warp, int lane, int b, int c)
{
    int clamp = c & 31, segments = c >> 8 & 31, b5 = b & 31;
    int highest = (lane & segments) | (clamp & ~segments), lowest = lane & segments, from, valid;
    switch (mode) {
    case 'u': from = lane - b5; valid = from >= highest; break;
    case 'd': from = lane + b5; valid = from <= highest; break;
    case 'b': from = lane ^ b5; valid = from <= highest; break;
    default: from = lowest | (b5 & ~segments); valid = from <= highest; break;
    }
    return (uint64_t)word(warp[valid ? from : lane]) | (uint64_t)valid << 32;
}

#define SHUFFLE(name, mode, b, c)                                                                  \
    static uint64_t name(const uint64_t *warp, int lane, const uint64_t *block)                    \
    {                                                                                              \
        (void)block;                                                                               \
        return shuffle(mode, warp, lane, b, c);                                                    \
    }
SHUFFLE(up3, 'u', 3, 0)
SHUFFLE(up2of8, 'u', 2, 0x1800)
SHUFFLE(down5, 'd', 5, 31)
SHUFFLE(down1of16, 'd', 1, 0x101f)
SHUFFLE(butterfly, 'b', 9, 31)
SHUFFLE(butterfly_of4, 'b', 2, 0x1c1f)
SHUFFLE(index_own, 'i', (lane * 7 + 3) & 31, 31)
SHUFFLE(index_of8, 'i', 5, 0x181f)
#define SHUFFLE_CODE(form, b, c)                                                                   \
    "{ .reg .pred %p; .reg .b32 %x, %y; cvt.u32.u64 %x, %a; " form " %x|%p, %x, " b ", " c         \
    ", 0xffffffff; selp.b32 %y, 1, 0, %p; mov.b64 %d, {%x, %y}; }"

#define GATHER(name, start, step)                                                                  \
    static uint64_t name(const uint64_t *warp, int lane, const uint64_t *block)                    \
    {                                                                                              \
        (void)block;                                                                               \
        (void)lane, (void)warp;                                                                    \
        uint64_t r = start;                                                                        \
        for (int i = 0; i < WARP; i++) step;                                                       \
        return r;                                                                                  \
    }
#define SIGNED(i) ((int32_t)word(warp[i]))
GATHER(ballot, 0, r |= (warp[i] & 1) << i)
GATHER(all_even, 1, r &= !(warp[i] & 1))
GATHER(any_odd, 0, r |= warp[i] & 1)
GATHER(match32, 0, r |= (uint64_t)((warp[i] & 7) == (warp[lane] & 7)) << i)
GATHER(sum32, 0, r = word(r + warp[i]))
GATHER(max_signed, word(warp[0]), r = SIGNED(i) > (int32_t)word(r) ? word(warp[i]) : r)
GATHER(min_unsigned, word(warp[0]), r = word(warp[i]) < r ? word(warp[i]) : r)
GATHER(and32, UINT32_MAX, r &= word(warp[i]))
GATHER(or32, 0, r |= word(warp[i]))
GATHER(xor32, 0, r ^= word(warp[i]))
GATHER(all_lanes, 0, r |= UINT64_C(1) << i)
GATHER(odd_lanes, 0, r |= (uint64_t)(i & 1) << i)
GATHER(neighbour, 0, r = warp[lane ^ 1])

static uint64_t match_all(const uint64_t *warp, int lane, const uint64_t *block)
{
    (void)lane;
    bool same = true;
    for (int i = 1; i < WARP; i++) same &= (warp[i] & 1) == (warp[0] & 1);
    (void)block;
    return same ? UINT64_C(0x1ffffffff) : 0;
}

static uint64_t any_in_block(const uint64_t *warp, int lane, const uint64_t *block)
{
    uint64_t r = 0;
    (void)warp;
    (void)lane;
    for (int i = 0; i < THREADS; i++) r |= (block[i] & 255) == 7;
    return r;
}

static uint64_t count_in_block(const uint64_t *warp, int lane, const uint64_t *block)
{
    uint64_t r = 0;
    (void)warp;
    (void)lane;
    for (int i = 0; i < THREADS; i++) r += block[i] & 1;
    return r;
}

/* Each thread's value goes through shared memory to the thread that is 40 further on. */
static uint64_t rotated(const uint64_t *warp, int lane, const uint64_t *block)
{
    for (int i = 0; i < THREADS; i++)
        if (&block[i] == warp + lane) return block[(i + 40) % THREADS];
    return 0;
}

#define ODD "{ .reg .pred %p; .reg .b32 %x; cvt.u32.u64 %x, %a; and.b32 %x, %x, 1; setp.ne.u32 %p, %x, 0; "
#define REDUX(form) "{ .reg .b32 %x; cvt.u32.u64 %x, %a; " form " %x, %x, 0xffffffff; cvt.u64.u32 %d, %x; }"
#define THROUGH_SHARED(barrier)                                                                    \
    "{ .reg .b32 %x; .reg .b64 %p; mul.wide.u32 %p, %t, 8; mov.u64 %d, area; add.s64 %p, %p, %d; st.shared.u64 [%p], %a; " barrier \
    " add.u32 %x, %t, 40; rem.u32 %x, %x, 96; mul.wide.u32 %p, %x, 8; add.s64 %p, %p, %d; ld.shared.u64 %d, [%p]; }"

static const struct lane_case cases[] = {
    {"shfl.sync.up.b32", SHUFFLE_CODE("shfl.sync.up.b32", "3", "0"), up3},
    {"shfl.sync.up.b32", SHUFFLE_CODE("shfl.sync.up.b32", "2", "0x1800"), up2of8},
    {"shfl.sync.down.b32", SHUFFLE_CODE("shfl.sync.down.b32", "5", "31"), down5},
    {"shfl.sync.down.b32", SHUFFLE_CODE("shfl.sync.down.b32", "1", "0x101f"), down1of16},
    {"shfl.sync.bfly.b32", SHUFFLE_CODE("shfl.sync.bfly.b32", "9", "31"), butterfly},
    {"shfl.sync.bfly.b32", SHUFFLE_CODE("shfl.sync.bfly.b32", "2", "0x1c1f"), butterfly_of4},
    {"shfl.sync.idx.b32", "{ .reg .pred %p; .reg .b32 %x, %y; cvt.u32.u64 %x, %a; mad.lo.u32 %y, %t, 7, 3;"
                          " shfl.sync.idx.b32 %x|%p, %x, %y, 31, 0xffffffff; selp.b32 %y, 1, 0, %p; mov.b64 %d, {%x, %y}; }", index_own},
    {"shfl.sync.idx.b32", SHUFFLE_CODE("shfl.sync.idx.b32", "5", "0x181f"), index_of8},
    {"vote.sync.ballot.b32", ODD "vote.sync.ballot.b32 %x, %p, 0xffffffff; cvt.u64.u32 %d, %x; }", ballot},
    {"vote.ballot.sync.b32", ODD "vote.ballot.sync.b32 %x, %p, 0xffffffff; cvt.u64.u32 %d, %x; }", ballot},
    {"vote.sync.all.pred", ODD "vote.sync.all.pred %p, !%p, 0xffffffff; selp.u64 %d, 1, 0, %p; }", all_even},
    {"vote.sync.any.pred", ODD "vote.sync.any.pred %p, %p, 0xffffffff; selp.u64 %d, 1, 0, %p; }", any_odd},
    {"match.any.sync.b32", "{ .reg .b32 %x; cvt.u32.u64 %x, %a; and.b32 %x, %x, 7; match.any.sync.b32 %x, %x, 0xffffffff; cvt.u64.u32 %d, %x; }",
     match32},
    {"match.any.sync.b64", "{ .reg .b64 %y; .reg .b32 %x; and.b64 %y, %a, 7; shl.b64 %y, %y, 40; match.any.sync.b64 %x, %y, 0xffffffff;"
                           " cvt.u64.u32 %d, %x; }", match32},
    {"match.all.sync.b32", ODD "match.all.sync.b32 %x|%p, %x, 0xffffffff; cvt.u64.u32 %d, %x; @%p add.u64 %d, %d, 0x100000000; }", match_all},
    {"redux.sync.add.s32", REDUX("redux.sync.add.s32"), sum32},
    {"redux.sync.max.s32", REDUX("redux.sync.max.s32"), max_signed},
    {"redux.sync.min.u32", REDUX("redux.sync.min.u32"), min_unsigned},
    {"redux.sync.and.b32", REDUX("redux.sync.and.b32"), and32},
    {"redux.sync.or.b32", REDUX("redux.sync.or.b32"), or32},
    {"redux.sync.xor.b32", REDUX("redux.sync.xor.b32"), xor32},
    {"activemask.b32", "{ .reg .b32 %x; activemask.b32 %x; cvt.u64.u32 %d, %x; }", all_lanes},
    {"bar.warp.sync", "{ .reg .b32 %x; .reg .b64 %p; mul.wide.u32 %p, %t, 8; mov.u64 %d, area; add.s64 %p, %p, %d; st.shared.u64 [%p], %a;"
                      " bar.warp.sync 0xffffffff; xor.b32 %x, %t, 1; mul.wide.u32 %p, %x, 8; add.s64 %p, %p, %d; ld.shared.u64 %d, [%p]; }",
     neighbour},
    {"bar.sync", THROUGH_SHARED("bar.sync 0;"), rotated},
    {"bar.sync", THROUGH_SHARED("bar.sync 3, 96;"), rotated},
    {"barrier.sync", THROUGH_SHARED("barrier.sync 0;"), rotated},
    {"barrier.sync", "{ .reg .pred %odd; .reg .b32 %x; and.b32 %x, %t, 1; setp.ne.u32 %odd, %x, 0; mov.u64 %d, 0;\n"
                     "@%odd bra LANES; barrier.sync 0; bra DONE; LANES: vote.sync.ballot.b32 %x, 1, 0xaaaaaaaa; barrier.sync 0;\n"
                     "DONE: vote.sync.ballot.b32 %x, %odd, 0xffffffff; cvt.u64.u32 %d, %x; }", odd_lanes},
    {"bar.red.or.pred", "{ .reg .pred %p; .reg .b64 %x; and.b64 %x, %a, 255; setp.eq.u64 %p, %x, 7; bar.red.or.pred %p, 0, %p;"
                        " selp.u64 %d, 1, 0, %p; }", any_in_block},
    {"bar.red.popc.u32", ODD "bar.red.popc.u32 %x, 0, %p; cvt.u64.u32 %d, %x; }", count_in_block},
};

static void write_kernel(struct text *text, const char *code)
{
    add_header(text);
    add(text, ".visible .entry test(.param .u64 in, .param .u64 out)\n{\n    .shared .align 8 .b8 area[768];\n"
              "    .reg .b32 %%t; .reg .b64 %%pin, %%pout, %%offset, %%a, %%d;\n    mov.u32 %%t, %%tid.x; mul.wide.u32 %%offset, %%t, 8;\n"
              "    ld.param.u64 %%pin, [in]; add.s64 %%pin, %%pin, %%offset; ld.param.u64 %%pout, [out]; add.s64 %%pout, %%pout, %%offset;\n"
              "    ld.global.u64 %%a, [%%pin];\n    %s\n    st.global.u64 [%%pout], %%d;\n    ret;\n}\n", code);
}

static void test_case(const struct lane_case *c)
{
    static uint64_t in[THREADS], out[THREADS];
    struct text kernel = {0};
    char failure[200] = "";
    for (int i = 0; i < THREADS; i++) in[i] = random_operand("u64");
    for (int i = WARP; i < 2 * WARP; i++) in[i] &= ~UINT64_C(1); /* a warp that agrees */
    write_kernel(&kernel, c->code);
    int status = run_kernel(c->form, kernel.bytes, 1, THREADS, in, sizeof in, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status) snprintf(failure, sizeof failure, "the driver answers %d", status);
    for (int i = 0; i < THREADS && !failure[0]; i++) {
        uint64_t expected = c->expect(&in[i / WARP * WARP], i % WARP, in);
        if (out[i] != expected)
            snprintf(failure, sizeof failure, "thread %d gets %#llx, not %#llx", i, (unsigned long long)out[i], (unsigned long long)expected);
    }
    report(c->form, failure);
}

void test_warps(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (selected(cases[i].form)) test_case(&cases[i]);
}
