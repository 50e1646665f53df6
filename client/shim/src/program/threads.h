/* What belongs to one thread of the program. */
#ifndef BF_THREADS_H
#define BF_THREADS_H

#include "objects/model.h"

struct bf_own_stream { /* the thread's default stream in a context */
    uint64_t context_wire;
    uint64_t stream;
    struct bf_own_stream *next;
};

struct bf_thread {
    uint64_t *stack; /* handles of contexts; the last one is current */
    size_t depth, capacity;
    struct bf_own_stream *streams;
    bool in_host_function;
    /* the allocation found last, good while the table's generation is the same */
    uint64_t found_generation;
    CUdeviceptr found_low, found_high;
};

/* The calling thread's; NULL without memory. Freed when the thread ends. */
struct bf_thread *bf_thread_self(void);

#endif
