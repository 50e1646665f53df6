/* Copies from a device to the host. */
#ifndef BF_READS_H
#define BF_READS_H

#include "streams/streams.h"

/* Copies a region of device memory to rows at the host; both regions have the same width, height
   and depth. Asynchronous: returns at once, the bytes have landed before anything reports it
   complete. */
CUresult bf_read_region(const struct bf_stream_use *use, char *destination,
                        const struct bf_region *host, CUdeviceptr source,
                        const struct bf_region *device, bool asynchronous);

/* Where a copy of the library's own lands. */
struct bf_landing {
    _Atomic bool landed;
    CUresult status;
};

/* The same as an asynchronous one, for the library's own memory; "landing" tells its end. */
CUresult bf_read_landing(const struct bf_stream_use *use, char *destination,
                         const struct bf_region *host, CUdeviceptr source,
                         const struct bf_region *device, struct bf_landing *landing);

/* Waits for it, and says how it ended. */
CUresult bf_landing_wait(struct bf_connection *connection, struct bf_landing *landing);

/* The worker says that an asynchronous copy is complete. */
void bf_read_landed(uint64_t ticket, CUresult status);

/* The connection has ended: its asynchronous copies end with an error. */
void bf_reads_end(const struct bf_connection *connection);

/* Waits until no copy is under way that writes into [low, high). How they end is not told. */
void bf_reads_wait(uintptr_t low, uintptr_t high);

#endif
