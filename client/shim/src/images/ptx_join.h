#ifndef BF_PTX_JOIN_H
#define BF_PTX_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Puts PTX text behind what is there (from malloc, or NULL): separately compiled parts, which know
   each other's functions by declarations, become one module. The text's own .version, .target and
   .address_size are blanked out where it is not the first. False without memory. */
bool bf_ptx_join(uint8_t **joined, size_t *size, char *text, size_t bytes);

#endif
