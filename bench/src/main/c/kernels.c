#include "kernels.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
    char *bytes;
    size_t length, room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    if (text->room - text->length < 4096) {
        text->room = text->room * 2 + 8192;
        text->bytes = realloc(text->bytes, text->room);
        if (!text->bytes) exit(1);
    }
    va_list arguments;
    va_start(arguments, format);
    text->length += (size_t)vsnprintf(text->bytes + text->length, text->room - text->length, format, arguments);
    va_end(arguments);
}

static void add_header(struct text *text)
{
    add(text, ".version 7.0\n.target sm_80\n.address_size 64\n");
}

/* c = a * b, tiles of 16 x 16 */
static void add_multiply(struct text *text)
{
    add(text, ".visible .entry multiply(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n)\n{\n"
              "    .shared .align 4 .b8 tile_a[1024];\n    .shared .align 4 .b8 tile_b[1024];\n    .reg .pred %%p;\n    .reg .b32 %%r<24>;\n"
              "    .reg .b64 %%d<12>;\n    .reg .f32 %%f<40>;\n"
              "    mov.u32 %%r0, %%tid.x;\n    mov.u32 %%r1, %%tid.y;\n    mov.u32 %%r2, %%ctaid.x;\n    mov.u32 %%r3, %%ctaid.y;\n"
              "    shl.b32 %%r4, %%r3, 4;\n    add.s32 %%r4, %%r4, %%r1;\n    shl.b32 %%r5, %%r2, 4;\n    add.s32 %%r5, %%r5, %%r0;\n"
              "    ld.param.u32 %%r6, [n];\n    ld.param.u64 %%d0, [a];\n    ld.param.u64 %%d1, [b];\n    ld.param.u64 %%d2, [c];\n"
              "    cvta.to.global.u64 %%d0, %%d0;\n    cvta.to.global.u64 %%d1, %%d1;\n    cvta.to.global.u64 %%d2, %%d2;\n"
              "    mad.lo.s32 %%r7, %%r4, %%r6, %%r0;\n    mul.wide.s32 %%d3, %%r7, 4;\n    add.s64 %%d0, %%d0, %%d3;\n"
              "    mad.lo.s32 %%r7, %%r1, %%r6, %%r5;\n    mul.wide.s32 %%d3, %%r7, 4;\n    add.s64 %%d1, %%d1, %%d3;\n"
              "    mad.lo.s32 %%r7, %%r4, %%r6, %%r5;\n    mul.wide.s32 %%d3, %%r7, 4;\n    add.s64 %%d2, %%d2, %%d3;\n"
              "    shl.b32 %%r8, %%r6, 4;\n    mul.wide.s32 %%d4, %%r8, 4;\n"
              "    shl.b32 %%r9, %%r1, 6;\n    shl.b32 %%r10, %%r0, 2;\n    mov.u32 %%r11, tile_a;\n    mov.u32 %%r12, tile_b;\n"
              "    add.s32 %%r13, %%r11, %%r9;\n    add.s32 %%r14, %%r13, %%r10;\n    add.s32 %%r15, %%r12, %%r10;\n    add.s32 %%r16, %%r15, %%r9;\n"
              "    mov.f32 %%f0, 0f00000000;\n    mov.u32 %%r17, 0;\n"
              "NEXT:\n    ld.global.f32 %%f1, [%%d0];\n    st.shared.f32 [%%r14], %%f1;\n    ld.global.f32 %%f2, [%%d1];\n"
              "    st.shared.f32 [%%r16], %%f2;\n    bar.sync 0;\n");
    for (int k = 0; k < 16; k++)
        add(text, "    ld.shared.f32 %%f%d, [%%r13+%d];\n    ld.shared.f32 %%f%d, [%%r15+%d];\n    fma.rn.f32 %%f0, %%f%d, %%f%d, %%f0;\n",
            3 + 2 * k, 4 * k, 4 + 2 * k, 64 * k, 3 + 2 * k, 4 + 2 * k);
    add(text, "    bar.sync 0;\n    add.s64 %%d0, %%d0, 64;\n    add.s64 %%d1, %%d1, %%d4;\n    add.s32 %%r17, %%r17, 16;\n"
              "    setp.lt.s32 %%p, %%r17, %%r6;\n    @%%p bra NEXT;\n    st.global.f32 [%%d2], %%f0;\n    ret;\n}\n");
}

/* The pull of all bodies (x, y, z, mass) on each, tiles of 128, four at a time */
static void add_attract(struct text *text)
{
    add(text, ".visible .entry attract(.param .u64 bodies, .param .u64 out, .param .u32 n)\n{\n    .shared .align 16 .b8 tile[2048];\n"
              "    .reg .pred %%p;\n    .reg .b32 %%r<16>;\n    .reg .b64 %%d<8>;\n    .reg .f32 %%f<32>;\n"
              "    mov.u32 %%r0, %%tid.x;\n    mov.u32 %%r1, %%ctaid.x;\n    shl.b32 %%r2, %%r1, 7;\n    add.s32 %%r2, %%r2, %%r0;\n"
              "    ld.param.u64 %%d0, [bodies];\n    ld.param.u64 %%d1, [out];\n    ld.param.u32 %%r3, [n];\n"
              "    cvta.to.global.u64 %%d0, %%d0;\n    cvta.to.global.u64 %%d1, %%d1;\n    mul.wide.s32 %%d2, %%r2, 16;\n"
              "    add.s64 %%d3, %%d0, %%d2;\n    add.s64 %%d1, %%d1, %%d2;\n    ld.global.v4.f32 {%%f0, %%f1, %%f2, %%f3}, [%%d3];\n"
              "    mul.wide.s32 %%d4, %%r0, 16;\n    add.s64 %%d0, %%d0, %%d4;\n    shl.b32 %%r4, %%r0, 4;\n    mov.u32 %%r5, tile;\n"
              "    add.s32 %%r4, %%r4, %%r5;\n    mov.f32 %%f4, 0f00000000;\n    mov.f32 %%f5, %%f4;\n    mov.f32 %%f6, %%f4;\n    mov.u32 %%r6, 0;\n"
              "NEXT_TILE:\n    ld.global.v4.f32 {%%f7, %%f8, %%f9, %%f10}, [%%d0];\n    st.shared.v4.f32 [%%r4], {%%f7, %%f8, %%f9, %%f10};\n"
              "    bar.sync 0;\n    mov.u32 %%r7, 0;\n    mov.u32 %%r8, %%r5;\nNEXT:\n");
    for (int j = 0; j < 4; j++)
        add(text, "    ld.shared.v4.f32 {%%f7, %%f8, %%f9, %%f10}, [%%r8+%d];\n    sub.f32 %%f11, %%f7, %%f0;\n    sub.f32 %%f12, %%f8, %%f1;\n"
                  "    sub.f32 %%f13, %%f9, %%f2;\n    fma.rn.f32 %%f14, %%f13, %%f13, 0f3C23D70A;\n    fma.rn.f32 %%f14, %%f12, %%f12, %%f14;\n"
                  "    fma.rn.f32 %%f14, %%f11, %%f11, %%f14;\n    rsqrt.approx.f32 %%f15, %%f14;\n    mul.f32 %%f16, %%f10, %%f15;\n"
                  "    mul.f32 %%f16, %%f16, %%f15;\n    mul.f32 %%f16, %%f16, %%f15;\n    fma.rn.f32 %%f4, %%f11, %%f16, %%f4;\n"
                  "    fma.rn.f32 %%f5, %%f12, %%f16, %%f5;\n    fma.rn.f32 %%f6, %%f13, %%f16, %%f6;\n", 16 * j);
    add(text, "    add.s32 %%r8, %%r8, 64;\n    add.s32 %%r7, %%r7, 4;\n    setp.lt.s32 %%p, %%r7, 128;\n    @%%p bra NEXT;\n    bar.sync 0;\n"
              "    add.s64 %%d0, %%d0, 2048;\n    add.s32 %%r6, %%r6, 128;\n    setp.lt.s32 %%p, %%r6, %%r3;\n    @%%p bra NEXT_TILE;\n"
              "    mov.f32 %%f7, 0f00000000;\n    st.global.v4.f32 [%%d1], {%%f4, %%f5, %%f6, %%f7};\n    ret;\n}\n");
}

/* out[block] = the sum of 4096 numbers, 16 a thread and a tree in shared memory */
static void add_reduce(struct text *text)
{
    add(text, ".visible .entry reduce(.param .u64 in, .param .u64 out)\n{\n    .shared .align 4 .b8 partial[1024];\n    .reg .pred %%p;\n"
              "    .reg .b32 %%r<8>;\n    .reg .b64 %%d<6>;\n    .reg .f32 %%f<24>;\n    mov.u32 %%r0, %%tid.x;\n    mov.u32 %%r1, %%ctaid.x;\n"
              "    ld.param.u64 %%d0, [in];\n    ld.param.u64 %%d1, [out];\n    cvta.to.global.u64 %%d0, %%d0;\n    cvta.to.global.u64 %%d1, %%d1;\n"
              "    shl.b32 %%r2, %%r1, 12;\n    add.s32 %%r2, %%r2, %%r0;\n    mul.wide.s32 %%d2, %%r2, 4;\n    add.s64 %%d0, %%d0, %%d2;\n"
              "    mov.f32 %%f0, 0f00000000;\n");
    for (int k = 0; k < 16; k++)
        add(text, "    ld.global.f32 %%f%d, [%%d0+%d];\n    add.f32 %%f0, %%f0, %%f%d;\n", k + 1, 1024 * k, k + 1);
    add(text, "    shl.b32 %%r3, %%r0, 2;\n    mov.u32 %%r4, partial;\n    add.s32 %%r3, %%r3, %%r4;\n    st.shared.f32 [%%r3], %%f0;\n"
              "    mov.u32 %%r5, 128;\nNEXT:\n    bar.sync 0;\n    setp.ge.u32 %%p, %%r0, %%r5;\n    @%%p bra SKIP;\n    shl.b32 %%r6, %%r5, 2;\n"
              "    add.s32 %%r6, %%r6, %%r3;\n    ld.shared.f32 %%f1, [%%r3];\n    ld.shared.f32 %%f2, [%%r6];\n    add.f32 %%f1, %%f1, %%f2;\n"
              "    st.shared.f32 [%%r3], %%f1;\nSKIP:\n    shr.u32 %%r5, %%r5, 1;\n    setp.ne.s32 %%p, %%r5, 0;\n    @%%p bra NEXT;\n"
              "    setp.ne.s32 %%p, %%r0, 0;\n    @%%p bra DONE;\n    ld.shared.f32 %%f1, [partial];\n    mul.wide.s32 %%d3, %%r1, 4;\n"
              "    add.s64 %%d1, %%d1, %%d3;\n    st.global.f32 [%%d1], %%f1;\nDONE:\n    ret;\n}\n");
}

char *compute_kernels(void)
{
    struct text text = {0};
    add_header(&text);
    add(&text, ".visible .entry empty()\n{\n    ret;\n}\n"
               ".visible .entry stamp(.param .u64 at)\n{\n    .reg .b64 %%d<2>;\n    ld.param.u64 %%d0, [at];\n    mov.u64 %%d1, %%globaltimer;\n"
               "    st.global.u64 [%%d0], %%d1;\n    ret;\n}\n");
    add_multiply(&text);
    add_attract(&text);
    add_reduce(&text);
    return text.bytes;
}

char *long_kernel(int lines, unsigned salt)
{
    struct text text = {0};
    add_header(&text);
    add(&text, ".visible .entry long_kernel(.param .u64 out)\n{\n    .reg .b32 %%r<65>;\n    .reg .f32 %%f<65>;\n    .reg .b64 %%d<3>;\n"
               "    ld.param.u64 %%d0, [out];\n    mov.u32 %%r64, %%tid.x;\n    mul.wide.u32 %%d1, %%r64, 8;\n    add.s64 %%d0, %%d0, %%d1;\n");
    for (int i = 0; i < 64; i++) add(&text, "    add.s32 %%r%d, %%r64, %u;\n    cvt.rn.f32.s32 %%f%d, %%r%d;\n", i, salt + (unsigned)i, i, i);
    for (int i = 0; i < lines - 140; i++) {
        int a = (i * 7 + 1) % 64, b = (i * 13 + 5) % 64, c = (i * 29 + 3) % 64;
        switch (i % 5) {
        case 0: add(&text, "    fma.rn.f32 %%f%d, %%f%d, 0f3E800000, %%f%d;\n", a, b, c); break;
        case 1: add(&text, "    mad.lo.s32 %%r%d, %%r%d, 5, %%r%d;\n", a, b, c); break;
        case 2: add(&text, "    xor.b32 %%r%d, %%r%d, %%r%d;\n", a, b, c); break;
        case 3: add(&text, "    sub.f32 %%f%d, %%f%d, %%f%d;\n", a, b, c); break;
        default: add(&text, "    shr.u32 %%r%d, %%r%d, 1;\n", a, b); break;
        }
    }
    add(&text, "    st.global.f32 [%%d0], %%f1;\n    st.global.u32 [%%d0+4], %%r1;\n    ret;\n}\n");
    return text.bytes;
}
