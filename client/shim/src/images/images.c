#include "images/images.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "images/ptx_join.h"
#include "images/scans.h"
#include "program/log.h"
#include "program/refusals.h"

#define WRAPPER_MAGIC 0x466243B1u
#define HEADER_MAGIC 0xBA55ED50u

enum { MOST_PRELINKED = 65536 };

struct wrapper {
    uint32_t magic;
    uint32_t version;
    const uint8_t *header;
    const uint8_t *const *prelinked; /* version 2: up to NULL */
};

const struct bf_kernel_layout *bf_image_kernel(const struct bf_image *image, const char *name)
{
    return bf_contents_kernel(&image->contents, name);
}

struct bf_image *bf_image_use(struct bf_image *image)
{
    atomic_fetch_add(&image->users, 1);
    return image;
}

void bf_image_release(struct bf_image *image)
{
    if (!image || atomic_fetch_sub(&image->users, 1) != 1)
        return;
    bf_contents_free(&image->contents);
    free(image->bytes);
    free(image);
}

static uint32_t magic_of(const void *code)
{
    uint32_t magic;
    memcpy(&magic, code, sizeof magic);
    return magic;
}

/* From the section and program headers: where the last of them ends. */
static size_t elf_extent(const uint8_t *bytes)
{
    Elf64_Ehdr header;
    memcpy(&header, bytes, sizeof header);
    uint64_t end = header.e_shoff + (uint64_t)header.e_shnum * header.e_shentsize;
    uint64_t programs = header.e_phoff + (uint64_t)header.e_phnum * header.e_phentsize;
    end = end > programs ? end : programs;
    for (unsigned i = 0; i < header.e_shnum && header.e_shentsize == sizeof(Elf64_Shdr); i++) {
        Elf64_Shdr section;
        memcpy(&section, bytes + header.e_shoff + i * sizeof section, sizeof section);
        if (section.sh_type != SHT_NOBITS && section.sh_offset + section.sh_size > end)
            end = section.sh_offset + section.sh_size;
    }
    return (size_t)end;
}

static size_t fatbin_extent(const uint8_t *header)
{
    uint16_t header_bytes;
    uint64_t total;
    memcpy(&header_bytes, header + 6, sizeof header_bytes);
    memcpy(&total, header + 8, sizeof total);
    return total > SIZE_MAX - header_bytes ? 0 : (size_t)total + header_bytes;
}

size_t bf_image_extent(const void *code)
{
    size_t bytes = 0;
    if (!memcmp(code, ELFMAG, SELFMAG))
        bytes = elf_extent(code);
    else if (magic_of(code) == HEADER_MAGIC)
        bytes = fatbin_extent(code);
    else if (magic_of(code) != WRAPPER_MAGIC)
        bytes = strlen(code) + 1;
    return bytes;
}

static CUresult copy_plain(const void *code, size_t bytes, struct bf_image *image)
{
    image->bytes = malloc(bytes + 1);
    if (!image->bytes)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(image->bytes, code, bytes);
    image->bytes[bytes] = 0;
    image->size = bytes;
    return CUDA_SUCCESS;
}

static CUresult choose_prelinked(const struct wrapper *wrapper, struct bf_image_target target,
                                 struct bf_image *image)
{
    struct bf_image_target ptx_only = target;
    CUresult status =
        target.ptx && wrapper->prelinked ? CUDA_SUCCESS : CUDA_ERROR_NO_BINARY_FOR_GPU;
    ptx_only.sass = false;
    for (int i = 0; status == CUDA_SUCCESS && i < MOST_PRELINKED && wrapper->prelinked[i]; i++) {
        uint8_t *bytes = NULL;
        size_t size = 0;
        status = bf_fatbin_choose(wrapper->prelinked[i], fatbin_extent(wrapper->prelinked[i]),
                                  ptx_only, &image->kind, &bytes, &size);
        if (status == CUDA_SUCCESS)
            status = bf_ptx_join(&image->bytes, &image->size, (char *)bytes, size)
                         ? CUDA_SUCCESS
                         : CUDA_ERROR_OUT_OF_MEMORY;
        else if (status == CUDA_ERROR_NO_BINARY_FOR_GPU)
            status = CUDA_SUCCESS; /* a part that this device needs nothing of */
        free(bytes);
    }
    image->kind = BF_IMAGE_PTX;
    return status == CUDA_SUCCESS && !image->bytes ? CUDA_ERROR_NO_BINARY_FOR_GPU : status;
}

static CUresult choose(const void *code, struct bf_image_target target, struct bf_image *image)
{
    CUresult status;
    if (magic_of(code) == WRAPPER_MAGIC) {
        struct wrapper wrapper;
        memcpy(&wrapper, code, sizeof wrapper);
        if (!wrapper.header || (wrapper.version != 1 && wrapper.version != 2))
            return CUDA_ERROR_INVALID_IMAGE;
        status = choose(wrapper.header, target, image);
        if (status == CUDA_ERROR_NO_BINARY_FOR_GPU && wrapper.version == 2)
            status = choose_prelinked(&wrapper, target, image);
    } else if (magic_of(code) == HEADER_MAGIC) {
        status = bf_fatbin_choose(code, fatbin_extent(code), target, &image->kind, &image->bytes,
                                  &image->size);
    } else if (!memcmp(code, ELFMAG, SELFMAG)) {
        image->kind = BF_IMAGE_ELF;
        status =
            target.sass ? copy_plain(code, elf_extent(code), image) : CUDA_ERROR_NO_BINARY_FOR_GPU;
    } else {
        image->kind = BF_IMAGE_PTX;
        status = target.ptx ? copy_plain(code, strlen(code), image) : CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    return status;
}

/* Before the first kernel of it fails. */
static void say_what_is_not_carried(const struct bf_contents *contents)
{
    if (contents->holds_managed)
        bf_not_carried("an image holds managed variables (__managed__), which are not supported: "
                       "kernels and host do not share them");
    if (contents->launches_kernels)
        bf_not_carried("an image launches kernels from the device (dynamic parallelism), which is "
                       "not supported: those kernels will fail");
}

/* On stderr too: cuFFT and others go on without the kernel, and their results are wrong. */
static void say_that_no_code_fits(struct bf_image_target target)
{
    bf_log(BF_LOG_ERROR, "an image holds no code for compute capability %d.%d (%s%s%s taken)",
           target.major, target.minor, target.ptx ? "PTX" : "",
           target.ptx && target.sass ? " and " : "", target.sass ? "SASS" : "");
    if (target.sass)
        bf_not_carried("an image holds no code for this device's compute capability: "
                       "CUDA_ERROR_NO_BINARY_FOR_GPU");
    else
        bf_not_carried("an image holds no PTX for this device's compute capability, and machine code "
                       "does not run on a software GPU: CUDA_ERROR_NO_BINARY_FOR_GPU");
}

CUresult bf_image_decode(const void *code, struct bf_image_target target, struct bf_image **out)
{
    struct bf_image *image = calloc(1, sizeof *image);
    if (!image)
        return CUDA_ERROR_OUT_OF_MEMORY;
    image->users = 1;
    CUresult status = choose(code, target, image);
    if (status == CUDA_ERROR_NO_BINARY_FOR_GPU)
        say_that_no_code_fits(target);
    if (status == CUDA_SUCCESS && image->kind == BF_IMAGE_PTX &&
        !bf_ptx_scan((const char *)image->bytes, image->size, &image->contents))
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS && image->kind == BF_IMAGE_ELF &&
        !bf_cubin_scan(image->bytes, image->size, &image->contents))
        status = CUDA_ERROR_INVALID_IMAGE;
    if (status == CUDA_SUCCESS) {
        say_what_is_not_carried(&image->contents);
        *out = image;
    } else {
        bf_image_release(image);
    }
    return status;
}
