#include "streams/streams.h"

#include <stdlib.h>
#include <string.h>

#include "bf_requests.h"
#include "memory/allocations.h"
#include "program/cancellation.h"
#include "program/output.h"
#include "program/threads.h"
#include "streams/progress.h"
#include "program/ranks.h"

enum { LOWEST_PRIORITY = 0, HIGHEST_PRIORITY = -5 };

static CUresult create(struct bf_context *context, unsigned flags, int priority, bool per_thread,
                       uint64_t *handle)
{
    struct bf_stream *stream = bf_object_new(BF_STREAM, context->device->worker->index);
    if (!stream)
        return CUDA_ERROR_OUT_OF_MEMORY;
    stream->context = context;
    stream->context_wire = atomic_load(&context->wire);
    stream->flags = flags;
    stream->priority = priority > LOWEST_PRIORITY    ? LOWEST_PRIORITY
                       : priority < HIGHEST_PRIORITY ? HIGHEST_PRIORITY
                                                     : priority;
    stream->per_thread = per_thread;
    struct bf_stream_create m = {stream->object.handle, stream->context_wire, flags,
                                 stream->priority};
    CUresult status = bf_send_stream_create(bf_connection_of(context), &m);
    if (status == CUDA_SUCCESS) {
        bf_object_publish(stream);
        *handle = stream->object.handle;
    } else {
        bf_object_release(BF_STREAM, stream);
    }
    return status;
}

/* The calling thread's own default stream in the context, made with its first use. */
static CUresult own_stream(struct bf_context *context, uint64_t *handle)
{
    struct bf_thread *thread = bf_thread_self();
    uint64_t wire = atomic_load(&context->wire);
    if (!thread)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (struct bf_own_stream **link = &thread->streams, *one; (one = *link) != NULL;) {
        if (one->context_wire == wire) {
            *handle = one->stream;
            return CUDA_SUCCESS;
        }
        if (bf_object_find(BF_STREAM, one->stream)) {
            link = &one->next;
        } else { /* its context has ended */
            *link = one->next;
            free(one);
        }
    }
    struct bf_own_stream *own = malloc(sizeof *own);
    if (!own)
        return CUDA_ERROR_OUT_OF_MEMORY;
    CUresult status = create(context, CU_STREAM_DEFAULT, 0, true, &own->stream);
    if (status != CUDA_SUCCESS) {
        free(own);
        return status;
    }
    own->context_wire = wire;
    own->next = thread->streams;
    thread->streams = own;
    *handle = own->stream;
    return status;
}

struct bf_stream_use bf_stream_default_of(struct bf_context *context)
{
    struct bf_stream_use use = {context, atomic_load_explicit(&context->wire, memory_order_relaxed),
                                bf_connection_of(context), &context->legacy, BF_LEGACY};
    return use;
}

static struct bf_stream_use use_of(struct bf_stream *stream)
{
    struct bf_stream_use use = {stream->context, stream->object.handle,
                                bf_connection_of(stream->context), &stream->progress,
                                stream->flags & CU_STREAM_NON_BLOCKING ? BF_NON_BLOCKING
                                                                       : BF_BLOCKING};
    return use;
}

/* A created stream by its handle. */
static CUresult use_created(uint64_t handle, struct bf_stream_use *use)
{
    struct bf_stream *stream = bf_object_find(BF_STREAM, handle);
    if (!stream)
        return CUDA_ERROR_INVALID_HANDLE;
    *use = use_of(stream);
    return CUDA_SUCCESS;
}

/* The current context, or without one that of the memory. */
static CUresult context_at(CUdeviceptr address, struct bf_context **context)
{
    struct bf_allocation allocation;
    CUresult status = bf_current(context);
    if (status == CUDA_ERROR_INVALID_CONTEXT && address &&
        bf_allocation_find(address, &allocation)) {
        *context = allocation.context;
        status = bf_context_usable(*context);
    }
    return status;
}

CUresult bf_stream_use(CUstream handle, struct bf_stream_use *use)
{
    return bf_stream_use_at(handle, 0, use);
}

CUresult bf_stream_use_at(CUstream handle, CUdeviceptr address, struct bf_stream_use *use)
{
    CUresult status;
    uint64_t number = (uint64_t)(uintptr_t)handle;
    if (number > (uintptr_t)CU_STREAM_PER_THREAD) {
        status = bf_ready();
        if (status == CUDA_SUCCESS)
            status = use_created(number, use);
        return status == CUDA_SUCCESS ? bf_context_usable(use->context) : status;
    }
    struct bf_context *context;
    status = context_at(address, &context);
    if (status == CUDA_SUCCESS && handle == CU_STREAM_PER_THREAD) {
        status = own_stream(context, &number);
        if (status == CUDA_SUCCESS)
            status = use_created(number, use);
    } else if (status == CUDA_SUCCESS) {
        *use = bf_stream_default_of(context);
    }
    return status;
}

CUresult bf_stream_aside(struct bf_context *context, struct bf_stream_use *use)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    uint64_t wire = atomic_load(&context->wire);
    CUresult status = CUDA_SUCCESS;
    int cancellation = bf_hold_cancellation();
    bool puts_off = bf_send_as_put_off(true); /* copies that were put off wait for the lock, too */
    bf_lock(&lock, BF_ASIDE);
    if (!context->aside || context->aside_wire != wire)
        status = create(context, CU_STREAM_NON_BLOCKING, 0, false, &context->aside);
    if (status == CUDA_SUCCESS) {
        context->aside_wire = wire;
        status = use_created(context->aside, use);
    }
    bf_unlock(&lock, BF_ASIDE);
    bf_send_as_put_off(puts_off);
    bf_allow_cancellation(cancellation);
    return status;
}

void bf_stream_end(uint64_t handle)
{
    struct bf_stream *stream = bf_object_find(BF_STREAM, handle);
    if (stream && bf_ready() == CUDA_SUCCESS && bf_object_close(stream)) {
        bf_progress_orphan(stream);
        struct bf_stream_destroy m = {handle};
        bf_send_stream_destroy(bf_connection_of(stream->context), &m);
        bf_object_release(BF_STREAM, stream);
    }
}

CUresult bf_cuStreamCreateWithPriority(CUstream *out, unsigned int flags, int priority)
{
    struct bf_context *context;
    uint64_t handle = 0;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!out || (flags & ~(unsigned)CU_STREAM_NON_BLOCKING)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = create(context, flags, priority, false, &handle);
    if (status == CUDA_SUCCESS)
        *out = (CUstream)(uintptr_t)handle;
    return status;
}

CUresult bf_cuStreamCreate(CUstream *out, unsigned int flags)
{
    return bf_cuStreamCreateWithPriority(out, flags, 0);
}

CUresult bf_cuStreamDestroy_v2(CUstream handle)
{
    struct bf_stream_use use;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (uintptr_t)handle <= (uintptr_t)CU_STREAM_PER_THREAD)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS)
        status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS)
        bf_stream_end(use.wire);
    return status;
}

/* What has arrived may already say that it is done. */
static bool done(const struct bf_stream_use *use, bool (*idle)(const struct bf_stream_use *use))
{
    if (!idle(use))
        bf_receive_available(use->connection);
    return idle(use);
}

static CUresult await(const struct bf_stream_use *use)
{
    uint64_t mark = bf_progress_mark(use->context);
    struct bf_stream_synchronize m = {use->wire};
    CUresult status = bf_ask_stream_synchronize(use->connection, &m);
    if (status == CUDA_SUCCESS)
        bf_progress_reached(use, mark);
    return bf_outcome(use->context, status);
}

CUresult bf_stream_await(const struct bf_stream_use *use)
{
    CUresult status = done(use, bf_progress_idle) ? CUDA_SUCCESS : await(use);
    bf_output_write();
    return status;
}

CUresult bf_stream_synchronize(const struct bf_stream_use *use)
{
    return bf_synchronised(use->context, bf_stream_await(use));
}

CUresult bf_stream_quieten(const struct bf_stream_use *use)
{
    CUresult status = done(use, bf_progress_quiet) ? CUDA_SUCCESS : await(use);
    bf_output_write();
    return bf_synchronised(use->context, status);
}

CUresult bf_cuStreamSynchronize(CUstream handle)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    return status == CUDA_SUCCESS ? bf_stream_synchronize(&use) : status;
}

/* Whether the worker has been asked about all that the stream has, and will say when it is done. */
static bool is_watched(const struct bf_stream_use *use)
{
    uint64_t watched = atomic_load(&use->progress->watched);
    return watched > atomic_load(&use->progress->submitted) &&
           (use->order != BF_LEGACY || watched > atomic_load(&use->context->blocking.submitted));
}

/* The first query of what the stream has is answered by the worker, which says by itself when it is
 * done; the next ones need no message. */
CUresult bf_cuStreamQuery(CUstream handle)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status != CUDA_SUCCESS)
        return status;
    bool idle = bf_progress_quiet(&use);
    if (!idle) {
        bf_progress_look(use.connection);
        idle = bf_progress_quiet(&use);
    }
    if (idle) {
        bf_output_write();
    } else if (is_watched(&use)) {
        status = CUDA_ERROR_NOT_READY;
    } else {
        struct bf_stream_query m = {use.wire, bf_progress_mark(use.context)};
        status = bf_ask_stream_query(use.connection, &m);
        if (status == CUDA_SUCCESS)
            bf_progress_reached(&use, m.position);
        else if (status == CUDA_ERROR_NOT_READY)
            atomic_store(&use.progress->watched, m.position);
    }
    return bf_synchronised(use.context, bf_outcome(use.context, status));
}
