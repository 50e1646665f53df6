// Atomic operations: what each returns and leaves behind, then many threads on one word.
#include "forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { THREADS = 128, CONTENDED_BLOCKS = 8 };

static const char *const atomics[] = {
    "atom.add.acquire.cta.u32", "atom.add.relaxed.cta.u32", "atom.add.release.gpu.u32", "atom.add.u32", "atom.global.add.f32",
    "atom.global.add.f64", "atom.global.add.u32", "atom.global.add.u64", "atom.global.and.b32", "atom.global.cas.b32",
    "atom.global.cas.b64", "atom.global.dec.u32", "atom.global.exch.b32", "atom.global.inc.u32", "atom.global.max.s32",
    "atom.global.max.u64", "atom.global.min.s32", "atom.global.or.b32", "atom.global.sys.add.f64", "atom.global.sys.add.u32",
    "atom.global.sys.and.b32", "atom.global.sys.cas.b32", "atom.global.sys.dec.u32", "atom.global.sys.exch.b32",
    "atom.global.sys.inc.u32", "atom.global.sys.max.s32", "atom.global.sys.min.s32", "atom.global.sys.or.b32",
    "atom.global.sys.xor.b32", "atom.global.xor.b32", "atom.or.acq_rel.cta.b32", "atom.shared.add.f32", "atom.shared.add.f64",
    "atom.shared.add.u32", "atom.shared.exch.b32", "atom.shared.max.s32", "atom.shared.cas.b32", "atom.shared.min.u32",
    "atom.global.max.u32", "atom.global.min.u64", "atom.global.exch.b64", "atom.global.and.b64", "atom.global.max.s64",
    "red.and.release.cta.b32", "red.global.add.u32", "red.global.add.f32", "red.global.max.s32", "red.shared.add.u32",
    "red.global.add.u64", "red.global.or.b32",
};

static const char *operation_of(const char *form)
{
    static const char *const operations[] = {"add", "and", "or", "xor", "min", "max", "inc", "dec", "exch", "cas"};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        char word[8];
        snprintf(word, sizeof word, ".%s.", operations[i]);
        if (strstr(form, word)) return operations[i];
    }
    return "";
}

static uint64_t add_floats(const char *type, uint64_t x, uint64_t y)
{
    if (!strcmp(type, "f32")) return bits_of_float(float_of_bits((uint32_t)x) + float_of_bits((uint32_t)y));
    double a, b;
    memcpy(&a, &x, sizeof a);
    memcpy(&b, &y, sizeof b);
    a += b;
    memcpy(&x, &a, sizeof x);
    return x;
}

/* What the word holds afterwards. */
static uint64_t expected_word(const char *form, const char *type, uint64_t old, uint64_t a, uint64_t b)
{
    const char *operation = operation_of(form);
    bool wide = type[1] == '6';
    int64_t signed_old = wide ? (int64_t)old : (int32_t)old, signed_a = wide ? (int64_t)a : (int32_t)a;
    bool less = type[0] == 's' ? signed_a < signed_old : a < old;
    switch (operation[0] << 8 | operation[1]) {
    case 'a' << 8 | 'd': return type[0] == 'f' ? add_floats(type, old, a) : old + a;
    case 'a' << 8 | 'n': return old & a;
    case 'o' << 8 | 'r': return old | a;
    case 'x' << 8 | 'o': return old ^ a;
    case 'm' << 8 | 'i': return less ? a : old;
    case 'm' << 8 | 'a': return less ? old : a;
    case 'i' << 8 | 'n': return old >= a ? 0 : old + 1;
    case 'd' << 8 | 'e': return old == 0 || old > a ? a : old - 1;
    case 'e' << 8 | 'x': return a;
    default: return old == a ? b : old;
    }
}

static void write_kernel(struct text *text, const char *form, const char *type)
{
    bool shared = strstr(form, ".shared.") != NULL, red = form[0] == 'r', cas = strstr(form, ".cas.") != NULL;
    int width = atoi(type + 1);
    char reg[8];
    snprintf(reg, sizeof reg, "%c%d", type[0] == 'f' ? 'f' : 'b', width);
    add_header(text);
    add(text, ".visible .entry test(.param .u64 in, .param .u64 out)\n{\n");
    if (shared) add(text, "    .shared .align 8 .b8 area[%d];\n", THREADS * 8);
    add(text, "    .reg .b32 %%t; .reg .b64 %%pin, %%pout, %%p, %%offset;\n    .reg .%s %%old, %%a, %%b, %%d;\n"
              "    mov.u32 %%t, %%tid.x;\n"
              "    ld.param.u64 %%pin, [in]; mul.wide.u32 %%offset, %%t, 24; add.s64 %%pin, %%pin, %%offset;\n"
              "    ld.param.u64 %%pout, [out]; mul.wide.u32 %%offset, %%t, 16; add.s64 %%pout, %%pout, %%offset;\n", reg);
    if (shared) add(text, "    mul.wide.u32 %%offset, %%t, 8; mov.u64 %%p, area; add.s64 %%p, %%p, %%offset;\n");
    else add(text, "    add.s64 %%p, %%pout, 8;\n");
    const char *space = shared ? "shared" : "global";
    add(text, "    ld.global.%s %%old, [%%pin]; ld.global.%s %%a, [%%pin+8]; ld.global.%s %%b, [%%pin+16];\n"
              "    st.%s.%s [%%p], %%old;\n", reg, reg, reg, space, reg);
    if (red) add(text, "    %s [%%p], %%a; mov.%s %%d, %%old;\n", form, reg);
    else add(text, "    %s %%d, [%%p], %%a%s;\n", form, cas ? ", %b" : "");
    add(text, "    st.global.%s [%%pout], %%d;\n", reg);
    if (shared) add(text, "    ld.shared.%s %%d, [%%p]; st.global.%s [%%pout+8], %%d;\n", reg, reg);
    add(text, "    ret;\n}\n");
}

static void test_atomic(const char *form)
{
    static uint64_t in[THREADS][3], out[THREADS][2];
    const char *type = strrchr(form, '.') + 1;
    uint64_t mask = type[1] == '6' ? UINT64_MAX : UINT32_MAX;
    struct text kernel = {0};
    char failure[200] = "";
    for (int i = 0; i < THREADS; i++) {
        for (int k = 0; k < 3; k++) in[i][k] = random_operand(type) & mask;
        if (strstr(form, ".cas.") && i % 2) in[i][1] = in[i][0];
        if (type[0] == 'f') /* no NaN: its bits are free */
            for (int k = 0; k < 2; k++) in[i][k] = type[1] == '6' ? UINT64_C(0x4008000000000000) + (uint64_t)i : 0x40400000u + (uint32_t)i;
    }
    write_kernel(&kernel, form, type);
    int status = run_kernel(form, kernel.bytes, 1, THREADS, in, sizeof in, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status) snprintf(failure, sizeof failure, "the driver answers %d", status);
    for (int i = 0; i < THREADS && !failure[0]; i++) {
        uint64_t word = expected_word(form, type, in[i][0], in[i][1], in[i][2]) & mask;
        if ((out[i][0] & mask) != in[i][0] || (out[i][1] & mask) != word)
            snprintf(failure, sizeof failure, "on %#llx with %#llx, %#llx: returns %#llx, leaves %#llx, not %#llx",
                     (unsigned long long)in[i][0], (unsigned long long)in[i][1], (unsigned long long)in[i][2],
                     (unsigned long long)(out[i][0] & mask), (unsigned long long)(out[i][1] & mask), (unsigned long long)word);
    }
    report(form, failure);
}

/* Every thread of every block adds to one word; no addition may be lost, and the values returned are all different. */
static void test_contention(const char *form)
{
    static uint32_t out[1 + CONTENDED_BLOCKS * THREADS], zero;
    static unsigned char seen[CONTENDED_BLOCKS * THREADS];
    struct text kernel = {0};
    char failure[200] = "";
    add_header(&kernel);
    add(&kernel, ".global .align 4 .u32 total;\n.visible .entry test(.param .u64 in, .param .u64 out)\n{\n"
                 "    .reg .b32 %%i, %%n, %%t, %%d; .reg .b64 %%pout, %%p, %%offset;\n"
                 "    mov.u32 %%i, %%ctaid.x; mov.u32 %%n, %%ntid.x; mov.u32 %%t, %%tid.x; mad.lo.s32 %%i, %%i, %%n, %%t;\n"
                 "    mov.u64 %%p, total; %s %%d, [%%p], 1;\n"
                 "    ld.param.u64 %%pout, [out]; mul.wide.u32 %%offset, %%i, 4; add.s64 %%pout, %%pout, %%offset;\n"
                 "    st.global.u32 [%%pout], %%d; ret;\n}\n", form);
    int status = run_kernel(form, kernel.bytes, CONTENDED_BLOCKS, THREADS, &zero, sizeof zero, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status) snprintf(failure, sizeof failure, "the driver answers %d", status);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < CONTENDED_BLOCKS * THREADS && !failure[0]; i++)
        if (out[i] >= CONTENDED_BLOCKS * THREADS || seen[out[i]]++) snprintf(failure, sizeof failure, "thread %d got %u", i, out[i]);
    report(form, failure);
}

void test_atomics(void)
{
    for (size_t i = 0; i < sizeof atomics / sizeof *atomics; i++)
        if (selected(atomics[i])) test_atomic(atomics[i]);
    if (selected("atom.global.add.u32")) test_contention("atom.global.add.u32");
}
