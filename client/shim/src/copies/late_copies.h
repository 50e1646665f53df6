/* Copies from page-locked memory that are put off until their stream comes to them, because a host
 * function before them may still write their source. */
#ifndef BF_LATE_COPIES_H
#define BF_LATE_COPIES_H

#include "streams/streams.h"

struct bf_late_copy {
    struct bf_context *context;
    CUdeviceptr destination;
    struct bf_region device, host;
    char *source;
    size_t span; /* bytes from the first to the last of the source */
};

CUresult bf_late_copy_enqueue(const struct bf_stream_use *use, const struct bf_late_copy *copy);

/* Waits until no such copy reads from [low, high) any more. */
void bf_late_copies_wait(uintptr_t low, uintptr_t high);

#endif
