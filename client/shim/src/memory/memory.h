/* Stream-ordered allocation, for the pools. */
#ifndef BF_MEMORY_H
#define BF_MEMORY_H

#include "streams/streams.h"

CUresult bf_allocate_async(const struct bf_stream_use *use, uint64_t pool, size_t bytes,
                           CUdeviceptr *address);

#endif
