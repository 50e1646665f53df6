// Calls, branches, addresses, fences and special registers; a trap at the very end, because it ends the context.
#include "forms.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 3, THREADS = 64 };

struct control_case {
    const char *form, *declarations, *code; /* from %a = in[i], %i to the 64-bit %d */
    uint64_t (*expect)(uint64_t a, unsigned i);
};

#define EXPECT(name, expression)                                                                   \
    static uint64_t name(uint64_t a, unsigned i)                                                   \
    {                                                                                              \
        (void)a;                                                                                   \
        (void)i;                                                                                   \
        return expression;                                                                         \
    }

static uint64_t factorial(uint64_t n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

static uint64_t collatz(uint64_t n)
{
    uint64_t steps = 0;
    for (; n > 1; steps++) n = n & 1 ? 3 * n + 1 : n / 2;
    return steps;
}

EXPECT(same, a)
EXPECT(times_three, a * 3)
EXPECT(by_pointer, i & 1 ? a * 3 : a + 5)
EXPECT(recursive, factorial(i % 13))
EXPECT(steps, collatz(a & 1023))
EXPECT(exited, i % 5 == 0 ? UINT64_C(0xeeeeeeeeeeeeeeee) : a)
EXPECT(plus_nine, a + 9)
EXPECT(one, 1)
EXPECT(place, (uint64_t)(i / THREADS) << 32 | i % THREADS)
EXPECT(dimensions, (uint64_t)BLOCKS << 32 | THREADS)
EXPECT(lane_masks, i % 32 | (uint64_t)((1u << (i % 32)) - 1) << 32)
EXPECT(from_lane, (uint64_t)(UINT32_MAX << (i % 32)) << 32 | (UINT32_MAX >> (31 - i % 32)))

#define TRIPLE                                                                                     \
    ".func (.param .b64 r) triple(.param .b64 x)\n{ .reg .b64 %x; ld.param.b64 %x, [x]; mul.lo.s64 %x, %x, 3; st.param.b64 [r], %x; ret; }\n"
#define PLUS5                                                                                      \
    ".func (.param .b64 r) plus5(.param .b64 x)\n{ .reg .b64 %x; ld.param.b64 %x, [x]; add.s64 %x, %x, 5; st.param.b64 [r], %x; ret; }\n"
#define FACTORIAL                                                                                  \
    ".func (.param .b64 r) factorial(.param .b64 x)\n{ .reg .b64 %x, %y; .reg .pred %p; ld.param.b64 %x, [x]; setp.lt.u64 %p, %x, 2;\n"   \
    "@%p bra SMALL; sub.s64 %y, %x, 1; { .param .b64 n; .param .b64 f; st.param.b64 [n], %y; call.uni (f), factorial, (n);\n"             \
    "ld.param.b64 %y, [f]; } mul.lo.s64 %y, %x, %y; st.param.b64 [r], %y; ret; SMALL: st.param.b64 [r], 1; ret; }\n"
#define ADDRESS(space, declaration)                                                                \
    "{ " declaration " .reg .b64 %p, %g; mov.u64 %p, cell; st." space ".u64 [%p], %a; cvta." space ".u64 %g, %p; ld.u64 %d, [%g];\n"       \
    "cvta.to." space ".u64 %p, %g; add.s64 %d, %d, 9; st.u64 [%g], %d; ld." space ".u64 %d, [%p]; }"
#define FENCE(form) "st.global.u64 [%pout], %a; " form "; ld.global.u64 %d, [%pout];"

static const struct control_case cases[] = {
    {"call.uni", TRIPLE, "{ .param .b64 x; .param .b64 r; st.param.b64 [x], %a; call.uni (r), triple, (x); ld.param.b64 %d, [r]; }", times_three},
    {"call", TRIPLE PLUS5, "{ .reg .b64 %f, %g; .reg .pred %p; .reg .b32 %o; and.b32 %o, %i, 1; setp.ne.u32 %p, %o, 0; mov.u64 %f, triple;\n"
                           "mov.u64 %g, plus5; selp.b64 %f, %f, %g, %p; { .param .b64 x; .param .b64 r; st.param.b64 [x], %a;\n"
                           "shape: .callprototype (.param .b64 _) _ (.param .b64 _);\ncall (r), %f, (x), shape; ld.param.b64 %d, [r]; } }", by_pointer},
    {"ret", FACTORIAL, "{ .reg .b64 %n; .reg .b32 %m; rem.u32 %m, %i, 13; cvt.u64.u32 %n, %m; { .param .b64 x; .param .b64 r;\n"
                       "st.param.b64 [x], %n; call.uni (r), factorial, (x); ld.param.b64 %d, [r]; } }", recursive},
    {"bra", "", "{ .reg .b64 %n, %o; .reg .pred %p; and.b64 %n, %a, 1023; mov.u64 %d, 0;\nNEXT: setp.le.u64 %p, %n, 1; @%p bra END;\n"
                "add.s64 %d, %d, 1; and.b64 %o, %n, 1; setp.eq.s64 %p, %o, 0; @%p bra EVEN; mad.lo.s64 %n, %n, 3, 1; bra.uni NEXT;\n"
                "EVEN: shr.u64 %n, %n, 1; bra.uni NEXT;\nEND: }", steps},
    {"bra.uni", "", "bra.uni OVER; mov.u64 %a, 0; OVER: mov.u64 %d, %a;", same},
    {"exit", "", "{ .reg .b32 %m; .reg .pred %p; rem.u32 %m, %i, 5; setp.eq.s32 %p, %m, 0; @%p exit; mov.u64 %d, %a; }", exited},
    {"cvta.shared.u64", "", ADDRESS("shared", ".shared .align 8 .b8 cell[8]; .reg .pred %q; .reg .b32 %m; mov.u32 %m, %tid.x;"), plus_nine},
    {"cvta.local.u64", "", ADDRESS("local", ".local .align 8 .b8 cell[8];"), plus_nine},
    {"cvta.to.local.u64", "", ADDRESS("local", ".local .align 8 .b8 cell[8];"), plus_nine},
    {"cvta.global.u64", ".global .align 8 .b64 constant9 = 9;\n",
     "{ .reg .b64 %g; mov.u64 %g, constant9; cvta.global.u64 %g, %g; ld.u64 %d, [%g]; add.s64 %d, %d, %a; }", plus_nine},
    {"cvta.to.global.u64", "", "{ .reg .b64 %g; cvta.to.global.u64 %g, %pin; ld.global.u64 %d, [%g]; }", same},
    {"isspacep.shared", "", "{ .shared .align 8 .b8 cell[8]; .reg .b64 %g; .reg .pred %p, %q, %r; mov.u64 %g, cell; cvta.shared.u64 %g, %g;\n"
                            "isspacep.shared %p, %g; isspacep.global %q, %g; isspacep.global %r, %pin; not.pred %q, %q; and.pred %p, %p, %q;\n"
                            "and.pred %p, %p, %r; selp.u64 %d, 1, 0, %p; }", one},
    {"membar.cta", "", FENCE("membar.cta"), same},
    {"membar.gl", "", FENCE("membar.gl"), same},
    {"membar.sys", "", FENCE("membar.sys"), same},
    {"fence.sc.cta", "", FENCE("fence.sc.cta"), same},
    {"fence.acq_rel.gpu", "", FENCE("fence.acq_rel.gpu"), same},
    {"prefetch.global.L2", "", FENCE("prefetch.global.L2 [%pin]"), same},
    {"nanosleep.u32", "", FENCE("nanosleep.u32 50"), same},
    {"mov.u32", "", "{ .reg .b32 %x, %y; mov.u32 %x, %tid.x; mov.u32 %y, %ctaid.x; mov.b64 %d, {%x, %y}; }", place},
    {"mov.u32", "", "{ .reg .b32 %x, %y; mov.u32 %x, %ntid.x; mov.u32 %y, %nctaid.x; mov.b64 %d, {%x, %y}; }", dimensions},
    {"mov.u32", "", "{ .reg .b32 %x, %y; mov.u32 %x, %laneid; mov.u32 %y, %lanemask_lt; mov.b64 %d, {%x, %y}; }", lane_masks},
    {"mov.u32", "", "{ .reg .b32 %x, %y; mov.u32 %x, %lanemask_le; mov.u32 %y, %lanemask_ge; mov.b64 %d, {%x, %y}; }", from_lane},
    {"mov.u64", "", "{ .reg .b64 %x, %y, %g, %h; .reg .pred %p, %q; mov.u64 %x, %clock64; mov.u64 %g, %globaltimer; nanosleep.u32 20;\n"
                    "mov.u64 %y, %clock64; mov.u64 %h, %globaltimer; setp.lt.u64 %p, %x, %y; setp.le.u64 %q, %g, %h; and.pred %p, %p, %q;\n"
                    "selp.u64 %d, 1, 0, %p; }", one},
};

static void write_kernel(struct text *text, const char *declarations, const char *code)
{
    add_header(text);
    add(text, "%s.visible .entry test(.param .u64 in, .param .u64 out)\n{\n    .reg .b32 %%i, %%n, %%t; .reg .b64 %%pin, %%pout, %%offset, %%a, %%d;\n"
              "    mov.u32 %%i, %%ctaid.x; mov.u32 %%n, %%ntid.x; mov.u32 %%t, %%tid.x; mad.lo.s32 %%i, %%i, %%n, %%t; mul.wide.u32 %%offset, %%i, 8;\n"
              "    ld.param.u64 %%pin, [in]; add.s64 %%pin, %%pin, %%offset; ld.param.u64 %%pout, [out]; add.s64 %%pout, %%pout, %%offset;\n"
              "    ld.global.u64 %%a, [%%pin];\n    %s\n    st.global.u64 [%%pout], %%d;\n    ret;\n}\n", declarations, code);
}

static void test_case(const struct control_case *c)
{
    static uint64_t in[BLOCKS * THREADS], out[BLOCKS * THREADS];
    struct text kernel = {0};
    char failure[200] = "";
    bool one_thread = c->expect == plus_nine && c->form[5] == 's'; /* all threads of a block would share the cell */
    unsigned threads = one_thread ? 1 : THREADS, count = BLOCKS * threads;
    for (unsigned i = 0; i < BLOCKS * THREADS; i++) in[i] = random_operand("u64");
    write_kernel(&kernel, c->declarations, c->code);
    int status = run_kernel(c->form, kernel.bytes, BLOCKS, threads, in, sizeof in, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status) snprintf(failure, sizeof failure, "the driver answers %d", status);
    for (unsigned i = 0; i < count && !failure[0]; i++) {
        uint64_t expected = c->expect(in[i], i);
        if (out[i] != expected)
            snprintf(failure, sizeof failure, "thread %u gets %#llx, not %#llx", i, (unsigned long long)out[i], (unsigned long long)expected);
    }
    report(c->form, failure);
}

/* CUDA_ERROR_LAUNCH_FAILED or CUDA_ERROR_ILLEGAL_INSTRUCTION: which one depends on the GPU. */
static void test_trap(void)
{
    uint64_t in[THREADS] = {0}, out[THREADS];
    struct text kernel = {0};
    char failure[200] = "";
    write_kernel(&kernel, "", "trap; mov.u64 %d, 0;");
    int status = run_kernel("trap", kernel.bytes, 1, THREADS, in, sizeof in, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status != 719 && status != 715) snprintf(failure, sizeof failure, "the driver answers %d", status);
    report("trap", failure);
}

void test_control(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (selected(cases[i].form)) test_case(&cases[i]);
    if (selected("trap")) test_trap();
}
