// Loads and stores: every state space, vector, width and ordering. A load must find what C finds in the same bytes; a store must
// change its bytes and no others.
#include "forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, BLOCKS = 2, RECORD = 64, LOAD_AT = 16, STORE_AT = 32 };

static const char *const loads[] = {
    "ld.acquire.cta.u32", "ld.acquire.gpu.u32", "ld.acquire.sys.global.u8", "ld.ca.u32", "ld.cg.u32", "ld.const.f32", "ld.const.f64",
    "ld.const.s8", "ld.const.u16", "ld.const.u32", "ld.const.u8", "ld.const.v2.u32", "ld.const.v4.f32", "ld.const.v4.u32", "ld.f32",
    "ld.f64", "ld.global.f32", "ld.global.f64", "ld.global.nc.f32", "ld.global.nc.f64", "ld.global.nc.u16", "ld.global.nc.u32",
    "ld.global.nc.u64", "ld.global.nc.u8", "ld.global.nc.v2.f32", "ld.global.nc.v2.f64", "ld.global.nc.v2.u16", "ld.global.nc.v2.u32",
    "ld.global.nc.v2.u64", "ld.global.nc.v4.f32", "ld.global.nc.v4.u32", "ld.global.s16", "ld.global.s32", "ld.global.s8",
    "ld.global.u16", "ld.global.u32", "ld.global.u64", "ld.global.u8", "ld.global.v2.f32", "ld.global.v2.f64", "ld.global.v2.u16",
    "ld.global.v2.u32", "ld.global.v2.u8", "ld.global.v4.f32", "ld.global.v4.u32", "ld.global.v4.u8", "ld.local.f32", "ld.local.f64",
    "ld.local.s16", "ld.local.s8", "ld.local.u32", "ld.local.u64", "ld.local.u8", "ld.local.v2.f32", "ld.local.v2.f64",
    "ld.local.v2.u32", "ld.local.v4.f32", "ld.local.v4.u32", "ld.local.v4.u8", "ld.param.b32", "ld.param.b64", "ld.param.f32",
    "ld.param.f64", "ld.param.s16", "ld.param.s32", "ld.param.s8", "ld.param.u16", "ld.param.u32", "ld.param.u64", "ld.param.u8",
    "ld.param.v2.f32", "ld.param.v2.u32", "ld.param.v2.u8", "ld.param.v4.u8", "ld.relaxed.cta.b32", "ld.relaxed.gpu.u32",
    "ld.relaxed.gpu.v2.u32", "ld.relaxed.gpu.v2.u64", "ld.relaxed.sys.b32", "ld.relaxed.sys.b64", "ld.shared.f32", "ld.shared.f64",
    "ld.shared.s16", "ld.shared.s32", "ld.shared.s8", "ld.shared.u16", "ld.shared.u32", "ld.shared.u64", "ld.shared.u8",
    "ld.shared.v2.f32", "ld.shared.v2.f64", "ld.shared.v2.u16", "ld.shared.v2.u32", "ld.shared.v2.u64", "ld.shared.v2.u8",
    "ld.shared.v4.f32", "ld.shared.v4.u32", "ld.shared.v4.u8", "ld.u32", "ld.u64", "ld.u8", "ld.volatile.global.f32",
    "ld.volatile.global.u32", "ld.volatile.global.v4.u32", "ld.volatile.shared.f32", "ld.volatile.shared.u32", "ld.volatile.shared.u64",
};

static const char *const stores[] = {
    "st.cg.u32", "st.f32", "st.f64", "st.global.f32", "st.global.f64", "st.global.u16", "st.global.u32", "st.global.u64", "st.global.u8",
    "st.global.v2.f32", "st.global.v2.f64", "st.global.v2.u16", "st.global.v2.u32", "st.global.v2.u64", "st.global.v2.u8",
    "st.global.v4.f32", "st.global.v4.u16", "st.global.v4.u32", "st.global.v4.u8", "st.local.f32", "st.local.f64", "st.local.u16",
    "st.local.u32", "st.local.u64", "st.local.u8", "st.local.v2.f32", "st.local.v2.f64", "st.local.v2.u16", "st.local.v2.u32",
    "st.local.v2.u8", "st.local.v4.f32", "st.local.v4.u32", "st.local.v4.u8", "st.param.b32", "st.param.b64", "st.param.f32",
    "st.param.f64", "st.relaxed.cta.b32", "st.relaxed.gpu.v2.u32", "st.relaxed.gpu.v2.u64", "st.release.gpu.u32",
    "st.release.sys.global.u8", "st.shared.f32", "st.shared.f64", "st.shared.u16", "st.shared.u32", "st.shared.u64", "st.shared.u8",
    "st.shared.v2.f32", "st.shared.v2.u16", "st.shared.v2.u32", "st.shared.v4.f32", "st.shared.v4.u16", "st.shared.v4.u32",
    "st.shared.v4.u8", "st.u32", "st.u64", "st.volatile.global.f32", "st.volatile.global.u32", "st.volatile.shared.f32",
    "st.volatile.shared.u32", "st.volatile.shared.u64",
};

struct access {
    const char *form, *space, *type; /* space "" is generic */
    int elements, width;             /* bytes of an element */
};

static struct access parse(const char *form)
{
    static const char *const spaces[] = {"global", "shared", "local", "const", "param"};
    struct access a = {form, "", strrchr(form, '.') + 1, 1, 0};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        char word[16];
        snprintf(word, sizeof word, ".%s.", spaces[i]);
        if (strstr(form, word)) a.space = spaces[i];
    }
    if (strstr(form, ".v2.")) a.elements = 2;
    if (strstr(form, ".v4.")) a.elements = 4;
    a.width = atoi(a.type + 1) / 8;
    return a;
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* A register that holds the type; signed loads go to a wider one, so that the sign must be extended. */
static const char *register_of(const struct access *a)
{
    if (a->type[0] == 'f') return a->type;
    if (a->type[0] == 's') return a->width == 4 ? "b64" : "b32";
    return a->width <= 2 ? "b16" : a->width == 4 ? "b32" : "b64";
}

/* Moves element k of the registers %v into the 64-bit register %w. */
static void widen(struct text *text, const struct access *a, int k)
{
    const char *reg = register_of(a);
    if (is(reg, "f32")) add(text, "    mov.b32 %%word, %%v%d; cvt.u64.u32 %%w, %%word;\n", k);
    else if (is(reg, "b64") || is(reg, "f64")) add(text, "    mov.b64 %%w, %%v%d;\n", k);
    else if (is(reg, "b32")) add(text, "    cvt.%s %%w, %%v%d;\n", a->type[0] == 's' ? "s64.s32" : "u64.u32", k);
    else add(text, "    cvt.u64.u16 %%w, %%v%d;\n", k);
}

static void add_vector(struct text *text, const struct access *a)
{
    for (int k = 0; k < a->elements; k++)
        add(text, "%s%%v%d%s", k == 0 ? (a->elements > 1 ? "{" : "") : ", ", k, k == a->elements - 1 && a->elements > 1 ? "}" : "");
}

static void begin_kernel(struct text *text, const struct access *a, int out_record)
{
    add(text, ".visible .entry test(.param .u64 in, .param .u64 out%s)\n{\n",
        is(a->space, "param") && a->form[0] == 'l' ? ", .param .align 16 .b8 area[64]" : "");
    if (is(a->space, "shared")) add(text, "    .shared .align 16 .b8 area[%d];\n", THREADS * RECORD);
    if (is(a->space, "local")) add(text, "    .local .align 16 .b8 area[%d];\n", RECORD);
    add(text, "    .reg .b32 %%i, %%n, %%t, %%word;\n    .reg .b64 %%pin, %%pout, %%p, %%w, %%offset;\n    .reg .%s %%v<%d>;\n"
              "    mov.u32 %%i, %%ctaid.x; mov.u32 %%n, %%ntid.x; mov.u32 %%t, %%tid.x;\n    mad.lo.s32 %%i, %%i, %%n, %%t;\n"
              "    ld.param.u64 %%pin, [in]; mul.wide.u32 %%offset, %%i, %d; add.s64 %%pin, %%pin, %%offset;\n"
              "    ld.param.u64 %%pout, [out]; mul.wide.u32 %%offset, %%i, %d; add.s64 %%pout, %%pout, %%offset;\n",
        register_of(a), a->elements, RECORD, out_record);
    if (is(a->space, "shared")) add(text, "    mov.u64 %%p, area; mul.wide.u32 %%offset, %%t, %d; add.s64 %%p, %%p, %%offset;\n", RECORD);
    if (is(a->space, "local") || is(a->space, "const")) add(text, "    mov.u64 %%p, area;\n");
}

static void write_load(struct text *text, const struct access *a, const unsigned char *constants)
{
    add_header(text);
    if (is(a->space, "const")) {
        add(text, ".const .align 16 .b8 area[%d] = {", RECORD);
        for (int i = 0; i < RECORD; i++) add(text, "%s%d", i ? ", " : "", constants[i]);
        add(text, "};\n");
    }
    begin_kernel(text, a, 32);
    if (is(a->space, "shared") || is(a->space, "local")) {
        for (int i = 0; i < RECORD; i += 8)
            add(text, "    ld.global.u64 %%w, [%%pin+%d]; st.%s.u64 [%%p+%d], %%w;\n", i, a->space, i);
    } else if (!is(a->space, "const") && !is(a->space, "param")) {
        add(text, "    mov.u64 %%p, %%pin;\n");
    }
    add(text, "    %s ", a->form);
    add_vector(text, a);
    add(text, ", [%s+%d];\n", is(a->space, "param") ? "area" : "%p", LOAD_AT);
    for (int k = 0; k < a->elements; k++) {
        widen(text, a, k);
        add(text, "    st.global.u64 [%%pout+%d], %%w;\n", 8 * k);
    }
    add(text, "    ret;\n}\n");
}

static uint64_t element(const struct access *a, const unsigned char *bytes)
{
    uint64_t value = 0;
    memcpy(&value, bytes, (size_t)a->width);
    int unused = 64 - 8 * a->width;
    return a->type[0] == 's' ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

static void fill(unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) bytes[i] = (unsigned char)(random_bits() >> 56);
}

static void test_load(const char *form)
{
    static unsigned char in[BLOCKS * THREADS][RECORD];
    static uint64_t out[BLOCKS * THREADS][4];
    struct access a = parse(form);
    struct text kernel = {0};
    char failure[200] = "";
    fill(in[0], sizeof in);
    write_load(&kernel, &a, in[0]);
    int status = run_kernel(form, kernel.bytes, BLOCKS, THREADS, in, sizeof in, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status) snprintf(failure, sizeof failure, "the driver answers %d", status);
    bool common = is(a.space, "const") || is(a.space, "param");
    for (int i = 0; i < BLOCKS * THREADS && !failure[0]; i++)
        for (int k = 0; k < a.elements; k++) {
            uint64_t expected = element(&a, in[common ? 0 : i] + LOAD_AT + k * a.width);
            if (out[i][k] != expected)
                snprintf(failure, sizeof failure, "thread %d element %d is %#llx, not %#llx", i, k, (unsigned long long)out[i][k],
                         (unsigned long long)expected);
        }
    report(form, failure);
}

static void write_store(struct text *text, const struct access *a)
{
    bool private = is(a->space, "shared") || is(a->space, "local");
    add_header(text);
    if (is(a->space, "param"))
        add(text, ".func (.param .%s result) echo(.param .%s x)\n{\n    .reg .%s %%x;\n    ld.param.%s %%x, [x];\n"
                  "    st.param.%s [result], %%x;\n    ret;\n}\n", a->type, a->type, a->type, a->type, a->type);
    begin_kernel(text, a, RECORD);
    if (private)
        for (int i = 0; i < RECORD; i += 8) add(text, "    st.%s.u64 [%%p+%d], 0xeeeeeeeeeeeeeeee;\n", a->space, i);
    else
        add(text, "    mov.u64 %%p, %%pout;\n");
    for (int k = 0; k < a->elements; k++)
        add(text, "    ld.global.%c%d %%v%d, [%%pin+%d];\n", a->type[0] == 'f' ? 'f' : 'u', a->width < 2 ? 16 : 8 * a->width, k, 8 * k);
    if (is(a->space, "param"))
        add(text, "    { .param .%s x; .param .%s r; st.param.%s [x], %%v0; call.uni (r), echo, (x); ld.param.%s %%v0, [r]; }\n"
                  "    st.global.%s [%%p+%d], %%v0;\n", a->type, a->type, a->type, a->type, a->type, STORE_AT);
    else {
        add(text, "    %s [%%p+%d], ", a->form, STORE_AT);
        add_vector(text, a);
        add(text, ";\n");
    }
    if (private)
        for (int i = 0; i < RECORD; i += 8)
            add(text, "    ld.%s.u64 %%w, [%%p+%d]; st.global.u64 [%%pout+%d], %%w;\n", a->space, i, i);
    add(text, "    ret;\n}\n");
}

static void test_store(const char *form)
{
    static unsigned char in[BLOCKS * THREADS][RECORD], out[BLOCKS * THREADS][RECORD];
    struct access a = parse(form);
    struct text kernel = {0};
    char failure[200] = "";
    fill(in[0], sizeof in);
    write_store(&kernel, &a);
    int status = run_kernel(form, kernel.bytes, BLOCKS, THREADS, in, sizeof in, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status) snprintf(failure, sizeof failure, "the driver answers %d", status);
    for (int i = 0; i < BLOCKS * THREADS && !failure[0]; i++) {
        unsigned char expected[RECORD];
        memset(expected, 0xee, sizeof expected);
        for (int k = 0; k < a.elements; k++) memcpy(expected + STORE_AT + k * a.width, in[i] + 8 * k, (size_t)a.width);
        for (int b = 0; b < RECORD && !failure[0]; b++)
            if (out[i][b] != expected[b])
                snprintf(failure, sizeof failure, "thread %d byte %d is %02x, not %02x", i, b, out[i][b], expected[b]);
    }
    report(form, failure);
}

void test_memory(void)
{
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
        if (selected(loads[i])) test_load(loads[i]);
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++)
        if (selected(stores[i])) test_store(stores[i]);
}
