/* A module's image as it will travel, and what it says of its kernels. */
#ifndef BF_IMAGES_H
#define BF_IMAGES_H

#include <stdatomic.h>

#include "images/contents.h"
#include "images/fatbin.h"

struct bf_image {
    enum bf_image_kind kind;
    uint8_t *bytes;
    size_t size;
    struct bf_contents contents;
    _Atomic unsigned users;
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

#endif
