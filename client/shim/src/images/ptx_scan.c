/* What PTX text says of its kernels: names, parameters, limits; not what they do. Source: PTX
 * ISA 9.0, "Directives". */
#include <stdlib.h>
#include <string.h>

#include "images/scans.h"

struct scan {
    const char *at, *end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '%';
}

static bool starts(const struct scan *s, const char *text)
{
    size_t bytes = strlen(text);
    return (size_t)(s->end - s->at) >= bytes && !memcmp(s->at, text, bytes);
}

static void skip_to(struct scan *s, const char *text)
{
    const char *found = memmem(s->at, (size_t)(s->end - s->at), text, strlen(text));
    s->at = found ? found + strlen(text) : s->end;
}

/* Skips a comment or a string; false if there is none here. */
static bool skip_inert(struct scan *s)
{
    if (starts(s, "//")) {
        skip_to(s, "\n");
    } else if (starts(s, "/*")) {
        s->at += 2;
        skip_to(s, "*/");
    } else if (*s->at == '"') {
        s->at++;
        skip_to(s, "\"");
    } else {
        return false;
    }
    return true;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end && (is_space(*s->at) || skip_inert(s)))
        s->at += s->at < s->end && is_space(*s->at) ? 1 : 0;
}

/* The next word: a name, a directive with its dots, a number; else one character. 0 bytes at the
 * end. */
static size_t word(struct scan *s, const char **begin)
{
    skip_space(s);
    *begin = s->at;
    if (s->at < s->end && (*s->at == '.' || is_name(*s->at))) {
        s->at++;
        while (s->at < s->end && is_name(*s->at))
            s->at++;
    } else if (s->at < s->end) {
        s->at++;
    }
    return (size_t)(s->at - *begin);
}

static bool is(const char *begin, size_t bytes, const char *text)
{
    return strlen(text) == bytes && !memcmp(begin, text, bytes);
}

static bool read_number(const char *begin, size_t bytes, uint64_t *value)
{
    char text[24];
    char *end;
    if (!bytes || bytes >= sizeof text || begin[0] < '0' || begin[0] > '9')
        return false;
    memcpy(text, begin, bytes);
    text[bytes] = 0;
    *value = strtoull(text, &end, 0);
    return !*end || ((*end == 'U' || *end == 'u') && !end[1]);
}

static uint32_t type_bytes(const char *begin, size_t bytes)
{
    static const struct {
        const char *name;
        uint32_t bytes;
    } types[] = {{".b8", 1},     {".u8", 1},         {".s8", 1},     {".b16", 2},    {".u16", 2},
                 {".s16", 2},    {".f16", 2},        {".bf16", 2},   {".b32", 4},    {".u32", 4},
                 {".s32", 4},    {".f32", 4},        {".f16x2", 4},  {".bf16x2", 4}, {".b64", 8},
                 {".u64", 8},    {".s64", 8},        {".f64", 8},    {".f32x2", 8},  {".b128", 16},
                 {".texref", 8}, {".samplerref", 8}, {".surfref", 8}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (is(begin, bytes, types[i].name))
            return types[i].bytes;
    }
    return 0;
}

/* One parameter, up to its "," or the list's ")". */
static bool read_parameter(struct scan *s, struct bf_kernel_layout *kernel, bool *last)
{
    uint64_t size = 0, align = 0, number, elements = 1;
    const char *begin;
    bool pointer = false;
    size_t bytes;
    while ((bytes = word(s, &begin)) && *begin != ',' && *begin != ')') {
        if (is(begin, bytes, ".ptr")) {
            pointer = true; /* an alignment from here on is of what it points to */
        } else if (is(begin, bytes, ".align")) {
            bytes = word(s, &begin);
            if (!read_number(begin, bytes, &number) || !number || number > 4096 ||
                (number & (number - 1)))
                return false;
            align = pointer ? align : number;
        } else if (*begin == '[') {
            bytes = word(s, &begin);
            if (bytes == 1 && *begin == ']') {
                elements = 0;
            } else if (!read_number(begin, bytes, &number) ||
                       __builtin_mul_overflow(elements, number, &elements)) {
                return false;
            }
        } else if (!size) {
            size = type_bytes(begin, bytes);
        }
    }
    if (!bytes || !size)
        return false;
    *last = *begin == ')';
    align = align ? align : size;
    if (__builtin_mul_overflow(size, elements, &size) || size > 65536)
        return false;
    uint64_t offset = (kernel->parameter_bytes + align - 1) / align * align;
    if (offset + size > 65536)
        return false;
    kernel->parameter_bytes = (uint32_t)(offset + size);
    return bf_layout_add_parameter(kernel, (uint32_t)offset, (uint32_t)size);
}

/* "x[, y[, z]]": the product. */
static uint32_t read_product(struct scan *s)
{
    uint64_t product = 1, number;
    for (int i = 0; i < 3; i++) {
        const char *begin;
        size_t bytes = word(s, &begin);
        if (!read_number(begin, bytes, &number) ||
            __builtin_mul_overflow(product, number, &product) || product > 1u << 20)
            return 0;
        struct scan before = *s;
        if (!word(s, &begin) || *begin != ',') {
            *s = before;
            break;
        }
    }
    return (uint32_t)product;
}

/* Behind ".entry". A kernel that makes no sense is not noted; the worker will say what is wrong
 * with it. */
static bool read_entry(struct scan *s, struct bf_contents *contents)
{
    const char *begin;
    size_t bytes = word(s, &begin);
    if (!bytes || !is_name(*begin))
        return true;
    struct bf_kernel_layout *kernel = bf_contents_add(contents, begin, bytes);
    if (!kernel)
        return false;
    struct scan before = *s;
    bytes = word(s, &begin);
    if (bytes && *begin == '(') {
        struct scan list = *s;
        bool last = word(&list, &begin) && *begin == ')';
        if (last)
            *s = list;
        while (!last) {
            if (!read_parameter(s, kernel, &last)) {
                bf_contents_drop_last(contents);
                return true;
            }
        }
    } else {
        *s = before;
    }
    for (before = *s; (bytes = word(s, &begin)) && *begin != '{' && *begin != ';'; before = *s) {
        if (is(begin, bytes, ".maxntid") || is(begin, bytes, ".reqntid"))
            kernel->max_threads = read_product(s);
    }
    *s = before; /* the caller counts the brace */
    return true;
}

/* Whether what stands here up to the end of the declaration, or the beginning of a body, holds the
 * text. */
static bool declares(const struct scan *s, const char *text)
{
    size_t left = (size_t)(s->end - s->at), bytes = 0;
    while (bytes < left && s->at[bytes] != ';' && s->at[bytes] != '{')
        bytes++;
    return memmem(s->at, bytes, text, strlen(text)) != NULL;
}

/* A directive at the outermost level. False without memory. */
static bool read_directive(struct scan *s, struct bf_contents *contents)
{
    bool good = true;
    if (starts(s, ".entry")) {
        s->at += 6;
        good = read_entry(s, contents);
    } else {
        if (starts(s, ".attribute"))
            contents->holds_managed |= declares(s, ".managed");
        else if (starts(s, ".extern")) /* of cudadevrt, before CUDA 12 and since */
            contents->launches_kernels |=
                declares(s, " cudaLaunchDevice") || declares(s, "cudaCDP2LaunchDevice");
        s->at++;
    }
    return good;
}

bool bf_ptx_scan(const char *text, size_t bytes, struct bf_contents *contents)
{
    struct scan s = {text, text + bytes};
    int depth = 0;
    char previous = ' ';
    while (s.at < s.end) {
        char c = *s.at;
        if ((c == '/' || c == '"') && skip_inert(&s)) {
            c = ' ';
        } else if (c == '.' && is_space(previous) && starts(&s, ".shared")) {
            contents->uses_shared = true;
            s.at += 7;
        } else if (c == '.' && !depth) {
            if (!read_directive(&s, contents))
                return false;
        } else {
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            s.at++;
        }
        previous = c;
    }
    bf_contents_sort(contents);
    return true;
}
