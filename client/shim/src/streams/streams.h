/* Streams: created ones, each context's legacy default stream, each thread's own default stream. */
#ifndef BF_STREAMS_H
#define BF_STREAMS_H

#include "objects/state.h"

/* CUDA Driver API, "Stream synchronization behavior": the legacy default stream and the blocking
 * streams wait for each other. */
enum bf_order { BF_LEGACY, BF_BLOCKING, BF_NON_BLOCKING };

/* A stream as a call needs it. */
struct bf_stream_use {
    struct bf_context *context;
    uint64_t wire;
    struct bf_connection *connection;
    struct bf_progress *progress;
    enum bf_order order;
};

/* The context's legacy default stream. */
struct bf_stream_use bf_stream_default_of(struct bf_context *context);

/* What the program's handle means: 0 and CU_STREAM_LEGACY the current context's default stream,
   CU_STREAM_PER_THREAD the thread's own in it. INVALID_HANDLE for what is no stream; the context's
   error if it has one. */
CUresult bf_stream_use(CUstream handle, struct bf_stream_use *use);

/* The same for a call that names memory: without a current context a default stream is that of the
   memory's context, as its address tells it (CUDA Driver API, "Unified Addressing"). */
CUresult bf_stream_use_at(CUstream handle, CUdeviceptr address, struct bf_stream_use *use);

/* A stream of the library's own in the context, which waits for no other: for what the program's
   stream stands still for. */
CUresult bf_stream_aside(struct bf_context *context, struct bf_stream_use *use);

/* An event of the library's own, which only the worker knows. */
struct bf_own_event {
    uint64_t handle, context, position;
};

/* At what the stream has now. False: no memory. */
bool bf_own_event(struct bf_own_event *own, const struct bf_stream_use *stream);

/* Tells the worker of it: made, and recorded in that stream. */
CUresult bf_own_event_record(const struct bf_own_event *own, const struct bf_stream_use *stream);
CUresult bf_own_event_destroy(const struct bf_own_event *own, struct bf_connection *connection);

/* What is sent to the one stream from now on comes after what the other has now. Both belong to one
 * worker. */
CUresult bf_stream_join(const struct bf_stream_use *later, const struct bf_stream_use *earlier);

/* Ends a stream that the library made (a thread's own); nothing if it is gone. */
void bf_stream_end(uint64_t handle);

/* Waits unless the stream is known to be idle. What has failed here is left to the program's own call. */
CUresult bf_stream_await(const struct bf_stream_use *use);

/* The same, and tells what has failed here. */
CUresult bf_stream_synchronize(const struct bf_stream_use *use);

/* The same, where mere copies from the host are not waited for. */
CUresult bf_stream_quieten(const struct bf_stream_use *use);

#endif
