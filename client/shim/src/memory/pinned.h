/* Page-locked host memory: allocated here or registered by the program. */
#ifndef BF_PINNED_H
#define BF_PINNED_H

#include "objects/state.h"

struct bf_pinned {
    uintptr_t base;
    size_t bytes;
    unsigned flags;
    bool allocated;   /* by cuMemHostAlloc and its like; else registered */
    uint64_t context; /* handle of the context that was current */
    uint64_t id;
};

/* The range that holds the address. */
bool bf_pinned_find(const void *address, struct bf_pinned *found);

/* Whether all of [address, address + bytes) is page-locked. */
bool bf_pinned_covers(const void *address, size_t bytes);

#endif
