/* Streams that stand still at their worker until an event of another worker is reached. */
#ifndef BF_HOLDS_H
#define BF_HOLDS_H

#include "streams/streams.h"

/* The stream stands still from here on until the record of the event at "position" is reached.
 * Returns at once. */
CUresult bf_hold_for_event(const struct bf_stream_use *use, const struct bf_event *event,
                           uint64_t position);

/* What is sent to the one stream from now on comes after what the other has now, whosever they are.
 * Returns at once. */
CUresult bf_stream_follow(const struct bf_stream_use *later, const struct bf_stream_use *earlier);

/* A record has been reached, or has failed; by who has the reader's role. */
void bf_hold_event_reached(uint64_t event, uint64_t position, CUresult status);

#endif
