/* Copies from the memory of one worker to that of another. */
#ifndef BF_BETWEEN_H
#define BF_BETWEEN_H

#include "copies/copies.h"

/* From worker to worker where they reach each other (copies/direct.h), else through this process,
 * several pieces under way at once. The contexts are those of the two memories. Asynchronous: put off until
 * the stream comes to it, and returns at once; else complete when it returns. In a legacy default stream it
 * also comes after what the default streams of both contexts have, and before what they get. */
CUresult bf_copy_between(const struct bf_stream_use *use, struct bf_place to,
                         struct bf_context *to_context, struct bf_place from,
                         struct bf_context *from_context, struct bf_extent extent, bool asynchronous);

#endif
