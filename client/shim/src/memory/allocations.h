/* Live device memory by address: what was allocated, what modules define. Thread-safe. */
#ifndef BF_ALLOCATIONS_H
#define BF_ALLOCATIONS_H

#include "objects/state.h"

enum bf_allocation_kind { BF_PLAIN, BF_STREAM_ORDERED, BF_GLOBAL };

struct bf_allocation {
    CUdeviceptr base;
    size_t bytes;
    enum bf_allocation_kind kind;
    struct bf_context *context;
    uint64_t owner; /* wire handle of the context, or of the module that defines it */
    uint64_t pool;
    uint64_t id; /* never used twice in this process */
};

/* False without memory. */
bool bf_allocation_add(struct bf_allocation allocation);

/* Takes out the allocation that begins exactly there; false if there is none of memory that can be
 * freed. */
bool bf_allocation_remove(CUdeviceptr base, struct bf_allocation *removed);

/* The allocation that holds the address. */
bool bf_allocation_find(CUdeviceptr address, struct bf_allocation *found);

/* Whether all of [address, address + bytes) lies in one live allocation. The fast way for every
 * copy and fill. */
bool bf_allocation_covers(CUdeviceptr address, size_t bytes);

/* Takes out all allocations of a context that has ended, or all variables of a module. */
void bf_allocations_forget(const struct bf_context *context, uint64_t owner);

/* Notes memory that the worker of the allocation's context has given. The worker's connection ends if
 * the memory does not lie in its window, where nothing of the program can be. */
CUresult bf_allocation_given(struct bf_allocation allocation);

/* Whether the address lies in some worker's window, live or not. */
bool bf_is_device_address(CUdeviceptr address);

#endif
