#include "program/output.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/cancellation.h"
#include "program/log.h"
#include "program/ranks.h"

/* Much more than kernels print between two synchronisations; a server that sends more has no right to
 * the program's memory. */
enum { MOST_QUEUED = 64 << 20 };

struct queue {
    char *text;
    size_t used, capacity;
    _Atomic size_t pending; /* bytes that are queued, or that a thread is writing */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue queues[BF_OUTPUTS];

/* Called with the lock. */
static bool grow(struct queue *q, size_t bytes)
{
    size_t needed = q->used + bytes;
    if (needed > MOST_QUEUED)
        return false;
    if (needed > q->capacity) {
        char *larger = realloc(q->text, 2 * needed);
        if (!larger)
            return false;
        q->text = larger;
        q->capacity = 2 * needed;
    }
    return true;
}

void bf_output_queue(enum bf_output output, const void *text, size_t bytes)
{
    struct queue *q = &queues[output];
    if (!bytes)
        return;
    bf_lock(&lock, BF_LEAF);
    bool good = grow(q, bytes);
    if (good) {
        memcpy(q->text + q->used, text, bytes);
        q->used += bytes;
        atomic_fetch_add(&q->pending, bytes);
    }
    bf_unlock(&lock, BF_LEAF);
    if (!good)
        bf_log(BF_LOG_ERROR, "%zu bytes that kernels printed are lost: there is no room for them",
               bytes);
}

/* Called with the file's own lock, which orders the writers. */
static void write_queue(struct queue *q, FILE *file)
{
    bf_lock(&lock, BF_LEAF);
    char *text = q->text;
    size_t bytes = q->used;
    q->text = NULL;
    q->used = q->capacity = 0;
    bf_unlock(&lock, BF_LEAF);
    if (bytes && fwrite(text, 1, bytes, file) < bytes)
        bf_log(BF_LOG_WARNING, "what kernels printed could not be written");
    atomic_fetch_sub(&q->pending, bytes);
    free(text);
}

static FILE *file_of(int output)
{
    return output == BF_OUTPUT_PRINTED ? stdout : stderr;
}

void bf_output_write(void)
{
    for (int i = 0; i < BF_OUTPUTS; i++) {
        if (atomic_load_explicit(&queues[i].pending, memory_order_acquire)) {
            FILE *file = file_of(i);
            int cancellation = bf_hold_cancellation();
            flockfile(file);
            write_queue(&queues[i], file);
            funlockfile(file);
            bf_allow_cancellation(cancellation);
        }
    }
}

void bf_output_write_at_exit(void)
{
    for (int i = 0; i < BF_OUTPUTS; i++) {
        FILE *file = file_of(i);
        if (atomic_load(&queues[i].pending) && !ftrylockfile(file)) {
            write_queue(&queues[i], file);
            funlockfile(file);
        }
    }
}

void bf_output_forget(void)
{
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    memset(queues, 0, sizeof queues); /* their memory may be half grown: it is left */
}
