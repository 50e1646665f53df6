#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "strict.h"

static struct stream *streams; /* all of the process; those that are gone are never freed */
static uint64_t orders;

static struct host_call {
    struct host_call *next;
    CUhostFn function;
    void *argument;
    bool done;
} *host_calls;
static bool host_thread_runs;

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void strict_fail(CUresult error)
{
    if (!strict_error)
        strict_error = error;
    strict_notify();
}

bool context_idle(const struct context *context)
{
    for (const struct stream *stream = streams; stream; stream = stream->next) {
        if (stream->context == context && stream->first && !stream->stopped)
            return false;
    }
    return true;
}

/* NULL: every context. */
void context_stop(struct context *context)
{
    for (struct stream *stream = streams; stream; stream = stream->next) {
        if (!context || stream->context == context)
            stream->stopped = true;
    }
    strict_notify();
}

/* The thread that runs all host functions. */
static void *run_host_functions(void *unused)
{
    strict_own_thread = true;
    pthread_mutex_lock(&strict_lock);
    for (;;) {
        while (!host_calls)
            strict_wait();
        struct host_call *call = host_calls;
        host_calls = call->next;
        pthread_mutex_unlock(&strict_lock);
        call->function(call->argument);
        pthread_mutex_lock(&strict_lock);
        call->done = true;
        strict_notify();
    }
    return unused;
}

static void call_host(const struct stream *stream, const struct work *work)
{
    struct host_call *call = calloc(1, sizeof *call), **link = &host_calls;
    call->function = work->host_function;
    call->argument = work->argument;
    while (*link)
        link = &(*link)->next;
    *link = call;
    if (!host_thread_runs) {
        pthread_t thread;
        host_thread_runs = !pthread_create(&thread, NULL, run_host_functions, NULL);
    }
    strict_notify();
    while (!call->done && !stream->stopped)
        strict_wait();
}

static uint64_t span(const struct rows *rows, const struct work *work)
{
    return (work->depth - 1) * rows->slice + (work->height - 1) * rows->pitch + work->width;
}

static void copy_rows(const struct work *work)
{
    for (uint64_t z = 0; z < work->depth; z++) {
        for (uint64_t y = 0; y < work->height; y++)
            memmove((void *)(work->to.address + z * work->to.slice + y * work->to.pitch),
                    (const void *)(work->from.address + z * work->from.slice + y * work->from.pitch), work->width);
    }
}

static void fill_rows(const struct work *work)
{
    for (uint64_t y = 0; y < work->height; y++) {
        for (uint64_t x = 0; x < work->width; x += work->element)
            memcpy((void *)(work->to.address + y * work->to.pitch + x), &work->value, work->element);
    }
}

static void copy_or_fill(struct work *work)
{
    bool live = (work->to.host || memory_covers(work->to.address, span(&work->to, work))) &&
                (work->kind == FILL || work->from.host || memory_covers(work->from.address, span(&work->from, work)));
    if (!live)
        strict_fail(CUDA_ERROR_ILLEGAL_ADDRESS);
    else if (work->kind == COPY)
        copy_rows(work);
    else
        fill_rows(work);
}

static void execute(struct stream *stream, struct work *work)
{
    CUresult status;
    switch (work->kind) {
    case KERNEL:
        pthread_mutex_unlock(&strict_lock);
        status = kernel_run(work);
        pthread_mutex_lock(&strict_lock);
        if (status && !stream->stopped)
            strict_fail(status);
        break;
    case COPY:
    case FILL:
        copy_or_fill(work);
        break;
    case RECORD:
        work->event->milliseconds = milliseconds();
        break;
    case AWAIT:
        while (work->event->reached < work->record && !strict_error && !stream->stopped)
            strict_wait();
        break;
    case HOST_FUNCTION:
        call_host(stream, work);
        break;
    }
}

/* The legacy stream waits for all blocking ones, and they for it. */
static bool may_run(const struct stream *stream)
{
    if (stream->flags & 1)
        return true;
    bool legacy = stream == stream->context->legacy;
    for (const struct stream *other = streams; other; other = other->next) {
        if (other != stream && other->context == stream->context && !(other->flags & 1) &&
            (legacy || other == stream->context->legacy) && other->first && !other->stopped &&
            other->first->order < stream->first->order)
            return false;
    }
    return true;
}

static void *run_stream(void *argument)
{
    struct stream *stream = argument;
    strict_own_thread = true;
    pthread_mutex_lock(&strict_lock);
    while (!stream->stopped && (stream->first || !stream->closing)) {
        if (!stream->first || (!may_run(stream) && !strict_error)) {
            strict_wait();
            continue;
        }
        struct work *work = stream->first;
        if (!strict_error)
            execute(stream, work);
        if (work->kind == RECORD && work->event->reached < work->record)
            work->event->reached = work->record;
        stream->first = work->next;
        stream->length--;
        free(work->parameters);
        free(work);
        strict_notify();
    }
    pthread_mutex_unlock(&strict_lock);
    return NULL;
}

struct stream *stream_make(struct context *context, unsigned flags)
{
    struct stream *stream = calloc(1, sizeof *stream);
    pthread_t thread;
    *stream = (struct stream){.magic = STREAM, .context = context, .flags = flags, .next = streams};
    streams = stream;
    if (!pthread_create(&thread, NULL, run_stream, stream))
        pthread_detach(thread);
    return stream;
}

struct stream *stream_of(CUstream handle, struct context *current, CUresult *status)
{
    struct stream *stream = (uint64_t)handle <= 1 ? current->legacy : (struct stream *)handle;
    *status = (uint64_t)handle == 2 || stream->magic != STREAM || stream->closing ? CUDA_ERROR_INVALID_HANDLE
              : stream->stopped                                                  ? CUDA_ERROR_CONTEXT_IS_DESTROYED
                                                                                 : CUDA_SUCCESS;
    return *status ? NULL : stream;
}

CUresult stream_add(struct stream *stream, struct work *work)
{
    while (stream->length >= STREAM_DEPTH && !stream->stopped && !strict_error)
        strict_wait();
    if (stream->stopped || strict_error) {
        free(work->parameters);
        free(work);
        return strict_error ? strict_error : CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    work->order = ++orders;
    if (work->kind == RECORD)
        work->record = ++work->event->recorded;
    if (stream->first)
        stream->last->next = work;
    else
        stream->first = work;
    stream->last = work;
    stream->length++;
    strict_notify();
    return CUDA_SUCCESS;
}

static struct work *work_of(enum work_kind kind)
{
    struct work *work = calloc(1, sizeof *work);
    work->kind = kind;
    work->height = work->depth = 1;
    return work;
}

/* Adds work to a stream of any context. */
static CUresult add_to(CUstream handle, struct work *work)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    struct stream *stream = context ? stream_of(handle, context, &status) : NULL;
    if (stream)
        status = stream_add(stream, work);
    else
        free(work);
    return context ? strict_leave(status) : status;
}

CUresult cuStreamCreateWithPriority(CUstream *made, unsigned int flags, int priority)
{
    (void)priority;
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    *made = (CUstream)stream_make(context, flags);
    return strict_leave(CUDA_SUCCESS);
}

CUresult cuStreamDestroy_v2(CUstream handle)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct stream *stream = (uint64_t)handle <= 2 ? NULL : stream_of(handle, context, &status);
    if (stream)
        stream->closing = true;
    strict_notify();
    return strict_leave(stream ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE);
}

CUresult cuStreamQuery(CUstream handle)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    struct stream *stream = context ? stream_of(handle, context, &status) : NULL;
    if (stream && stream->first)
        status = CUDA_ERROR_NOT_READY;
    /* The legacy stream is done when all that it would wait for is. */
    for (struct stream *other = streams; stream == (context ? context->legacy : NULL) && other; other = other->next) {
        if (stream && other->context == context && !(other->flags & 1) && other->first)
            status = CUDA_ERROR_NOT_READY;
    }
    return context ? strict_leave(status) : status;
}

CUresult cuStreamWaitEvent(CUstream handle, CUevent of, unsigned int flags)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct event *event = (struct event *)of;
    struct stream *stream = stream_of(handle, context, &status);
    if (stream && (flags || event->magic != EVENT))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (!status && event->recorded > event->reached) {
        struct work *work = work_of(AWAIT);
        work->event = event;
        work->record = event->recorded;
        status = stream_add(stream, work);
    }
    return strict_leave(status);
}

CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void *argument)
{
    struct work *work = work_of(HOST_FUNCTION);
    work->host_function = function;
    work->argument = argument;
    return add_to(handle, work);
}

CUresult cuEventCreate(CUevent *made, unsigned int flags)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct event *event = calloc(1, sizeof *event);
    *event = (struct event){.magic = EVENT, .context = context, .flags = flags};
    *made = (CUevent)event;
    return strict_leave(CUDA_SUCCESS);
}

/* An event that is still to be reached goes when it has been: the struct stays. */
CUresult cuEventDestroy_v2(CUevent handle)
{
    CUresult status;
    if (!strict_enter(&status))
        return status;
    struct event *event = (struct event *)handle;
    bool good = event->magic == EVENT;
    event->magic = 0;
    return strict_leave(good ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE);
}

CUresult cuEventRecord(CUevent of, CUstream handle)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct event *event = (struct event *)of;
    struct stream *stream = stream_of(handle, context, &status);
    if (stream && (event->magic != EVENT || event->context != stream->context))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (!status) {
        struct work *work = work_of(RECORD);
        work->event = event;
        status = stream_add(stream, work);
    }
    return strict_leave(status);
}

CUresult cuEventQuery(CUevent of)
{
    CUresult status;
    if (!strict_enter(&status))
        return status;
    struct event *event = (struct event *)of;
    if (event->magic != EVENT)
        status = CUDA_ERROR_INVALID_HANDLE;
    else if (event->reached < event->recorded)
        status = CUDA_ERROR_NOT_READY;
    return strict_leave(status);
}

CUresult cuEventSynchronize(CUevent of)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct event *event = (struct event *)of;
    uint64_t record = event->recorded;
    if (event->magic != EVENT)
        return strict_leave(CUDA_ERROR_INVALID_HANDLE);
    while (event->reached < record && !strict_error && event->context->alive)
        strict_wait();
    kernel_flush_output();
    return strict_leave(strict_error);
}

CUresult cuEventElapsedTime(float *elapsed, CUevent from, CUevent to)
{
    CUresult status;
    if (!strict_enter(&status))
        return status;
    struct event *start = (struct event *)from, *end = (struct event *)to;
    if (start->magic != EVENT || end->magic != EVENT || start->context != end->context ||
        (start->flags | end->flags) & 2 || !start->recorded || !end->recorded)
        status = CUDA_ERROR_INVALID_HANDLE;
    else if (start->reached < start->recorded || end->reached < end->recorded)
        status = CUDA_ERROR_NOT_READY;
    else
        *elapsed = (float)(end->milliseconds - start->milliseconds);
    return strict_leave(status);
}

/* Ranges of device memory are checked by the call; what happens to them later, when the work is executed. */
static CUresult add_copy(CUstream handle, struct work *work)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    struct stream *stream = context ? stream_of(handle, context, &status) : NULL;
    bool empty = !work->width || !work->height || !work->depth;
    if (stream && !empty) {
        if ((!work->to.host && !memory_covers(work->to.address, span(&work->to, work))) ||
            (work->kind == COPY && !work->from.host && !memory_covers(work->from.address, span(&work->from, work))))
            status = CUDA_ERROR_INVALID_VALUE;
        if (!status)
            status = stream_add(stream, work);
        else
            free(work);
    } else
        free(work);
    return context ? strict_leave(status) : status;
}

static CUresult add_linear(CUstream handle, uint64_t to, uint64_t from, size_t bytes, bool host_to, bool host_from)
{
    struct work *work = work_of(COPY);
    work->to = (struct rows){.address = to, .host = host_to};
    work->from = (struct rows){.address = from, .host = host_from};
    work->width = bytes;
    return add_copy(handle, work);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    return add_linear(stream, to, (uint64_t)from, bytes, false, true);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    return add_linear(stream, (uint64_t)to, from, bytes, true, false);
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    return add_linear(stream, to, from, bytes, false, false);
}

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *copy, CUstream stream)
{
    bool host_to = copy->dstMemoryType == CU_MEMORYTYPE_HOST, host_from = copy->srcMemoryType == CU_MEMORYTYPE_HOST;
    bool rows_fit = (copy->Height <= 1 && copy->Depth <= 1) ||
                    (copy->srcPitch >= copy->WidthInBytes && copy->dstPitch >= copy->WidthInBytes);
    bool slices_fit = copy->srcHeight >= copy->Height && copy->dstHeight >= copy->Height;
    if (!rows_fit || !slices_fit)
        return CUDA_ERROR_INVALID_VALUE;
    struct work *work = work_of(COPY);
    work->to = (struct rows){host_to ? (uint64_t)copy->dstHost : copy->dstDevice, copy->dstPitch,
                             copy->dstPitch * copy->dstHeight, host_to};
    work->from = (struct rows){host_from ? (uint64_t)copy->srcHost : copy->srcDevice, copy->srcPitch,
                               copy->srcPitch * copy->srcHeight, host_from};
    work->to.address += copy->dstXInBytes + copy->dstY * work->to.pitch + copy->dstZ * work->to.slice;
    work->from.address += copy->srcXInBytes + copy->srcY * work->from.pitch + copy->srcZ * work->from.slice;
    work->width = copy->WidthInBytes;
    work->height = copy->Height;
    work->depth = copy->Depth;
    return add_copy(stream, work);
}

static CUresult add_fill(CUstream stream, uint64_t to, size_t pitch, unsigned value, unsigned element, size_t columns,
                         size_t rows)
{
    if (to % element || (rows > 1 && pitch % element))
        return CUDA_ERROR_INVALID_VALUE;
    struct work *work = work_of(FILL);
    work->to = (struct rows){.address = to, .pitch = pitch};
    work->value = value;
    work->element = element;
    work->width = columns * element;
    work->height = rows;
    return add_copy(stream, work);
}

CUresult cuMemsetD2D8Async(CUdeviceptr to, size_t pitch, unsigned char value, size_t columns, size_t rows, CUstream stream)
{
    return add_fill(stream, to, pitch, value, 1, columns, rows);
}

CUresult cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value, size_t columns, size_t rows,
                            CUstream stream)
{
    return add_fill(stream, to, pitch, value, 2, columns, rows);
}

CUresult cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned int value, size_t columns, size_t rows, CUstream stream)
{
    return add_fill(stream, to, pitch, value, 4, columns, rows);
}
