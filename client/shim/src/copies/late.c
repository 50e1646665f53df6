#include "copies/late.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "streams/host_functions.h"
#include "program/cancellation.h"
#include "program/log.h"
#include "program/ranks.h"

struct entry {
    CUresult (*run)(const void *what);
    struct bf_context *context; /* of the stream */
    struct bf_range touches[2];
    struct entry *next;
    max_align_t what[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_less = PTHREAD_COND_INITIALIZER;
static struct entry *entries;
static _Atomic unsigned count;

static void end(struct entry *entry)
{
    bf_lock(&lock, BF_LEAF);
    struct entry **link = &entries;
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    atomic_fetch_sub(&count, 1);
    pthread_cond_broadcast(&one_less);
    bf_unlock(&lock, BF_LEAF);
    free(entry);
}

/* A stream that has failed tells so itself. */
static void run(void *argument, CUresult stream_status)
{
    struct entry *entry = argument;
    CUresult status = stream_status == CUDA_SUCCESS ? entry->run(entry->what) : CUDA_SUCCESS;
    if (status != CUDA_SUCCESS) {
        bf_log(BF_LOG_ERROR, "an asynchronous copy, or fill, failed with error %d", (int)status);
        bf_fail_later(entry->context, status);
    }
    end(entry);
}

CUresult bf_late(const struct bf_stream_use *use, CUresult (*function)(const void *what),
                 const void *what, size_t bytes, const struct bf_range touches[2],
                 bool writes_here)
{
    struct entry *entry = malloc(sizeof *entry + bytes);
    if (!entry)
        return CUDA_ERROR_OUT_OF_MEMORY;
    entry->run = function;
    entry->context = use->context;
    memcpy(entry->touches, touches, sizeof entry->touches);
    memcpy(entry->what, what, bytes);
    bf_lock(&lock, BF_LEAF);
    entry->next = entries;
    entries = entry;
    atomic_fetch_add(&count, 1);
    bf_unlock(&lock, BF_LEAF);
    CUresult status = bf_stream_action(use, run, entry, writes_here);
    if (status != CUDA_SUCCESS)
        end(entry);
    return status;
}

/* Of a connection that has ended nothing is made any more. */
static bool touches(const struct entry *entry, uint64_t low, uint64_t high)
{
    bool touched = false;
    for (int i = 0; i < 2; i++)
        touched |= entry->touches[i].low < high && low < entry->touches[i].high;
    return touched && !atomic_load(&bf_connection_of(entry->context)->dead);
}

static bool any_touches(uint64_t low, uint64_t high)
{
    const struct entry *entry = entries;
    while (entry && !touches(entry, low, high))
        entry = entry->next;
    return entry;
}

void bf_late_wait(uint64_t low, uint64_t high)
{
    if (!atomic_load(&count))
        return;
    int cancellation = bf_hold_cancellation();
    bf_lock(&lock, BF_LEAF);
    while (any_touches(low, high)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++; /* to look whether the connection has ended */
        pthread_cond_timedwait(&one_less, &lock, &until);
    }
    bf_unlock(&lock, BF_LEAF);
    bf_allow_cancellation(cancellation);
}
