/* Events, also between streams of different workers. */
#include <stdlib.h>

#include "bf_requests.h"
#include "program/output.h"
#include "streams/holds.h"
#include "streams/progress.h"
#include "program/refusals.h"

static CUresult find(CUevent handle, struct bf_event **event)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS) {
        *event = bf_object_find(BF_EVENT, (uint64_t)(uintptr_t)handle);
        status = *event ? bf_context_usable((*event)->context) : CUDA_ERROR_INVALID_HANDLE;
    }
    return status;
}

CUresult bf_cuEventCreate(CUevent *out, unsigned int flags)
{
    struct bf_context *context;
    const unsigned known = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!out || (flags & ~known)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && (flags & CU_EVENT_INTERPROCESS))
        status = flags & CU_EVENT_DISABLE_TIMING
                     ? bf_refused("an event for other processes (cuEventCreate)")
                     : CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_event *event = bf_object_new(BF_EVENT, context->device->worker->index);
    if (!event)
        return CUDA_ERROR_OUT_OF_MEMORY;
    event->context = context;
    event->context_wire = atomic_load(&context->wire);
    event->flags = flags;
    struct bf_event_create m = {event->object.handle, event->context_wire, flags};
    status = bf_send_event_create(bf_connection_of(context), &m);
    if (status == CUDA_SUCCESS) {
        bf_object_publish(event);
        *out = (CUevent)(uintptr_t)event->object.handle;
    } else {
        bf_object_release(BF_EVENT, event);
    }
    return status;
}

CUresult bf_cuEventDestroy_v2(CUevent handle)
{
    struct bf_event *event;
    CUresult status = find(handle, &event);
    if (status == CUDA_SUCCESS && !bf_object_close(event))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS) {
        struct bf_event_destroy m = {event->object.handle};
        status = bf_send_event_destroy(bf_connection_of(event->context), &m);
        bf_object_release(BF_EVENT, event);
    }
    return status;
}

CUresult bf_cuEventRecordWithFlags(CUevent handle, CUstream stream, unsigned int flags)
{
    struct bf_event *event;
    struct bf_stream_use use;
    CUresult status = find(handle, &event);
    if (status == CUDA_SUCCESS && (flags & ~(unsigned)CU_EVENT_RECORD_EXTERNAL))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_stream_use(stream, &use);
    if (status == CUDA_SUCCESS && use.context != event->context)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS) {
        struct bf_event_record m = {event->object.handle, use.wire, flags,
                                    bf_progress_mark(use.context)};
        bf_event_note(event, m.position, m.stream);
        status = bf_send_event_record(use.connection, &m);
    }
    return status;
}

CUresult bf_cuEventRecord(CUevent handle, CUstream stream)
{
    return bf_cuEventRecordWithFlags(handle, stream, 0);
}

bool bf_own_event(struct bf_own_event *own, const struct bf_stream_use *stream)
{
    struct bf_event *event = bf_object_new(BF_EVENT, stream->context->device->worker->index);
    if (!event)
        return false;
    own->handle = event->object.handle;
    own->context = atomic_load(&stream->context->wire);
    own->position = bf_progress_mark(stream->context);
    bf_object_release(BF_EVENT, event); /* the handle is not given again */
    return true;
}

CUresult bf_own_event_record(const struct bf_own_event *own, const struct bf_stream_use *stream)
{
    struct bf_event_create create = {own->handle, own->context, CU_EVENT_DISABLE_TIMING};
    struct bf_event_record record = {own->handle, stream->wire, 0, own->position};
    CUresult status = bf_send_event_create(stream->connection, &create);
    return status == CUDA_SUCCESS ? bf_send_event_record(stream->connection, &record) : status;
}

CUresult bf_own_event_destroy(const struct bf_own_event *own, struct bf_connection *connection)
{
    struct bf_event_destroy destroy = {own->handle};
    return bf_send_event_destroy(connection, &destroy);
}

CUresult bf_stream_join(const struct bf_stream_use *later, const struct bf_stream_use *earlier)
{
    struct bf_connection *c = earlier->connection;
    struct bf_own_event event;
    if (!bf_own_event(&event, earlier))
        return CUDA_ERROR_OUT_OF_MEMORY;
    struct bf_stream_wait_event wait = {later->wire, event.handle, 0};
    CUresult status = bf_own_event_record(&event, earlier);
    if (status == CUDA_SUCCESS)
        status = bf_send_stream_wait_event(c, &wait);
    if (status == CUDA_SUCCESS)
        status = bf_own_event_destroy(&event, c);
    bf_progress_work(later);
    return status;
}

static bool is_reached(const struct bf_event *event)
{
    uint64_t stream, position = bf_event_noted(event, &stream);
    return atomic_load(&event->reached) >= position ||
           bf_progress_passed(event->context, stream, position);
}

/* Whether the worker has said all that it will say by itself. */
static bool is_settled(const void *argument)
{
    const struct bf_event *event = argument;
    return is_reached(event) || atomic_load(&event->failed) >= atomic_load(&event->position) ||
           atomic_load(&event->object.open) == 0;
}

/* The context has an error: the answer tells it, if nobody has been told yet. */
static CUresult ask(struct bf_event *event)
{
    uint64_t position = atomic_load(&event->position);
    struct bf_connection *c = bf_connection_of(event->context);
    struct bf_event_synchronize m = {event->object.handle};
    CUresult status = bf_ask_event_synchronize(c, &m);
    if (status == CUDA_SUCCESS && atomic_load(&event->reached) < position)
        atomic_store(&event->reached, position);
    return status;
}

/* With whatever is known of the event. */
static CUresult outcome(struct bf_event *event)
{
    CUresult status = CUDA_SUCCESS;
    if (!is_reached(event))
        status = is_settled(event) ? ask(event) : CUDA_ERROR_NOT_READY;
    bf_output_write();
    return bf_synchronised(event->context, bf_outcome(event->context, status));
}

CUresult bf_cuEventQuery(CUevent handle)
{
    struct bf_event *event;
    CUresult status = find(handle, &event);
    if (status == CUDA_SUCCESS && !is_settled(event))
        bf_progress_look(bf_connection_of(event->context));
    return status == CUDA_SUCCESS ? outcome(event) : status;
}

static CUresult synchronize(struct bf_event *event)
{
    struct bf_connection *c = bf_connection_of(event->context);
    CUresult status = CUDA_SUCCESS;
    if (!is_settled(event)) {
        bf_progress_look(c);
        status = bf_wait_until(c, is_settled, event);
    }
    return status == CUDA_SUCCESS ? outcome(event) : status;
}

CUresult bf_cuEventSynchronize(CUevent handle)
{
    struct bf_event *event;
    CUresult status = find(handle, &event);
    return status == CUDA_SUCCESS ? synchronize(event) : status;
}

CUresult bf_cuEventElapsedTime_v2(float *milliseconds, CUevent start_handle, CUevent end_handle)
{
    struct bf_event *start, *end;
    struct bf_event_elapsed_answer a;
    CUresult status = find(start_handle, &start);
    if (status == CUDA_SUCCESS)
        status = find(end_handle, &end);
    if (status == CUDA_SUCCESS && !milliseconds)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && (start->context->device != end->context->device ||
                                   ((start->flags | end->flags) & CU_EVENT_DISABLE_TIMING) ||
                                   !atomic_load(&start->position) || !atomic_load(&end->position)))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_connection *c = bf_connection_of(end->context);
    struct bf_event_elapsed m = {start->object.handle, end->object.handle};
    status = bf_ask_event_elapsed(c, &m, &a);
    if (status == CUDA_SUCCESS)
        *milliseconds = a.milliseconds;
    return bf_outcome(end->context, status);
}

CUresult bf_cuStreamWaitEvent(CUstream stream, CUevent handle, unsigned int flags)
{
    struct bf_event *event;
    struct bf_stream_use use;
    CUresult status = find(handle, &event);
    if (status == CUDA_SUCCESS && (flags & ~(unsigned)CU_EVENT_WAIT_EXTERNAL))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_stream_use(stream, &use);
    if (status != CUDA_SUCCESS || !atomic_load(&event->position))
        return status;
    if (bf_connection_of(event->context) != use.connection)
        return is_settled(event) ? outcome(event)
                                 : bf_hold_for_event(&use, event, atomic_load(&event->position));
    struct bf_stream_wait_event m = {use.wire, event->object.handle, flags};
    status = bf_send_stream_wait_event(use.connection, &m);
    bf_progress_work(&use);
    return status;
}
