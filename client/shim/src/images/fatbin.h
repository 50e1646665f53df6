/* Fat binaries: images for several devices in one. */
#ifndef BF_FATBIN_H
#define BF_FATBIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bf_cuda_types.h"

enum bf_image_kind { BF_IMAGE_PTX = 1, BF_IMAGE_ELF = 2 }; /* as in module.load */

/* What a device takes. */
struct bf_image_target {
    int major, minor; /* compute capability */
    bool ptx, sass;
};

/* Chooses among the entries of a fat binary of which at most "limit" bytes may be looked at; *bytes
 * is from malloc. */
CUresult bf_fatbin_choose(const uint8_t *header, size_t limit, struct bf_image_target target,
                          enum bf_image_kind *kind, uint8_t **bytes, size_t *size);

#endif
