/* What an image says of itself, as the scanners of PTX and of cubins find it: kernels with their
 * parameters, and what of it is not carried. */
#ifndef BF_CONTENTS_H
#define BF_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct bf_contents {
    struct bf_kernel_layout *kernels; /* sorted by name after bf_contents_sort */
    size_t kernel_count;
    bool uses_shared;      /* declares shared memory somewhere */
    bool holds_managed;    /* declares managed variables */
    bool launches_kernels; /* from the device (dynamic parallelism) */
};

/* Appends a kernel with that name (copied); NULL without memory. */
struct bf_kernel_layout *bf_contents_add(struct bf_contents *contents, const char *name,
                                         size_t name_bytes);
bool bf_layout_add_parameter(struct bf_kernel_layout *kernel, uint32_t offset, uint32_t bytes);

/* Takes the last kernel out again. */
void bf_contents_drop_last(struct bf_contents *contents);

void bf_contents_sort(struct bf_contents *contents);

/* The kernel of that name, or NULL; sorted. */
struct bf_kernel_layout *bf_contents_kernel(const struct bf_contents *contents, const char *name);

void bf_contents_free(struct bf_contents *contents);

#endif
