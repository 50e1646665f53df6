/* Launches, as every way to ask for one comes down to. */
#ifndef BF_LAUNCHES_H
#define BF_LAUNCHES_H

#include "modules/functions.h"
#include "modules/libraries.h"
#include "streams/streams.h"

struct bf_launch_wish {
    CUfunction function;
    unsigned grid[3], block[3], cluster[3];
    unsigned shared_bytes;
    CUstream stream;
    bool cooperative;
    void **parameters; /* one pointer each, or NULL */
    void **extra;      /* packed, or NULL */
};

CUresult bf_launch(const struct bf_launch_wish *wish);

/* Blocks of that size which one multiprocessor runs at once; asked once per size. */
CUresult bf_function_occupancy(struct bf_function *function, unsigned block, size_t shared_bytes,
                               unsigned flags, int *blocks);

#endif
