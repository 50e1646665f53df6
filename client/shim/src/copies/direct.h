/* Copies that go from worker to worker, over no link of this machine. */
#ifndef BF_DIRECT_H
#define BF_DIRECT_H

#include "streams/streams.h"

/* Copies from the memory of one worker to that of another, in the order of a stream of each, of the
 * library's own; complete when it returns. The regions hold equally many bytes. False: the one does not reach the other, or not
 * for all of it, and the bytes have to go through here; *status is then as it was. */
bool bf_copy_directly(const struct bf_stream_use *out, const struct bf_stream_use *in,
                      CUdeviceptr destination, const struct bf_region *to, CUdeviceptr source,
                      const struct bf_region *from, CUresult *status);

#endif
