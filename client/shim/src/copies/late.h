/* Copies and fills that a thread of the library makes when their stream comes to them: those whose source
 * a host function before them may still write, and those that another server than the stream's has a part
 * in. The stream stands still meanwhile; the bytes go by other streams. */
#ifndef BF_LATE_H
#define BF_LATE_H

#include "streams/streams.h"

/* Addresses of the host or of a device: no address is one of both. */
struct bf_range {
    uint64_t low, high;
};

/* "run" is given a copy of what lies at "what", once the stream has come so far, unless the stream has
 * failed; its failure is told by the next call that synchronises the stream's context. It touches the two
 * ranges; "writes_here": the host's memory may be another one afterwards. */
CUresult bf_late(const struct bf_stream_use *use, CUresult (*run)(const void *what), const void *what,
                 size_t bytes, const struct bf_range touches[2], bool writes_here);

/* Waits until nothing that was put off touches [low, high) any more. */
void bf_late_wait(uint64_t low, uint64_t high);

#endif
