/* Host functions and stream callbacks: they run on a thread of this process and hold their stream
 * until they return. */
#ifndef BF_HOST_FUNCTIONS_H
#define BF_HOST_FUNCTIONS_H

#include "streams/streams.h"

/* The worker has come to it. */
void bf_host_function_due(struct bf_connection *connection, uint64_t id, CUresult status);

/* The connection has ended: those that the worker has not come to are told so. */
void bf_host_functions_end(struct bf_connection *connection);

/* Whether something is enqueued that may write the host's memory and has not returned. */
bool bf_host_functions_outstanding(void);

/* Enqueues an action of the library. It is told how the stream stands, also if it failed; it may
   wait for answers, and no function of the program delays it but those before it in the stream. The
   actions of one server's streams run one after the other, beside those of the others. */
CUresult bf_stream_action(const struct bf_stream_use *use,
                          void (*action)(void *argument, CUresult status), void *argument,
                          bool writes_here);

#endif
