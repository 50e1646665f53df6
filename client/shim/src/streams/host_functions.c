#include "streams/host_functions.h"

#include <stdlib.h>

#include "bf_requests.h"
#include "program/threads.h"
#include "streams/progress.h"
#include "program/ranks.h"

struct call {
    uint64_t id;
    struct bf_connection *connection;
    CUhostFn function;
    CUstreamCallback callback;
    void (*action)(void *argument, CUresult status); /* the library's own */
    unsigned worker; /* of the connection */
    bool writes_here;
    CUstream stream;
    void *data;
    CUresult status;
    struct call *next;
};

/* What runs on one thread, in order. */
struct queue {
    struct call *due, **end;
    pthread_cond_t work;
    bool started;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct call *waiting; /* the worker has not come to them */
static struct queue functions; /* of all servers: CUDA runs one after the other */
static struct queue actions[BF_MAX_WORKERS];
static uint64_t next_id = 1;
static _Atomic int outstanding; /* that may write the host's memory */

/* "end" NULL: the queue is new. Called with the lock. */
static struct queue *queue_of(const struct call *call)
{
    struct queue *queue = call->action ? &actions[call->worker] : &functions;
    if (!queue->end) {
        queue->end = &queue->due;
        pthread_cond_init(&queue->work, NULL);
    }
    return queue;
}

static void run(struct call *call)
{
    bf_caught_up(call->connection); /* with the functions before it */
    if (call->action)
        call->action(call->data, call->status);
    else if (call->callback)
        call->callback(call->stream, call->status, call->data);
    else if (call->status == CUDA_SUCCESS)
        call->function(call->data);
    atomic_fetch_sub(&outstanding, call->writes_here);
    struct bf_stream_host_function_done m = {call->id};
    bf_send_exempt_stream_host_function_done(call->connection, &m);
    free(call);
}

static void *run_all(void *argument)
{
    struct queue *queue = argument;
    struct bf_thread *thread = bf_thread_self();
    if (thread)
        thread->in_host_function = queue == &functions;
    if (queue != &functions)
        bf_send_as_put_off(true);
    bf_lock(&lock, BF_LEAF);
    for (;;) {
        struct call *call = queue->due;
        if (call) {
            queue->due = call->next;
            if (!queue->due)
                queue->end = &queue->due;
            bf_unlock(&lock, BF_LEAF);
            run(call);
            bf_lock(&lock, BF_LEAF);
        } else {
            pthread_cond_wait(&queue->work, &lock);
        }
    }
    return NULL;
}

/* Called with the lock. */
static struct call *take(uint64_t id)
{
    struct call **link = &waiting;
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    struct call *call = *link;
    if (call)
        *link = call->next;
    return call;
}

/* Called with the lock. */
static void make_due(struct call *call, CUresult status)
{
    struct queue *queue = queue_of(call);
    call->next = NULL;
    call->status = status;
    *queue->end = call;
    queue->end = &call->next;
    pthread_cond_signal(&queue->work);
}

void bf_host_function_due(struct bf_connection *connection, uint64_t id, CUresult status)
{
    bf_lock(&lock, BF_LEAF);
    struct call *call = take(id);
    if (call)
        make_due(call, status);
    bf_unlock(&lock, BF_LEAF);
    if (call)
        bf_unasked(connection, -1);
}

/* In the order in which they were enqueued; "waiting" has the last one first. */
void bf_host_functions_end(struct bf_connection *connection)
{
    int count = 0;
    bf_lock(&lock, BF_LEAF);
    for (;;) {
        struct call *oldest = NULL;
        for (struct call *call = waiting; call; call = call->next)
            oldest = call->connection == connection ? call : oldest;
        if (!oldest)
            break;
        make_due(take(oldest->id), CUDA_ERROR_DEVICE_UNAVAILABLE);
        count++;
    }
    bf_unlock(&lock, BF_LEAF);
    if (count)
        bf_unasked(connection, -count);
}

bool bf_host_functions_outstanding(void)
{
    return atomic_load(&outstanding) > 0;
}

static CUresult enqueue(const struct bf_stream_use *use, struct call from)
{
    struct call *call = malloc(sizeof *call);
    if (!call)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *call = from;
    call->connection = use->connection;
    call->worker = use->context->device->worker->index;
    bf_lock(&lock, BF_LEAF);
    struct queue *queue = queue_of(call);
    call->id = next_id++;
    atomic_fetch_add(&outstanding, call->writes_here);
    call->next = waiting;
    waiting = call;
    if (!queue->started)
        queue->started = bf_thread_start(run_all, queue);
    struct bf_stream_host_function m = {use->wire, call->id};
    bf_unlock(&lock, BF_LEAF);
    bf_unasked(use->connection, 1);
    CUresult status = bf_send_stream_host_function(use->connection, &m);
    bf_progress_work(use);
    if (status != CUDA_SUCCESS) {
        bf_lock(&lock, BF_LEAF);
        call = take(m.id);
        bf_unlock(&lock, BF_LEAF);
        if (!call)
            return CUDA_SUCCESS; /* the end of the connection is told to it */
        atomic_fetch_sub(&outstanding, call->writes_here);
        bf_unasked(use->connection, -1);
        free(call);
    }
    return status;
}

CUresult bf_stream_action(const struct bf_stream_use *use,
                          void (*action)(void *argument, CUresult status), void *argument,
                          bool writes_here)
{
    struct call call = {.action = action, .data = argument, .writes_here = writes_here};
    return enqueue(use, call);
}

static CUresult enqueue_function(CUstream stream, struct call call)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(stream, &use);
    if (status == CUDA_SUCCESS && !call.function && !call.callback)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? enqueue(&use, call) : status;
}

CUresult bf_cuLaunchHostFunc(CUstream stream, CUhostFn function, void *data)
{
    struct call call = {
        .function = function, .stream = stream, .data = data, .writes_here = true};
    return enqueue_function(stream, call);
}

CUresult bf_cuStreamAddCallback(CUstream stream, CUstreamCallback callback, void *data,
                                unsigned int flags)
{
    struct call call = {
        .callback = callback, .stream = stream, .data = data, .writes_here = true};
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? enqueue_function(stream, call) : status;
}
