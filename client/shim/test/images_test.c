/* Fat binaries of every compression, LZ4, PTX and ELF scans; then all of them damaged at random:
 * nothing but a refusal may come of it. */
#include "images/images.h"
#include "images/ptx_join.h"
#include "images/scans.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <lz4.h>
#include <zstd.h>

#include "check.h"
#include "program/log.h"
#include "program/refusals.h"

void bf_log(enum bf_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

void bf_not_carried(const char *what)
{
    (void)what;
}

static const char ptx[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
                          "// .entry not_this_one(.param .u32 x)\n/* .entry nor_this() { */\n"
                          ".extern .shared .align 16 .b8 dynamic[];\n"
                          ".visible .entry second(\n\t.param .u64 .ptr .global .align 4 "
                          "p,\n\t.param .align 16 .b8 s[20],\n\t.param .u8 c,\n\t.param .f32 f\n)\n"
                          ".maxntid 128, 2\n.minnctapersm 1\n{\n\tret;\n}\n"
                          ".func helper(.param .b32 x) { ret; }\n"
                          ".visible .entry first()\n{ .reg .b32 %r; { ret; } }\n"
                          ".entry third(.param .u16 a, .param .b64 b[3]) .reqntid 64 { ret; }\n";

static const struct bf_image_target ampere = {8, 0, true, true};

static void kernels_are_found_with_their_layouts(void)
{
    struct bf_contents image = {0};
    CHECK(bf_ptx_scan(ptx, strlen(ptx), &image));
    CHECK(image.kernel_count == 3 && image.uses_shared && !image.holds_managed &&
          !image.launches_kernels);
    const struct bf_kernel_layout *second = bf_contents_kernel(&image, "second");
    CHECK(second && second->parameter_count == 4 && second->max_threads == 256);
    if (second && second->parameter_count == 4) {
        const struct bf_parameter *p = second->parameters;
        CHECK(p[0].offset == 0 && p[0].bytes == 8);
        CHECK(p[1].offset == 16 && p[1].bytes == 20);
        CHECK(p[2].offset == 36 && p[2].bytes == 1);
        CHECK(p[3].offset == 40 && p[3].bytes == 4);
        CHECK(second->parameter_bytes == 44);
    }
    const struct bf_kernel_layout *first = bf_contents_kernel(&image, "first");
    CHECK(first && !first->parameter_count && !first->max_threads);
    const struct bf_kernel_layout *third = bf_contents_kernel(&image, "third");
    CHECK(third && third->parameter_bytes == 32 && third->max_threads == 64);
    CHECK(!bf_contents_kernel(&image, "helper") && !bf_contents_kernel(&image, "not_this_one"));
    bf_contents_free(&image);
}

static size_t lz4(const uint8_t *in, size_t bytes, uint8_t *out, size_t room)
{
    return (size_t)LZ4_compress_default((const char *)in, (char *)out, (int)bytes, (int)room);
}

/* Appends an entry; returns its bytes. */
static size_t entry(uint8_t *out, uint16_t kind, uint32_t architecture, uint64_t flags,
                    const void *payload, size_t stored, size_t plain)
{
    uint8_t head[64] = {0};
    uint32_t head_bytes = sizeof head, compressed = flags ? (uint32_t)stored : 0;
    uint64_t padded = (stored + 7) / 8 * 8, uncompressed = plain;
    memcpy(head, &kind, 2);
    head[2] = head[3] = 1;
    memcpy(head + 4, &head_bytes, 4);
    memcpy(head + 8, &padded, 8);
    memcpy(head + 16, &compressed, 4);
    memcpy(head + 28, &architecture, 4);
    memcpy(head + 40, &flags, 8);
    memcpy(head + 56, &uncompressed, 8);
    memcpy(out, head, sizeof head);
    memset(out + sizeof head, 0, padded);
    memcpy(out + sizeof head, payload, stored);
    return sizeof head + padded;
}

static size_t container(uint8_t *out)
{
    static uint8_t packed[4096];
    size_t done = 16, bytes = sizeof ptx;
    uint32_t magic = 0xBA55ED50u;
    uint16_t one = 1, sixteen = 16;
    done += entry(out + done, 1, 75, 0, "old", 4, 4);
    size_t stored = lz4((const uint8_t *)ptx, bytes, packed, sizeof packed);
    done += entry(out + done, 1, 80, 0x2000, packed, stored, bytes);
    stored = ZSTD_compress(packed, sizeof packed, ptx, bytes, 3);
    done += entry(out + done, 1, 86, 0x8000, packed, stored, bytes);
    done += entry(out + done, 1, 90, 0, ptx, bytes, bytes);
    done += entry(out + done, 2, 86, 0, "sass", 4, 4);
    uint64_t total = done - 16;
    memcpy(out, &magic, 4);
    memcpy(out + 4, &one, 2);
    memcpy(out + 6, &sixteen, 2);
    memcpy(out + 8, &total, 8);
    return done;
}

static CUresult choose(const uint8_t *fatbin, size_t bytes, int major, int minor, bool take_ptx,
                       bool sass, enum bf_image_kind *kind, char text[8])
{
    struct bf_image_target target = {major, minor, take_ptx, sass};
    uint8_t *image = NULL;
    size_t size = 0;
    CUresult status = bf_fatbin_choose(fatbin, bytes, target, kind, &image, &size);
    memset(text, 0, 8);
    if (status == CUDA_SUCCESS)
        memcpy(text, image, size < 7 ? size : 7);
    free(image);
    return status;
}

static void the_entry_that_fits_best_is_chosen(void)
{
    static uint8_t fatbin[32768];
    size_t bytes = container(fatbin);
    enum bf_image_kind kind;
    char text[8];
    CHECK(choose(fatbin, bytes, 8, 0, true, true, &kind, text) == CUDA_SUCCESS &&
          kind == BF_IMAGE_PTX && !memcmp(text, ".versio", 7));
    CHECK(choose(fatbin, bytes, 7, 5, true, true, &kind, text) == CUDA_SUCCESS &&
          !strcmp(text, "old"));
    CHECK(choose(fatbin, bytes, 8, 6, true, false, &kind, text) == CUDA_SUCCESS &&
          kind == BF_IMAGE_PTX && !memcmp(text, ".versio", 7));
    CHECK(choose(fatbin, bytes, 8, 9, true, true, &kind, text) == CUDA_SUCCESS &&
          kind == BF_IMAGE_ELF && !memcmp(text, "sass", 4));
    CHECK(choose(fatbin, bytes, 9, 0, false, true, &kind, text) == CUDA_ERROR_NO_BINARY_FOR_GPU);
    CHECK(choose(fatbin, bytes, 7, 0, true, true, &kind, text) == CUDA_ERROR_NO_BINARY_FOR_GPU);
    CHECK(choose(fatbin, bytes - 1, 8, 0, true, true, &kind, text) == CUDA_ERROR_INVALID_IMAGE);
}

/* The first bytes of what a device of that capability gets of PTX for 90, 90a, 100, 100f, 103f and
 * machine code for 90a, 100f. */
static const char *special(int major, int minor, bool sass)
{
    static uint8_t fatbin[4096];
    static char text[8];
    const uint64_t a = 0x100000, f = 0x200000;
    uint32_t magic = 0xBA55ED50u;
    uint16_t one = 1, sixteen = 16;
    size_t done = 16;
    enum bf_image_kind kind;
    done += entry(fatbin + done, 1, 90, 0, "p90", 4, 4);
    done += entry(fatbin + done, 1, 90, a, "p90a", 5, 5);
    done += entry(fatbin + done, 1, 100, 0, "p100", 5, 5);
    done += entry(fatbin + done, 1, 100, f, "p100f", 6, 6);
    done += entry(fatbin + done, 1, 103, f, "p103f", 6, 6);
    done += entry(fatbin + done, 2, 90, a, "s90a", 5, 5);
    done += entry(fatbin + done, 2, 100, f, "s100f", 6, 6);
    uint64_t total = done - 16;
    memcpy(fatbin, &magic, 4);
    memcpy(fatbin + 4, &one, 2);
    memcpy(fatbin + 6, &sixteen, 2);
    memcpy(fatbin + 8, &total, 8);
    return choose(fatbin, done, major, minor, true, sass, &kind, text) == CUDA_SUCCESS ? text
                                                                                       : "none";
}

static void architectures_and_families_get_only_what_is_for_them(void)
{
    CHECK(!strcmp(special(8, 0, true), "none"));
    CHECK(!strcmp(special(9, 0, false), "p90a"));
    CHECK(!strcmp(special(9, 0, true), "s90a"));
    CHECK(!strcmp(special(9, 1, true), "p90")); /* neither of the two for just 9.0 */
    CHECK(!strcmp(special(10, 0, false), "p100f"));
    CHECK(!strcmp(special(10, 0, true), "s100f"));
    CHECK(!strcmp(special(10, 3, false), "p103f"));
    CHECK(!strcmp(special(10, 3, true), "s100f"));
    CHECK(!strcmp(special(12, 0, true), "p100")); /* another family */
}

static void what_is_not_carried_is_seen(void)
{
    static const char managed[] =
        ".version 8.0\n.global .attribute(.managed) .align 4 .u32 c = 3;\n"
        ".visible .entry k() { ret; }\n";
    static const char parent[] = ".version 8.0\n.extern .func  (.param .b32 r) "
                                 "__cudaCDP2LaunchDeviceV2\n(\n.param .b64 a\n)\n;\n"
                                 ".visible .entry k() { ret; }\n";
    static const char neither[] =
        ".version 8.0\n.extern .func vprintf;\n.global .attribute(.unified(1, 2)) .u32 v;\n"
        "// .attribute(.managed)\n.visible .entry k() { call cudaLaunchDevice; }\n";
    struct bf_contents a = {0}, b = {0}, c = {0};
    CHECK(bf_ptx_scan(managed, strlen(managed), &a) && a.holds_managed && !a.launches_kernels);
    CHECK(bf_ptx_scan(parent, strlen(parent), &b) && !b.holds_managed && b.launches_kernels);
    CHECK(bf_ptx_scan(neither, strlen(neither), &c) && !c.holds_managed && !c.launches_kernels);
    bf_contents_free(&a);
    bf_contents_free(&b);
    bf_contents_free(&c);
}

static void wrappers_and_plain_text_are_decoded(void)
{
    static uint8_t fatbin[32768];
    container(fatbin);
    struct {
        uint32_t magic, version;
        const void *header, *more;
    } wrapper = {0x466243B1u, 1, fatbin, NULL};
    struct bf_image *image = NULL;
    CHECK(bf_image_decode(&wrapper, ampere, &image) == CUDA_SUCCESS);
    CHECK(image && image->kind == BF_IMAGE_PTX && image->contents.kernel_count == 3);
    bf_image_release(image);
    CHECK(bf_image_decode(fatbin, ampere, &image) == CUDA_SUCCESS);
    bf_image_release(image);
    CHECK(bf_image_decode(ptx, ampere, &image) == CUDA_SUCCESS && image->size == strlen(ptx));
    bf_image_release(image);
    wrapper.version = 7;
    CHECK(bf_image_decode(&wrapper, ampere, &image) == CUDA_ERROR_INVALID_IMAGE);
}

static void separately_compiled_parts_become_one_module(void)
{
    char first[] = ".version 8.0\n.target sm_80\n.address_size 64\n.extern .func g();\n.visible "
                   ".entry a() { call g; ret; }";
    char second[] = "// made by a compiler\n.version 8.1\n.target sm_75, debug\n.address_size "
                    "64\n.visible .func g() { ret; }\n.visible .entry b() { ret; }\n";
    struct bf_contents image = {0};
    uint8_t *joined = NULL;
    size_t size = 0;
    CHECK(bf_ptx_join(&joined, &size, first, strlen(first)) &&
          bf_ptx_join(&joined, &size, second, strlen(second)));
    const char *text = (const char *)joined;
    CHECK(size == strlen(text) && strstr(text, ".version 8.0") && !strstr(text, "8.1") &&
          !strstr(text, "sm_75"));
    CHECK(bf_ptx_scan(text, size, &image) && bf_contents_kernel(&image, "a") &&
          bf_contents_kernel(&image, "b"));
    bf_contents_free(&image);
    free(joined);
}

static uint64_t seed = 0x243F6A8885A308D3u;

static uint32_t random_number(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % below;
}

static void damage(uint8_t *bytes, size_t size)
{
    for (uint32_t i = 0, times = 1 + random_number(8); i < times; i++) {
        static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xff, '{', '(', ',', '.', '[', '"'};
        uint32_t at = random_number((uint32_t)size);
        bytes[at] =
            random_number(2) ? special[random_number(sizeof special)] : (uint8_t)random_number(256);
    }
}

/* Each in memory of exactly its size, so that a sanitizer sees a read beyond it. */
static void damaged_images_are_refused_or_decoded_but_nothing_else(const uint8_t *original,
                                                                   size_t size, int what,
                                                                   int rounds)
{
    for (int i = 0; i < rounds; i++) {
        size_t bytes = random_number(4) ? size : 1 + random_number((uint32_t)size);
        uint8_t *copy = malloc(bytes);
        struct bf_contents image = {0};
        memcpy(copy, original, bytes);
        damage(copy, bytes);
        if (what == 0) {
            enum bf_image_kind kind;
            uint8_t *out = NULL;
            size_t out_bytes;
            struct bf_image_target target = {7 + (int)random_number(3), (int)random_number(10),
                                             true, random_number(2) != 0};
            if (bf_fatbin_choose(copy, bytes, target, &kind, &out, &out_bytes) == CUDA_SUCCESS &&
                kind == BF_IMAGE_PTX && bf_ptx_scan((const char *)out, out_bytes, &image))
                bf_contents_free(&image);
            free(out);
        } else if (what == 1) {
            bf_ptx_scan((const char *)copy, bytes, &image);
            bf_contents_free(&image);
        } else {
            bf_cubin_scan(copy, bytes, &image);
            bf_contents_free(&image);
        }
        free(copy);
    }
}

static void a_cubin_names_its_kernels(const char *path, uint8_t **bytes, size_t *size)
{
    struct bf_contents image = {0};
    FILE *file = fopen(path, "rb");
    *bytes = malloc(1 << 20);
    *size = file ? fread(*bytes, 1, 1 << 20, file) : 0;
    if (file)
        fclose(file);
    CHECK(*size && bf_cubin_scan(*bytes, *size, &image));
    const struct bf_kernel_layout *kernel = bf_contents_kernel(&image, "sample");
    CHECK(kernel && kernel->parameter_count == 3 && kernel->parameters[1].offset == 8 &&
          kernel->parameters[1].bytes == 4 && kernel->parameters[2].offset == 16 &&
          kernel->parameter_bytes == 24);
    bf_contents_free(&image);
}

/* Arguments: rounds of damage, and perhaps a cubin with sample(float *, int, double). */
int main(int argc, char **argv)
{
    static uint8_t fatbin[32768];
    int rounds = argc > 1 ? atoi(argv[1]) : 20000;
    kernels_are_found_with_their_layouts();
    the_entry_that_fits_best_is_chosen();
    architectures_and_families_get_only_what_is_for_them();
    what_is_not_carried_is_seen();
    wrappers_and_plain_text_are_decoded();
    separately_compiled_parts_become_one_module();
    damaged_images_are_refused_or_decoded_but_nothing_else(fatbin, container(fatbin), 0, rounds);
    damaged_images_are_refused_or_decoded_but_nothing_else((const uint8_t *)ptx, strlen(ptx), 1,
                                                           rounds);
    if (argc > 2) {
        uint8_t *cubin;
        size_t size;
        a_cubin_names_its_kernels(argv[2], &cubin, &size);
        if (size)
            damaged_images_are_refused_or_decoded_but_nothing_else(cubin, size, 2, rounds);
        free(cubin);
    }
    return checks_failed;
}
