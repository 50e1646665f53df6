/* Copies of regions between host and devices in every direction; the program's copy functions are
 * thin above it. */
#ifndef BF_COPIES_H
#define BF_COPIES_H

#include "streams/streams.h"

/* One end of a copy: rows of a region. */
struct bf_place {
    bool device;
    CUdeviceptr address; /* of the device, or of the host */
    size_t pitch, slice_pitch;
};

struct bf_extent {
    size_t width, height, depth; /* bytes, rows, slices */
};

/* The same place for the wire; a box that lies in one piece is one row. */
struct bf_region bf_region_of(struct bf_place place, struct bf_extent extent);

/* Bytes from the first to the last of a region that is known not to wrap. */
size_t bf_span(struct bf_place place, struct bf_extent extent);

/* The default streams of the two contexts but the one that is in use: 0 to 2. */
int bf_default_streams(const struct bf_stream_use *use, struct bf_context *a, struct bf_context *b,
                       struct bf_stream_use streams[2]);

CUresult bf_copy(CUstream stream, struct bf_place destination, struct bf_place source,
                 struct bf_extent extent, bool asynchronous);

/* Sends a region of the host's rows to the device. Once it returns the source is free. */
CUresult bf_write_region(const struct bf_stream_use *use, CUdeviceptr destination,
                         const struct bf_region *device, char *source,
                         const struct bf_region *host);

/* The context of the memory, if that is another worker's than the stream's; else NULL. */
struct bf_context *bf_foreign_owner(const struct bf_stream_use *use, CUdeviceptr address);

#endif
