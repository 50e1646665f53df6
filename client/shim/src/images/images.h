/* A module's image as it will travel, and what it says of its kernels. Everything here is
 * bounds-checked: images may be anything. */
#ifndef BF_IMAGES_H
#define BF_IMAGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bf_cuda_types.h"

enum bf_image_kind { BF_IMAGE_PTX = 1, BF_IMAGE_ELF = 2 }; /* as in module.load */

struct bf_parameter {
    uint32_t offset, bytes;
};

struct bf_kernel_layout {
    char *name;
    struct bf_parameter *parameters;
    uint32_t parameter_count;
    uint32_t parameter_bytes;
    uint32_t max_threads; /* of a block, as the kernel's author limits it; 0: not said */
};

struct bf_image {
    enum bf_image_kind kind;
    uint8_t *bytes;
    size_t size;
    struct bf_kernel_layout *kernels; /* sorted by name */
    size_t kernel_count;
    bool uses_shared; /* declares shared memory somewhere */
    _Atomic unsigned users;
};

/* What a device takes. */
struct bf_image_target {
    int major, minor; /* compute capability */
    bool ptx, sass;
};

/* Decodes what a loader is handed (fat binary wrapper, its header, ELF or PTX text) and chooses the
   image for the target. INVALID_IMAGE, NO_BINARY_FOR_GPU with a log line, OUT_OF_MEMORY. */
CUresult bf_image_decode(const void *code, struct bf_image_target target, struct bf_image **image);

/* The bytes of what a loader is handed, if that can be told (not of a wrapper); 0: no. */
size_t bf_image_extent(const void *code);

struct bf_image *bf_image_use(struct bf_image *image);
void bf_image_release(struct bf_image *image);

/* The kernel of that name, or NULL. */
const struct bf_kernel_layout *bf_image_kernel(const struct bf_image *image, const char *name);

/* ---- Parts, each for itself tested ---- */
/* Chooses among the entries of a fat binary of which at most "limit" bytes may be looked at; *bytes
 * is from malloc. */
CUresult bf_fatbin_choose(const uint8_t *header, size_t limit, struct bf_image_target target,
                          enum bf_image_kind *kind, uint8_t **bytes, size_t *size);

/* Decodes one raw LZ4 block; the bytes written, or SIZE_MAX if it is malformed or does not fit. */
size_t bf_lz4_decode(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes);

/* Finds the kernels. False without memory, or if the image is no such image. */
bool bf_ptx_scan(const char *text, size_t bytes, struct bf_image *image);
bool bf_cubin_scan(const uint8_t *elf, size_t bytes, struct bf_image *image);

/* Puts PTX text behind the image's: separately compiled parts, which know each other's functions by
   declarations, become one module. The text's own .version, .target and .address_size are blanked
   out where it is not the first. False without memory. */
bool bf_ptx_join(struct bf_image *image, char *text, size_t bytes);

/* Appends a kernel with that name to the image (name copied); NULL without memory. */
struct bf_kernel_layout *bf_image_add_kernel(struct bf_image *image, const char *name,
                                             size_t name_bytes);
bool bf_layout_add_parameter(struct bf_kernel_layout *kernel, uint32_t offset, uint32_t bytes);

#endif
