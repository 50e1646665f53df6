/* The scanners. False without memory, or if the image is no such image. Everything is
 * bounds-checked: images may be anything. */
#ifndef BF_SCANS_H
#define BF_SCANS_H

#include "images/contents.h"

bool bf_ptx_scan(const char *text, size_t bytes, struct bf_contents *contents);
bool bf_cubin_scan(const uint8_t *elf, size_t bytes, struct bf_contents *contents);

#endif
