#include "copies/late_copies.h"

#include <stdlib.h>
#include <time.h>

#include "copies/copies.h"
#include "streams/host_functions.h"
#include "streams/progress.h"
#include "program/cancellation.h"
#include "program/log.h"

struct entry {
    struct bf_late_copy copy;
    struct entry *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_less = PTHREAD_COND_INITIALIZER;
static struct entry *entries;

static void end(struct entry *entry)
{
    pthread_mutex_lock(&lock);
    struct entry **link = &entries;
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    pthread_cond_broadcast(&one_less);
    pthread_mutex_unlock(&lock);
    free(entry);
}

static CUresult copy_aside(const struct bf_late_copy *copy)
{
    struct bf_stream_use aside;
    CUresult status = bf_stream_aside(copy->context, &aside);
    if (status == CUDA_SUCCESS)
        status =
            bf_write_region(&aside, copy->destination, &copy->device, copy->source, &copy->host);
    if (status == CUDA_SUCCESS) {
        bf_progress_work(&aside);
        status = bf_stream_synchronize(&aside);
    }
    return status;
}

/* The program's stream stands still meanwhile; the bytes go by another one. A stream that has failed
 * tells so itself. */
static void copy_now(void *argument, CUresult stream_status)
{
    struct entry *entry = argument;
    CUresult status = stream_status == CUDA_SUCCESS ? copy_aside(&entry->copy) : CUDA_SUCCESS;
    if (status != CUDA_SUCCESS) {
        bf_log(BF_LOG_ERROR, "an asynchronous copy to the device failed with error %d",
               (int)status);
        bf_fail_later(entry->copy.context, status);
    }
    end(entry);
}

CUresult bf_late_copy_enqueue(const struct bf_stream_use *use, const struct bf_late_copy *copy)
{
    struct entry *entry = malloc(sizeof *entry);
    if (!entry)
        return CUDA_ERROR_OUT_OF_MEMORY;
    entry->copy = *copy;
    pthread_mutex_lock(&lock);
    entry->next = entries;
    entries = entry;
    pthread_mutex_unlock(&lock);
    CUresult status = bf_stream_action(use, copy_now, entry);
    if (status != CUDA_SUCCESS)
        end(entry);
    return status;
}

/* Of a connection that has ended no copy is made any more. */
static bool reads(const struct entry *entry, uintptr_t low, uintptr_t high)
{
    uintptr_t source = (uintptr_t)entry->copy.source;
    return source < high && low < source + entry->copy.span &&
           !atomic_load(&bf_connection_of(entry->copy.context)->dead);
}

static bool any_reads(uintptr_t low, uintptr_t high)
{
    const struct entry *entry = entries;
    while (entry && !reads(entry, low, high))
        entry = entry->next;
    return entry;
}

void bf_late_copies_wait(uintptr_t low, uintptr_t high)
{
    int cancellation = bf_hold_cancellation();
    pthread_mutex_lock(&lock);
    while (any_reads(low, high)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++; /* to look whether the connection has ended */
        pthread_cond_timedwait(&one_less, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    bf_allow_cancellation(cancellation);
}
