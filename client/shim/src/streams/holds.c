#include "streams/holds.h"

#include <stdlib.h>
#include <time.h>

#include "bf_requests.h"
#include "streams/progress.h"

struct hold {
    uint64_t id;
    uint64_t event, position;
    struct bf_connection *from; /* of the event */
    struct bf_connection *to;   /* of the stream */
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

static void release(struct hold *hold)
{
    struct bf_stream_release m = {hold->id, (int32_t)hold->status};
    bf_send_exempt_stream_release(hold->to, &m);
    bf_unasked(hold->from, -1);
    atomic_fetch_sub(&outstanding, 1);
    free(hold);
}

/* A thread of its own: the one that hears of the event must not wait for another worker. */
static void *release_all(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        struct hold *hold = due;
        if (hold) {
            due = hold->next;
            pthread_mutex_unlock(&lock);
            release(hold);
            pthread_mutex_lock(&lock);
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
    pthread_mutex_lock(&lock);
    for (struct hold **link = &waiting; *link;) {
        if ((*link)->event == event && (*link)->position == position)
            move_to_due(link, status);
        else
            link = &(*link)->next;
    }
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* The worker says once that a record is reached; it may have been before "hold" was in the list. */
CUresult bf_hold_for_event(const struct bf_stream_use *use, const struct bf_event *event,
                           uint64_t position)
{
    uint64_t handle = event->object.handle;
    struct hold *hold = malloc(sizeof *hold);
    if (!hold)
        return CUDA_ERROR_OUT_OF_MEMORY;
    struct bf_connection *from = bf_connection_of(event->context);
    pthread_mutex_lock(&lock);
    struct bf_stream_hold m = {use->wire, next_id++};
    *hold = (struct hold){m.id, handle, position, from, use->connection, CUDA_SUCCESS, waiting};
    waiting = hold;
    atomic_fetch_add(&outstanding, 1);
    if (!started)
        started = bf_thread_start(release_all, NULL);
    else
        pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    bf_unasked(from, 1);
    CUresult status = bf_send_stream_hold(use->connection, &m);
    bf_progress_work(use);
    bf_flush(from); /* the record may still be on its way out */
    if (atomic_load(&event->reached) >= position)
        bf_hold_event_reached(handle, position, CUDA_SUCCESS);
    else if (atomic_load(&event->failed) >= position)
        bf_hold_event_reached(handle, position, CUDA_ERROR_UNKNOWN);
    return status;
}
