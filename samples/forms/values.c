// The forms that turn values into a value: each is a line of a .def file.
#include "forms.h"

#include <stdio.h>
#include <stdlib.h>

#include "host.h"

bool skip_case;

/* How each type of PTX lies in 64 bits. */
typedef int8_t C_s8;
typedef uint8_t C_u8;
typedef int16_t C_s16;
typedef uint16_t C_u16, C_b16, C_bf16;
typedef int32_t C_s32;
typedef uint32_t C_u32, C_b32, C_bf16x2;
typedef int64_t C_s64;
typedef uint64_t C_u64, C_b64;
typedef float C_f32;
typedef double C_f64;
typedef _Float16 C_f16;
typedef bool C_pred;
typedef char C_none;

#define SKIP (skip_case = true, 0)
#define SKIPU (skip_case = true, 0u)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define OPERAND(T, name, index)                                                                    \
    C_##T name;                                                                                    \
    memcpy(&name, &operands[index], sizeof name);                                                  \
    (void)name;

#define ENTRY(form, D, A, B, C, E, code, comparison, relative, absolute, R, expression, id)        \
    static uint64_t JOIN(expect_, id)(const uint64_t *operands)                                    \
    {                                                                                              \
        OPERAND(A, a, 0)                                                                           \
        OPERAND(B, b, 1)                                                                           \
        OPERAND(C, c, 2)                                                                           \
        OPERAND(E, e, 3)                                                                           \
        R result = (R)(expression);                                                                \
        uint64_t bits = 0;                                                                         \
        memcpy(&bits, &result, sizeof result);                                                     \
        return bits;                                                                               \
    }                                                                                              \
    static const struct value_form JOIN(form_, id) = {                                             \
        form, code, {#D, #A, #B, #C, #E}, comparison, relative, absolute, JOIN(expect_, id)};      \
    __attribute__((used, section("value_forms"))) static const struct value_form *const JOIN(      \
        pointer_, id) = &JOIN(form_, id);

#define V(form, D, A, B, C, E, expression)                                                         \
    ENTRY(#form, D, A, B, C, E, NULL, EXACT, 0, 0, C_##D, expression, __COUNTER__)
#define VC(form, D, A, B, C, E, code, expression)                                                  \
    ENTRY(#form, D, A, B, C, E, code, EXACT, 0, 0, C_##D, expression, __COUNTER__)
#define VA(form, D, A, B, relative, absolute, expression)                                          \
    ENTRY(#form, D, A, B, none, none, NULL, APPROXIMATE, relative, absolute, double, expression, __COUNTER__)

static inline int32_t clamp32(int64_t x)
{
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

static inline uint32_t clampu32(int64_t x)
{
    return x > UINT32_MAX ? UINT32_MAX : x < 0 ? 0 : (uint32_t)x;
}

static inline int32_t narrowed(int32_t x, int32_t least, int32_t most)
{
    return x < least ? least : x > most ? most : x;
}

/* One in each lane of so many bits where a's is less than b's. */
static inline uint32_t lanes_less(uint32_t a, uint32_t b, int width)
{
    uint32_t result = 0;
    for (int shift = 0; shift < 32; shift += width) {
        uint32_t mask = (1u << width) - 1;
        result |= (uint32_t)((a >> shift & mask) < (b >> shift & mask)) << shift;
    }
    return result;
}

#include "integers.def"
#include "video.def"
#include "comparisons.def"
#include "floats.def"
#include "conversions.def"

extern const struct value_form *const __start_value_forms[], *const __stop_value_forms[];

/* ---- the kernel ---- */

struct type {
    const char *name, *reg, *load, *store; /* store: from %d into the 64-bit register %out */
};
static const struct type types[] = {
    {"s8", "b16", "ld.global.u16", "cvt.u64.u16 %out, %d; and.b64 %out, %out, 255;"},
    {"u8", "b16", "ld.global.u16", "cvt.u64.u16 %out, %d; and.b64 %out, %out, 255;"},
    {"s16", "b16", "ld.global.u16", "cvt.u64.u16 %out, %d;"},
    {"u16", "b16", "ld.global.u16", "cvt.u64.u16 %out, %d;"},
    {"b16", "b16", "ld.global.u16", "cvt.u64.u16 %out, %d;"},
    {"f16", "b16", "ld.global.u16", "cvt.u64.u16 %out, %d;"},
    {"bf16", "b16", "ld.global.u16", "cvt.u64.u16 %out, %d;"},
    {"s32", "b32", "ld.global.u32", "cvt.u64.u32 %out, %d;"},
    {"u32", "b32", "ld.global.u32", "cvt.u64.u32 %out, %d;"},
    {"b32", "b32", "ld.global.u32", "cvt.u64.u32 %out, %d;"},
    {"bf16x2", "b32", "ld.global.u32", "cvt.u64.u32 %out, %d;"},
    {"s64", "b64", "ld.global.u64", "mov.u64 %out, %d;"},
    {"u64", "b64", "ld.global.u64", "mov.u64 %out, %d;"},
    {"b64", "b64", "ld.global.u64", "mov.u64 %out, %d;"},
    {"f32", "f32", "ld.global.f32", "{ .reg .b32 %w; mov.b32 %w, %d; cvt.u64.u32 %out, %w; }"},
    {"f64", "f64", "ld.global.f64", "mov.b64 %out, %d;"},
    {"pred", "pred", "", "selp.u64 %out, 1, 0, %d;"},
    {NULL, NULL, NULL, NULL},
};

static const struct type *type_named(const char *name)
{
    const struct type *t = types;
    while (t->name && strcmp(t->name, name) != 0) t++;
    return t->name ? t : NULL;
}

static void write_kernel(struct text *text, const struct value_form *form)
{
    static const char names[] = "abce";
    add_header(text);
    add(text, ".visible .entry test(.param .u64 in, .param .u64 out)\n{\n"
              "    .reg .b32 %%i, %%n, %%t;\n    .reg .b64 %%pin, %%pout, %%out, %%offset;\n"
              "    mov.u32 %%i, %%ctaid.x; mov.u32 %%n, %%ntid.x; mov.u32 %%t, %%tid.x;\n"
              "    mad.lo.s32 %%i, %%i, %%n, %%t;\n"
              "    ld.param.u64 %%pin, [in]; mul.wide.u32 %%offset, %%i, 32; add.s64 %%pin, %%pin, %%offset;\n"
              "    ld.param.u64 %%pout, [out]; mul.wide.u32 %%offset, %%i, 8; add.s64 %%pout, %%pout, %%offset;\n");
    for (int k = 0; k < OPERANDS; k++) {
        const struct type *t = type_named(form->types[k + 1]);
        if (!t) continue;
        add(text, "    .reg .%s %%%c;", t->reg, names[k]);
        if (!strcmp(t->name, "pred"))
            add(text, " { .reg .b32 %%w; ld.global.u32 %%w, [%%pin+%d]; setp.ne.u32 %%%c, %%w, 0; }\n", 8 * k, names[k]);
        else
            add(text, " %s %%%c, [%%pin+%d];\n", t->load, names[k], 8 * k);
    }
    const struct type *result = type_named(form->types[0]);
    add(text, "    .reg .%s %%d;\n    ", result->reg);
    if (form->code) {
        add(text, "%s\n", form->code);
    } else {
        add(text, "%s %%d", form->form);
        for (int k = 0; k < OPERANDS; k++)
            if (type_named(form->types[k + 1])) add(text, ", %%%c", names[k]);
        add(text, ";\n");
    }
    add(text, "    %s\n    st.global.u64 [%%pout], %%out;\n    ret;\n}\n", result->store);
}

/* ---- the comparison ---- */

static bool is_nan(const char *type, uint64_t bits)
{
    if (!strcmp(type, "f64")) return (bits & UINT64_C(0x7fffffffffffffff)) > UINT64_C(0x7ff0000000000000);
    if (!strcmp(type, "f32")) return (bits & 0x7fffffff) > 0x7f800000;
    if (!strcmp(type, "f16")) return (bits & 0x7fff) > 0x7c00;
    if (!strcmp(type, "bf16")) return (bits & 0x7fff) > 0x7f80;
    return false;
}

static bool is_as_expected(const struct value_form *form, uint64_t actual, uint64_t expected)
{
    const char *type = form->types[0];
    if (form->comparison == APPROXIMATE) {
        double want, have;
        memcpy(&want, &expected, sizeof want);
        if (!strcmp(type, "f32")) have = (double)float_of_bits((uint32_t)actual);
        else memcpy(&have, &actual, sizeof have);
        if (isnan(want) || isnan(have)) return isnan(want) && isnan(have);
        if (!strcmp(type, "f32") && isinf(have) && fabs(want) > 0x1.fffff8p127) return signbit(have) == signbit(want);
        if (isinf(want) || isinf(have)) return want == have;
        return fabs(have - want) <= form->relative * fabs(want) + form->absolute;
    }
    if (!strcmp(type, "bf16x2")) {
        for (int shift = 0; shift < 32; shift += 16) {
            uint16_t want = (uint16_t)(expected >> shift), have = (uint16_t)(actual >> shift);
            if (want != have && !(is_nan("bf16", want) && is_nan("bf16", have))) return false;
        }
        return true;
    }
    return actual == expected || (is_nan(type, actual) && is_nan(type, expected));
}

static void test_value(const struct value_form *form)
{
    static uint64_t in[CASES][OPERANDS], out[CASES];
    struct text kernel = {0};
    char failure[400] = "";
    for (int i = 0; i < CASES; i++)
        for (int k = 0; k < OPERANDS; k++) in[i][k] = random_operand(form->types[k + 1]);
    write_kernel(&kernel, form);
    int status = run_kernel(form->form, kernel.bytes, CASES / 128, 128, in, sizeof in, out, sizeof out);
    free(kernel.bytes);
    if (status < 0) return;
    if (status) snprintf(failure, sizeof failure, "the driver answers %d", status);
    for (int i = 0, tried = 0; i < CASES && !failure[0]; i++) {
        skip_case = false;
        uint64_t expected = form->expect(in[i]);
        tried += !skip_case;
        if (!skip_case && !is_as_expected(form, out[i], expected))
            snprintf(failure, sizeof failure, "a %#llx b %#llx c %#llx e %#llx gives %#llx, not %#llx",
                     (unsigned long long)in[i][0], (unsigned long long)in[i][1], (unsigned long long)in[i][2],
                     (unsigned long long)in[i][3], (unsigned long long)out[i], (unsigned long long)expected);
        if (i == CASES - 1 && tried < CASES / 16) snprintf(failure, sizeof failure, "only %d cases", tried);
    }
    report(form->form, failure);
}

void test_values(void)
{
    for (const struct value_form *const *form = __start_value_forms; form < __stop_value_forms; form++)
        if (selected((*form)->form)) test_value(*form);
}
