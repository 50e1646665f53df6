#include "host_functions.h"

#include <stdlib.h>
#include <time.h>

#include "streams.h"
#include "threads.h"

struct call {
    uint64_t id;
    struct bf_connection *connection;
    CUhostFn function;
    CUstreamCallback callback;
    CUstream stream;
    void *data;
    CUresult status;
    struct call *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static struct call *waiting;               /* the worker has not come to them */
static struct call *due, **due_end = &due; /* to be run, in order */
static bool started;
static uint64_t next_id = 1;
static pthread_cond_t finished = PTHREAD_COND_INITIALIZER;
static int outstanding;

static void run(struct call *call)
{
    uint8_t frame[BF_FRAME_BYTES + BF_STREAM_HOST_FUNCTION_DONE_MINIMUM];
    if (call->callback)
        call->callback(call->stream, call->status, call->data);
    else if (call->status == CUDA_SUCCESS)
        call->function(call->data);
    pthread_mutex_lock(&lock);
    outstanding--;
    pthread_cond_broadcast(&finished);
    pthread_mutex_unlock(&lock);
    struct bf_stream_host_function_done m = {call->id};
    bf_send_exempt(call->connection, frame, bf_stream_host_function_done_frame(frame, &m));
    free(call);
}

static void *run_all(void *unused)
{
    (void)unused;
    struct bf_thread *thread = bf_thread_self();
    if (thread)
        thread->in_host_function = true;
    pthread_mutex_lock(&lock);
    for (;;) {
        struct call *call = due;
        if (call) {
            due = call->next;
            if (!due)
                due_end = &due;
            pthread_mutex_unlock(&lock);
            run(call);
            pthread_mutex_lock(&lock);
        } else {
            pthread_cond_wait(&work, &lock);
        }
    }
    return NULL;
}

void bf_host_function_due(struct bf_connection *connection, uint64_t id, CUresult status)
{
    pthread_mutex_lock(&lock);
    struct call **link = &waiting;
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    struct call *call = *link;
    if (call) {
        *link = call->next;
        call->next = NULL;
        call->status = status;
        *due_end = call;
        due_end = &call->next;
        pthread_cond_signal(&work);
    }
    pthread_mutex_unlock(&lock);
    if (call)
        bf_unasked(connection, -1);
}

CUresult bf_host_functions_wait(struct bf_connection *connection)
{
    pthread_mutex_lock(&lock);
    while (outstanding && !atomic_load(&connection->dead)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++; /* to look whether the connection has ended */
        pthread_cond_timedwait(&finished, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    return atomic_load(&connection->dead) ? CUDA_ERROR_DEVICE_UNAVAILABLE : CUDA_SUCCESS;
}

static CUresult enqueue(CUstream stream, struct call from)
{
    struct bf_stream_use use;
    uint8_t frame[BF_FRAME_BYTES + BF_STREAM_HOST_FUNCTION_MINIMUM];
    CUresult status = bf_stream_use(stream, &use);
    if (status == CUDA_SUCCESS && !from.function && !from.callback)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    struct call *call = malloc(sizeof *call);
    if (!call)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *call = from;
    call->stream = stream;
    call->connection = use.connection;
    pthread_mutex_lock(&lock);
    call->id = next_id++;
    outstanding++;
    call->next = waiting;
    waiting = call;
    if (!started)
        started = bf_thread_start(run_all, NULL);
    struct bf_stream_host_function m = {use.wire, call->id};
    pthread_mutex_unlock(&lock);
    bf_unasked(use.connection, 1);
    return bf_send(use.connection, frame, bf_stream_host_function_frame(frame, &m));
}

CUresult bf_cuLaunchHostFunc(CUstream stream, CUhostFn function, void *data)
{
    struct call call = {.function = function, .data = data};
    return enqueue(stream, call);
}

CUresult bf_cuStreamAddCallback(CUstream stream, CUstreamCallback callback, void *data,
                                unsigned int flags)
{
    struct call call = {.callback = callback, .data = data};
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? enqueue(stream, call) : status;
}
