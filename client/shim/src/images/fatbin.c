/* Fat binaries: the entries of one header, and the best one for a device. */
#include "images/fatbin.h"

#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#define HEADER_MAGIC 0xBA55ED50u
#define LARGEST_IMAGE ((uint64_t)1 << 30)

enum {
    HEADER_BYTES = 16,
    ENTRY_BYTES = 64,
    KIND_PTX = 1,
    KIND_ELF = 2,
    FLAG_LZ4 = 0x2000,
    FLAG_ZSTD = 0x8000,
    FLAG_ARCHITECTURE = 0x100000, /* for just this one: sm_90a */
    FLAG_FAMILY = 0x200000,       /* for its family: sm_100f */
    SOME_ARCHITECTURE = 100000    /* no architecture's number is so large */
};

struct entry {
    uint16_t kind;
    uint16_t marker;
    uint32_t header_bytes;
    uint64_t padded_bytes;
    uint32_t compressed_bytes;
    uint32_t option_offset;
    uint16_t minor, major; /* of the format */
    uint32_t architecture;
    uint32_t name_offset, name_bytes;
    uint64_t flags;
    uint64_t reserved;
    uint64_t plain_bytes;
};
_Static_assert(sizeof(struct entry) == ENTRY_BYTES, "layout of a fat binary's entry");

/* Whether a device of that capability runs what was made for the entry's (CUDA C++ Programming
 * Guide, "Compute Capabilities"; nvcc's names end in "a" or "f"): PTX of its capability or an older
 * one, machine code of the same major version or an older minor one; what was made for one
 * architecture, only there; for a family, where the major version is the same and the minor one not
 * older. */
static bool runs_on(const struct entry *entry, unsigned device)
{
    bool same_major = entry->architecture / 10 == device / 10;
    bool runs = entry->architecture <= device;
    if (entry->flags & FLAG_ARCHITECTURE)
        runs = entry->architecture == device;
    else if (entry->kind == KIND_ELF || (entry->flags & FLAG_FAMILY))
        runs = runs && same_major;
    return runs;
}

/* How well the entry fits: 0 not at all. Machine code before PTX, newer before older, for just this
 * architecture before the family's before any's. */
static unsigned fit(const struct entry *entry, struct bf_image_target target)
{
    unsigned device = (unsigned)(target.major * 10 + target.minor);
    unsigned special = entry->flags & FLAG_ARCHITECTURE ? 2 : entry->flags & FLAG_FAMILY ? 1 : 0;
    unsigned value = 0;
    if (entry->architecture < SOME_ARCHITECTURE && runs_on(entry, device)) {
        if (entry->kind == KIND_ELF && target.sass)
            value = 4 * (SOME_ARCHITECTURE + entry->architecture) + special;
        else if (entry->kind == KIND_PTX && target.ptx)
            value = 4 * (1 + entry->architecture) + special;
    }
    return value;
}

static CUresult unpack(const struct entry *entry, const uint8_t *payload, uint8_t **bytes,
                       size_t *size)
{
    bool compressed = entry->flags & (FLAG_LZ4 | FLAG_ZSTD);
    uint64_t stored = compressed ? entry->compressed_bytes : entry->padded_bytes;
    uint64_t plain = compressed ? entry->plain_bytes : entry->padded_bytes;
    if (stored > entry->padded_bytes || plain > LARGEST_IMAGE || !plain)
        return CUDA_ERROR_INVALID_IMAGE;
    uint8_t *out = malloc((size_t)plain + 1);
    if (!out)
        return CUDA_ERROR_OUT_OF_MEMORY;
    size_t made = (size_t)plain;
    if (entry->flags & FLAG_ZSTD) {
        made = ZSTD_decompress(out, (size_t)plain, payload, (size_t)stored);
        made = ZSTD_isError(made) ? SIZE_MAX : made;
    } else if (entry->flags & FLAG_LZ4) {
        int decoded = stored <= LARGEST_IMAGE
                          ? LZ4_decompress_safe((const char *)payload, (char *)out, (int)stored,
                                                (int)plain)
                          : -1;
        made = decoded < 0 ? SIZE_MAX : (size_t)decoded;
    } else {
        memcpy(out, payload, (size_t)plain);
    }
    if (made > plain) {
        free(out);
        return CUDA_ERROR_INVALID_IMAGE;
    }
    out[made] = 0;
    *bytes = out;
    *size = entry->kind == KIND_PTX ? strnlen((const char *)out, made) : made;
    return CUDA_SUCCESS;
}

CUresult bf_fatbin_choose(const uint8_t *header, size_t limit, struct bf_image_target target,
                          enum bf_image_kind *kind, uint8_t **bytes, size_t *size)
{
    uint32_t magic;
    uint16_t header_bytes;
    uint64_t total;
    struct entry best = {0};
    const uint8_t *payload = NULL;
    unsigned value = 0;
    if (limit < HEADER_BYTES)
        return CUDA_ERROR_INVALID_IMAGE;
    memcpy(&magic, header, sizeof magic);
    memcpy(&header_bytes, header + 6, sizeof header_bytes);
    memcpy(&total, header + 8, sizeof total);
    if (magic != HEADER_MAGIC || header_bytes < HEADER_BYTES || header_bytes > limit ||
        total > limit - header_bytes)
        return CUDA_ERROR_INVALID_IMAGE;
    for (uint64_t at = header_bytes, end = header_bytes + total; end - at >= ENTRY_BYTES;) {
        struct entry entry;
        memcpy(&entry, header + at, sizeof entry);
        if (entry.header_bytes < ENTRY_BYTES || entry.header_bytes > end - at ||
            entry.padded_bytes > end - at - entry.header_bytes)
            return CUDA_ERROR_INVALID_IMAGE;
        if (fit(&entry, target) > value) {
            value = fit(&entry, target);
            best = entry;
            payload = header + at + entry.header_bytes;
        }
        at += entry.header_bytes + entry.padded_bytes;
    }
    if (!payload)
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    *kind = best.kind == KIND_PTX ? BF_IMAGE_PTX : BF_IMAGE_ELF;
    return unpack(&best, payload, bytes, size);
}
