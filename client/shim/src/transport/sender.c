#include "transport/connection.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum {
    FLUSH_BYTES = 32 * 1024,
    LONE_NS = 20 * 1000,    /* the last frame is so old: the next is alone */
    OLDEST_NS = 100 * 1000, /* a burst's own thread sends what is older */
    FLUSHER_PERIOD_NS = 50 * 1000,
    FLUSHER_IDLE_ROUNDS = 40, /* then the flusher sleeps until it is armed again */
    PROBE_NS =
        1000 * 1000 /* after such a pause a lone call looks whether the worker is still there */
};

uint64_t bf_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const uint8_t zeros[65536];

/* Takes "moved" bytes from the front of the parts. */
static void advance(struct iovec **parts, int *count, size_t moved)
{
    while (*count && moved >= (*parts)->iov_len) {
        moved -= (*parts)->iov_len;
        (*parts)++;
        (*count)--;
    }
    if (*count) {
        (*parts)->iov_base = (char *)(*parts)->iov_base + moved;
        (*parts)->iov_len -= moved;
    }
}

/* The socket takes nothing now. Whoever cannot send also reads. */
static bool await_room(struct bf_connection *c)
{
    int ready = c->transport.wait(&c->transport, !c->receiver.reading, true, 100);
    if (ready & BF_READABLE)
        bf_receive_available(c);
    return !atomic_load(&c->dead);
}

/* Sends all parts. The first "own" of them are the library's memory; the others are the program's:
 * what of these cannot be read is sent as zeros, so that the frame has its length, and makes *fault
 * true. A send that finds an unreadable byte may refuse the readable ones before it as well: then
 * these go alone. */
static bool send_parts(struct bf_connection *c, struct iovec *parts, int count, int own,
                       bool *fault)
{
    const struct iovec *program = parts + own;
    bool apart = false;
    for (advance(&parts, &count, 0); count; advance(&parts, &count, 0)) {
        struct iovec pad = {(void *)(uintptr_t)zeros,
                            parts->iov_len < sizeof zeros ? parts->iov_len : sizeof zeros};
        bool only_own = apart && parts < program;
        ssize_t moved = *fault ? c->transport.send(&c->transport, &pad, 1)
                               : c->transport.send(&c->transport, parts,
                                                   only_own ? (int)(program - parts) : count);
        if (moved >= 0) {
            advance(&parts, &count, (size_t)moved);
        } else if (errno == EFAULT && !apart && parts < program) {
            apart = true;
        } else if (errno == EFAULT && parts >= program && !*fault) {
            *fault = true;
        } else if (errno == EAGAIN) {
            if (!await_room(c))
                return false;
        } else if (errno != EINTR) {
            bf_connection_end(c, strerror(errno));
            return false;
        }
    }
    return true;
}

/* Called with the lock. */
static bool flush_locked(struct bf_connection *c)
{
    struct bf_sender *s = &c->sender;
    bool fault = false;
    struct iovec part = {s->buffer, s->used};
    bool good = !s->used || send_parts(c, &part, 1, 1, &fault);
    s->used = 0;
    return good;
}

static int64_t cost(size_t bytes)
{
    return bytes < BF_MINIMUM_FRAME_COST ? (int64_t)BF_MINIMUM_FRAME_COST : (int64_t)bytes;
}

static bool window_open(const void *argument)
{
    const struct bf_sender *s = argument;
    return atomic_load(&s->window_used) < (int64_t)BF_WINDOW - (int64_t)(BF_BULK_CHUNK + 4096);
}

/* Takes the frame's cost from the window, waiting for credit without the lock. Called, and returns,
 * with the lock. */
static bool take_window(struct bf_connection *c, int64_t bytes)
{
    struct bf_sender *s = &c->sender;
    while (atomic_load(&s->window_used) + bytes > (int64_t)BF_WINDOW) {
        bool good = flush_locked(c);
        pthread_mutex_unlock(&s->lock);
        good = good && bf_wait_until(c, window_open, s) == CUDA_SUCCESS;
        pthread_mutex_lock(&s->lock);
        if (!good)
            return false;
    }
    int64_t used = atomic_fetch_add(&s->window_used, bytes) + bytes;
    if (used > (int64_t)BF_WINDOW / 2 && s->used + (size_t)bytes > FLUSH_BYTES)
        bf_receive_available(c); /* credit may be there already */
    return true;
}

static void *flusher(void *argument)
{
    struct bf_connection *c = argument;
    struct bf_sender *s = &c->sender;
    const struct timespec period = {0, FLUSHER_PERIOD_NS};
    uint64_t seen = 0;
    int idle = 0;
    prctl(PR_SET_TIMERSLACK, 1);
    pthread_mutex_lock(&s->lock);
    while (!atomic_load(&c->dead)) {
        if (s->used && s->appended == seen)
            flush_locked(c);
        idle = s->appended == seen ? idle + 1 : 0;
        seen = s->appended;
        if (idle > FLUSHER_IDLE_ROUNDS && !s->used) {
            s->armed = false;
            pthread_mutex_unlock(&s->lock);
            while (sem_wait(&s->arm) && errno == EINTR)
                continue;
            pthread_mutex_lock(&s->lock);
            s->armed = true;
            seen = s->appended;
            idle = 0;
        }
        pthread_mutex_unlock(&s->lock);
        nanosleep(&period, NULL);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Called with the lock. */
static void arm_flusher(struct bf_connection *c)
{
    struct bf_sender *s = &c->sender;
    if (!s->flusher_started) {
        s->flusher_started = true;
        s->armed = true;
        bf_thread_start(flusher, c);
    } else if (!s->armed) {
        s->armed = true;
        sem_post(&s->arm);
    }
}

static CUresult append(struct bf_connection *c, const void *frame, size_t bytes, bool exempt,
                       bool now)
{
    struct bf_sender *s = &c->sender;
    bool good = !atomic_load_explicit(&c->dead, memory_order_relaxed);
    if (!good)
        return CUDA_ERROR_DEVICE_UNAVAILABLE;
    pthread_mutex_lock(&s->lock);
    good = exempt || take_window(c, cost(bytes));
    if (good && s->used + bytes > BF_SEND_BYTES)
        good = flush_locked(c);
    if (good && bytes > BF_SEND_BYTES) {
        bool fault = false;
        struct iovec part = {(void *)(uintptr_t)frame, bytes};
        good = send_parts(c, &part, 1, 1, &fault);
    } else if (good) {
        uint64_t time = bf_now();
        bool first = s->used == 0;
        uint64_t pause = time - s->last_ns;
        if (first && pause > PROBE_NS &&
            (c->transport.wait(&c->transport, true, false, 0) & BF_READABLE))
            bf_receive_available(c);
        if (first)
            s->first_ns = time;
        memcpy(s->buffer + s->used, frame, bytes);
        s->used += bytes;
        s->appended++;
        s->last_ns = time;
        if (now || exempt || (first && pause > LONE_NS) || s->used >= FLUSH_BYTES ||
            time - s->first_ns > OLDEST_NS)
            good = flush_locked(c);
        else if (first)
            arm_flusher(c);
    }
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add_explicit(&c->bytes_out, bytes, memory_order_relaxed);
    return good && !atomic_load_explicit(&c->dead, memory_order_relaxed)
               ? CUDA_SUCCESS
               : CUDA_ERROR_DEVICE_UNAVAILABLE;
}

CUresult bf_send(struct bf_connection *c, const void *frame, size_t bytes)
{
    atomic_fetch_add_explicit(&c->one_way, 1, memory_order_relaxed);
    return append(c, frame, bytes, false, false);
}

CUresult bf_send_exempt(struct bf_connection *c, const void *frame, size_t bytes)
{
    atomic_fetch_add_explicit(&c->one_way, 1, memory_order_relaxed);
    return append(c, frame, bytes, true, true);
}

CUresult bf_send_request(struct bf_connection *c, const void *frame, size_t bytes)
{
    return append(c, frame, bytes, false, true);
}

CUresult bf_send_payload(struct bf_connection *c, const void *head, size_t head_bytes,
                         const struct iovec *payload, int parts)
{
    struct bf_sender *s = &c->sender;
    struct iovec all[BF_PAYLOAD_PARTS + 2];
    size_t bytes = head_bytes;
    bool fault = false;
    for (int i = 0; i < parts; i++) {
        all[i + 2] = payload[i];
        bytes += payload[i].iov_len;
    }
    pthread_mutex_lock(&s->lock);
    bool good = !atomic_load(&c->dead) && take_window(c, cost(bytes));
    if (good) {
        all[0] = (struct iovec){s->buffer, s->used};
        all[1] = (struct iovec){(void *)(uintptr_t)head, head_bytes};
        good = send_parts(c, all, parts + 2, 2, &fault);
        s->used = 0;
        s->appended++;
        s->last_ns = bf_now();
    }
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add_explicit(&c->one_way, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bytes_out, bytes, memory_order_relaxed);
    return !good ? CUDA_ERROR_DEVICE_UNAVAILABLE : fault ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult bf_flush(struct bf_connection *c)
{
    pthread_mutex_lock(&c->sender.lock);
    bool good = !atomic_load(&c->dead) && flush_locked(c);
    pthread_mutex_unlock(&c->sender.lock);
    return good ? CUDA_SUCCESS : CUDA_ERROR_DEVICE_UNAVAILABLE;
}
