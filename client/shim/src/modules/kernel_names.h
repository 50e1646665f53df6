/* A library's kernels by name: a library may have ten thousand. Used under the library's lock. */
#ifndef BF_KERNEL_NAMES_H
#define BF_KERNEL_NAMES_H

#include "objects/model.h"

/* The kernel of that name, or NULL. */
struct bf_kernel *bf_kernel_names_find(const struct bf_kernel_names *names, const char *name);

/* Adds a kernel whose name is not there yet. False without memory. */
bool bf_kernel_names_add(struct bf_kernel_names *names, struct bf_kernel *kernel);

#endif
