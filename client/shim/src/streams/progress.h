/*
 * What is known here of how far streams are, so that who asks for it need not wait for an answer.
 *
 * Each context has a clock of positions. A message that works in a stream is sent first and noted
 * then: its position lies above every mark that was taken before. A mark is taken before the
 * message that asks (a synchronise, an event's record) is sent: when that message is reached, all
 * that was noted at positions below the mark is done. A message of another thread that is sent but
 * not yet noted counts as coming later, which costs an answer at most.
 *
 * All functions may be called by any thread; positions only rise.
 */
#ifndef BF_PROGRESS_H
#define BF_PROGRESS_H

#include "streams/streams.h"

/* A mark, above everything noted in the context so far. */
uint64_t bf_progress_mark(struct bf_context *context);

/* Work has been sent to the stream. Work may fail and may be seen from the host; mere copies from
 * the host have been checked here and are only seen by what comes after them. */
void bf_progress_work(const struct bf_stream_use *use);
void bf_progress_write(const struct bf_stream_use *use);

/* An answer said that everything below the mark is done, in the stream or in the whole context. */
void bf_progress_reached(const struct bf_stream_use *use, uint64_t mark);
void bf_progress_context_reached(struct bf_context *context, uint64_t mark);

/* Whether all that the stream has is known to be done. */
bool bf_progress_idle(const struct bf_stream_use *use);
/* The same, where mere copies from the host do not count. */
bool bf_progress_quiet(const struct bf_stream_use *use);
/* Whether nothing is under way that work sent to the stream now would have to wait for; mere copies
 * do not count. */
bool bf_progress_free(const struct bf_stream_use *use);
bool bf_progress_context_idle(struct bf_context *context);

/* A stream goes away; what it has goes on. */
void bf_progress_orphan(const struct bf_stream *stream);

/* Whether what was in the stream at a position is known to be done; a stream that is gone may still
 * be known by its context. */
bool bf_progress_passed(const struct bf_context *context, uint64_t stream, uint64_t position);

/* An event's latest record: position and stream belong together. */
void bf_event_note(struct bf_event *event, uint64_t position, uint64_t stream);
uint64_t bf_event_noted(const struct bf_event *event, uint64_t *stream);

/* Sends what is buffered and takes in what has arrived, waiting for nothing: what a loop that asks
 * again and again lives from. */
void bf_progress_look(struct bf_connection *connection);

/* A message of the worker's; by who has the reader's role. */
void bf_progress_arrived(const uint8_t *body, size_t bytes);

#endif
