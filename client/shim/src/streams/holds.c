#include "streams/holds.h"

#include <stdlib.h>
#include <time.h>

#include "bf_requests.h"
#include "streams/progress.h"
#include "program/ranks.h"

struct hold {
    uint64_t id;
    uint64_t event, position;
    struct bf_connection *from; /* of the event */
    struct bf_connection *to;   /* of the stream */
    struct bf_context *context; /* likewise */
    CUresult status;
    struct hold *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct hold *waiting; /* their events are not reached */
static struct hold *due;
static _Atomic unsigned outstanding;
static uint64_t next_id = 1;
static bool started;

/* Called with the lock. */
static void move_to_due(struct hold **link, CUresult status)
{
    struct hold *hold = *link;
    *link = hold->next;
    hold->status = status;
    hold->next = due;
    due = hold;
}

/* Called with the lock. */
static void end_those_of_lost_workers(void)
{
    for (struct hold **link = &waiting; *link;) {
        if (atomic_load(&(*link)->from->dead))
            move_to_due(link, CUDA_ERROR_DEVICE_UNAVAILABLE);
        else
            link = &(*link)->next;
    }
}

/* A failure of the event's context is told, but is none of the stream's context. */
static void release(struct hold *hold)
{
    struct bf_stream_release m = {hold->id, CUDA_SUCCESS};
    if (hold->status != CUDA_SUCCESS)
        bf_fail_later(hold->context, hold->status);
    bf_send_exempt_stream_release(hold->to, &m);
    bf_unasked(hold->from, -1);
    atomic_fetch_sub(&outstanding, 1);
    free(hold);
}

/* A thread of its own: the one that hears of the event must not wait for another worker. */
static void *release_all(void *unused)
{
    (void)unused;
    bf_lock(&lock, BF_LEAF);
    for (;;) {
        struct hold *hold = due;
        if (hold) {
            due = hold->next;
            bf_unlock(&lock, BF_LEAF);
            release(hold);
            bf_lock(&lock, BF_LEAF);
        } else if (waiting) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec++; /* to look whether a connection has ended */
            pthread_cond_timedwait(&changed, &lock, &until);
            end_those_of_lost_workers();
        } else {
            pthread_cond_wait(&changed, &lock);
        }
    }
    return NULL;
}

void bf_hold_event_reached(uint64_t event, uint64_t position, CUresult status)
{
    if (!atomic_load(&outstanding))
        return;
    bf_lock(&lock, BF_LEAF);
    for (struct hold **link = &waiting; *link;) {
        if ((*link)->event == event && (*link)->position == position)
            move_to_due(link, status);
        else
            link = &(*link)->next;
    }
    pthread_cond_signal(&changed);
    bf_unlock(&lock, BF_LEAF);
}

/* In the list from here on: the worker says once that a record is reached. NULL without memory. */
static struct hold *add(const struct bf_stream_use *use, uint64_t event, uint64_t position,
                        struct bf_connection *from, struct bf_stream_hold *message)
{
    struct hold *hold = malloc(sizeof *hold);
    if (!hold)
        return NULL;
    bf_lock(&lock, BF_LEAF);
    *message = (struct bf_stream_hold){use->wire, next_id++};
    *hold = (struct hold){message->id, event, position, from, use->connection,
                          use->context, CUDA_SUCCESS, waiting};
    waiting = hold;
    atomic_fetch_add(&outstanding, 1);
    if (!started)
        started = bf_thread_start(release_all, NULL);
    else
        pthread_cond_signal(&changed);
    bf_unlock(&lock, BF_LEAF);
    bf_unasked(from, 1);
    return hold;
}

CUresult bf_hold_for_event(const struct bf_stream_use *use, const struct bf_event *event,
                           uint64_t position)
{
    uint64_t handle = event->object.handle;
    struct bf_connection *from = bf_connection_of(event->context);
    struct bf_stream_hold m;
    if (!add(use, handle, position, from, &m))
        return CUDA_ERROR_OUT_OF_MEMORY;
    CUresult status = bf_send_stream_hold(use->connection, &m);
    bf_progress_work(use);
    bf_flush(from); /* the record may still be on its way out */
    if (atomic_load(&event->reached) >= position)
        bf_hold_event_reached(handle, position, CUDA_SUCCESS);
    else if (atomic_load(&event->failed) >= position)
        bf_hold_event_reached(handle, position, CUDA_ERROR_UNKNOWN);
    return status;
}

CUresult bf_stream_follow(const struct bf_stream_use *later, const struct bf_stream_use *earlier)
{
    struct bf_connection *from = earlier->connection;
    if (later->connection == from)
        return bf_stream_join(later, earlier);
    struct bf_own_event event;
    struct bf_stream_hold hold;
    if (!bf_own_event(&event, earlier) || !add(later, event.handle, event.position, from, &hold))
        return CUDA_ERROR_OUT_OF_MEMORY;
    CUresult status = bf_own_event_record(&event, earlier);
    if (status == CUDA_SUCCESS)
        status = bf_own_event_destroy(&event, from);
    if (status == CUDA_SUCCESS)
        status = bf_flush(from);
    if (status != CUDA_SUCCESS)
        bf_hold_event_reached(event.handle, event.position, status);
    /* Only now: who stands still waits for what was sent before, so no two streams wait for each other. */
    CUresult sent = bf_send_stream_hold(later->connection, &hold);
    bf_progress_work(later);
    return status == CUDA_SUCCESS ? sent : status;
}
