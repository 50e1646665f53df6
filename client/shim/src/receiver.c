#include "connection.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "cancellation.h"
#include "log.h"
#include "output.h"
#include "tickets.h"

enum {
    BUFFER_BYTES = 64 * 1024,
    DATA_HEAD = BF_FRAME_BYTES + BF_MEM_DATA_MINIMUM, /* of a mem.data frame, before its payload */
    SPIN_NS = 25 * 1000, /* an answer that takes longer than a sleep and a wake-up cost */
    SPIN_MISSES = 4,     /* so often in vain, then only now and then */
    SPIN_RETRY = 16
};

static void end_wait(struct bf_waiter *waiter)
{
    waiter->answered = true;
    pthread_cond_signal(&waiter->wake);
}

void bf_connection_end(struct bf_connection *c, const char *why)
{
    struct bf_receiver *r = &c->receiver;
    if (!atomic_exchange(&c->dead, true))
        bf_log(BF_LOG_ERROR, "the connection to the worker has ended: %s", why);
    pthread_mutex_lock(&r->lock);
    for (struct bf_waiter *waiter = r->waiters; waiter; waiter = waiter->next) {
        if (waiter->request && !waiter->answered)
            waiter->status = CUDA_ERROR_DEVICE_UNAVAILABLE;
        end_wait(waiter);
    }
    pthread_cond_signal(&r->background);
    pthread_mutex_unlock(&r->lock);
    sem_post(&c->sender.arm);
}

static void deliver_answer(struct bf_connection *c, const struct bf_frame *frame,
                           const uint8_t *body)
{
    struct bf_receiver *r = &c->receiver;
    pthread_mutex_lock(&r->lock);
    struct bf_waiter *waiter = r->waiters;
    while (waiter && (waiter->request != frame->request || waiter->answered))
        waiter = waiter->next;
    if (waiter) {
        waiter->status = frame->status;
        waiter->length = frame->length;
        waiter->body = frame->length > BF_INLINE_ANSWER ? malloc(frame->length) : waiter->inlined;
        if (waiter->body && frame->length)
            memcpy(waiter->body, body, frame->length);
        else if (!waiter->body)
            waiter->status = CUDA_ERROR_OUT_OF_MEMORY;
        end_wait(waiter);
    }
    pthread_mutex_unlock(&r->lock);
    if (!waiter)
        bf_log(BF_LOG_WARNING, "an answer to no question (request %u)", frame->request);
}

/* A condition may have come true. */
void bf_wake(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    pthread_mutex_lock(&r->lock);
    for (struct bf_waiter *waiter = r->waiters; waiter; waiter = waiter->next) {
        if (waiter->reached && waiter->reached(waiter->argument))
            pthread_cond_signal(&waiter->wake);
    }
    pthread_mutex_unlock(&r->lock);
}

static void dispatch(struct bf_connection *c, const struct bf_frame *frame, const uint8_t *body)
{
    if (frame->flags & BF_FLAG_ANSWER) {
        deliver_answer(c, frame, body);
    } else if (frame->call == BF_CALL_CREDIT && frame->length == BF_CREDIT_MINIMUM) {
        struct bf_credit credit;
        bf_credit_read(body, frame->length, &credit);
        atomic_fetch_sub(&c->sender.window_used, (int64_t)credit.byte_count);
        bf_wake(c);
    } else {
        c->on_frame(c, frame, body);
        bf_wake(c);
    }
}

/* Of a payload, what already lies in the buffer (the read that fetched it did not know that a copy
 * was under way). */
static void take_buffered_data(struct bf_receiver *r)
{
    struct iovec parts[BF_PAYLOAD_PARTS];
    size_t there = r->end - r->start;
    size_t wanted = there < r->data_left ? there : r->data_left;
    while (wanted) {
        int count =
            bf_ticket_parts(r->data_ticket, r->data_offset, wanted, parts, BF_PAYLOAD_PARTS);
        for (int i = 0; i < count; i++) {
            if (!bf_copy_safely(parts[i].iov_base, r->buffer + r->start, parts[i].iov_len))
                bf_ticket_fault(r->data_ticket);
            r->start += parts[i].iov_len;
            r->data_offset += parts[i].iov_len;
            r->data_left -= parts[i].iov_len;
            wanted -= parts[i].iov_len;
        }
    }
}

static bool lost(struct bf_connection *c, ssize_t moved)
{
    bool end = !moved || (errno != EAGAIN && errno != EINTR);
    if (end)
        bf_connection_end(c, moved ? strerror(errno) : "the worker has ended");
    return end;
}

/* Receives, waiting. What comes soon is waited for awake, as CUDA's own threads wait by default: to
 * be woken costs more than an answer takes on its way. Where answers come late it is hardly tried. */
static ssize_t receive_awake(struct bf_connection *c, const struct iovec *parts, int count)
{
    struct bf_receiver *r = &c->receiver;
    if (r->spin_misses >= SPIN_MISSES && ++r->spin_skipped % SPIN_RETRY)
        return c->transport.receive(&c->transport, parts, count, true);
    uint64_t end = 0;
    do {
        sched_yield();
        ssize_t moved = c->transport.receive(&c->transport, parts, count, false);
        if (moved >= 0 || errno != EAGAIN) {
            r->spin_misses = 0;
            return moved;
        }
        if (!end)
            end = bf_now() + SPIN_NS;
    } while (bf_now() < end);
    r->spin_misses++;
    return c->transport.receive(&c->transport, parts, count, true);
}

/* Receives of a payload what the socket gives, straight to where the copy's destination is. The
 * buffer is empty. */
static bool receive_data(struct bf_connection *c, bool wait, bool *more)
{
    struct bf_receiver *r = &c->receiver;
    struct iovec parts[BF_PAYLOAD_PARTS + 1];
    int count =
        bf_ticket_parts(r->data_ticket, r->data_offset, r->data_left, parts, BF_PAYLOAD_PARTS);
    size_t wanted = 0;
    for (int i = 0; i < count; i++)
        wanted += parts[i].iov_len;
    r->start = r->end = 0;
    if (wanted == r->data_left) /* and the next frame's head */
        parts[count++] = (struct iovec){r->buffer, DATA_HEAD};
    ssize_t moved = c->transport.receive(&c->transport, parts, count, wait);
    *more = true;
    if (moved > 0) {
        size_t data = (size_t)moved < wanted ? (size_t)moved : wanted;
        r->data_left -= data;
        r->data_offset += data;
        r->end = (size_t)moved - data;
        atomic_fetch_add_explicit(&c->bytes_in, (uint64_t)moved, memory_order_relaxed);
    } else if (moved < 0 && errno == EFAULT) {
        bf_ticket_fault(r->data_ticket);
    } else {
        *more = false;
        return !lost(c, moved);
    }
    return true;
}

/* Dispatches what lies in the buffer. Sets *needed to the bytes that are missing for the next step.
 * False if it makes no sense. */
static bool dispatch_buffered(struct bf_connection *c, size_t *needed)
{
    struct bf_receiver *r = &c->receiver;
    *needed = 0;
    while (!r->data_left && !*needed) {
        size_t there = r->end - r->start;
        struct bf_frame frame;
        if (there < BF_FRAME_BYTES) {
            *needed = BF_FRAME_BYTES - there;
            break;
        }
        bf_frame_read(r->buffer + r->start, &frame);
        if (frame.length > BF_MAX_BODY)
            return false;
        if (frame.call == BF_CALL_MEM_DATA && !frame.flags) {
            struct bf_mem_data data;
            if (frame.length < BF_MEM_DATA_MINIMUM)
                return false;
            if (there < DATA_HEAD) {
                *needed = DATA_HEAD - there;
                break;
            }
            bf_mem_data_read(r->buffer + r->start + BF_FRAME_BYTES, BF_MEM_DATA_MINIMUM, &data);
            r->start += DATA_HEAD;
            r->data_ticket = data.ticket;
            r->data_offset = data.packed_offset;
            r->data_left = frame.length - BF_MEM_DATA_MINIMUM;
            take_buffered_data(r);
        } else if (there < BF_FRAME_BYTES + frame.length) {
            *needed = BF_FRAME_BYTES + frame.length - there;
        } else {
            dispatch(c, &frame, r->buffer + r->start + BF_FRAME_BYTES);
            r->start += BF_FRAME_BYTES + frame.length;
        }
    }
    return true;
}

static bool make_room(struct bf_receiver *r, size_t needed)
{
    if (r->start) {
        memmove(r->buffer, r->buffer + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    if (r->end + needed > r->capacity) {
        uint8_t *larger = realloc(r->buffer, r->end + needed);
        if (!larger)
            return false;
        r->buffer = larger;
        r->capacity = r->end + needed;
    }
    return true;
}

/* Receives frames, or the missing part of one. While copies to the host are outstanding no more is
   received than surely holds no payload, so that payloads do not pass through the buffer. */
static bool receive_frames(struct bf_connection *c, size_t needed, bool wait, bool *more)
{
    struct bf_receiver *r = &c->receiver;
    size_t there = r->end - r->start;
    if (!make_room(r, needed)) {
        bf_connection_end(c, "no memory");
        return false;
    }
    size_t room = r->capacity - r->end;
    if (atomic_load_explicit(&r->reads, memory_order_relaxed) > 0)
        room = there < BF_FRAME_BYTES ? DATA_HEAD - there : needed;
    struct iovec part = {r->buffer + r->end, room};
    ssize_t moved = wait ? receive_awake(c, &part, 1)
                         : c->transport.receive(&c->transport, &part, 1, false);
    *more = moved > 0;
    if (moved <= 0)
        return !lost(c, moved);
    r->end += (size_t)moved;
    atomic_fetch_add_explicit(&c->bytes_in, (uint64_t)moved, memory_order_relaxed);
    return true;
}

/* One round with the reader's role: receives once and dispatches. False when the connection has
 * ended. */
static bool receive_round(struct bf_connection *c, bool wait, bool *more)
{
    struct bf_receiver *r = &c->receiver;
    size_t needed = 0;
    bool good = dispatch_buffered(c, &needed);
    if (good) {
        if (!(r->data_left ? receive_data(c, wait, more) : receive_frames(c, needed, wait, more)))
            return false;
        good = dispatch_buffered(c, &needed);
    }
    if (!good)
        bf_connection_end(c, "the worker sent what makes no sense");
    return good;
}

/* Called with the lock, by who gives the role up. */
static void hand_over(struct bf_receiver *r)
{
    struct bf_waiter *waiter = r->waiters;
    while (waiter && (waiter->answered || (waiter->reached && waiter->reached(waiter->argument))))
        waiter = waiter->next;
    if (waiter)
        pthread_cond_signal(&waiter->wake);
    else if (r->unasked)
        pthread_cond_signal(&r->background);
}

static void forget(struct bf_receiver *r, const struct bf_waiter *waiter)
{
    struct bf_waiter **link = &r->waiters;
    while (*link && *link != waiter)
        link = &(*link)->next;
    if (*link)
        *link = waiter->next;
}

/* Waits for a waiter that is in the list, reading if nobody else does. Called, and returns, with
 * the lock. */
static void wait_locked(struct bf_connection *c, struct bf_waiter *waiter)
{
    struct bf_receiver *r = &c->receiver;
    int cancellation = bf_hold_cancellation();
    while (!waiter->answered && !(waiter->reached && waiter->reached(waiter->argument)) &&
           !atomic_load(&c->dead)) {
        if (r->reading) {
            pthread_cond_wait(&waiter->wake, &r->lock);
        } else {
            bool more;
            r->reading = true;
            pthread_mutex_unlock(&r->lock);
            receive_round(c, true, &more);
            pthread_mutex_lock(&r->lock);
            r->reading = false;
        }
    }
    forget(r, waiter);
    if (!r->reading && !atomic_load(&c->dead))
        hand_over(r);
    bf_allow_cancellation(cancellation);
}

/* Whether the answer follows what kernels have printed. */
static bool synchronises(const void *frame)
{
    struct bf_frame head;
    bf_frame_read(frame, &head);
    switch (head.call) {
    case BF_CALL_CONTEXT_SYNCHRONIZE:
    case BF_CALL_STREAM_SYNCHRONIZE:
    case BF_CALL_STREAM_QUERY:
    case BF_CALL_EVENT_SYNCHRONIZE:
    case BF_CALL_EVENT_QUERY:
    case BF_CALL_MEM_READ:
        return true;
    default:
        return false;
    }
}

CUresult bf_ask(struct bf_connection *c, const void *frame, size_t bytes, uint32_t request,
                struct bf_answer *answer)
{
    struct bf_receiver *r = &c->receiver;
    struct bf_waiter *waiter = &answer->waiter;
    waiter->request = request;
    waiter->answered = false;
    waiter->reached = NULL;
    waiter->argument = NULL;
    waiter->body = waiter->inlined;
    waiter->length = 0;
    waiter->status = CUDA_ERROR_DEVICE_UNAVAILABLE;
    pthread_cond_init(&waiter->wake, NULL);
    pthread_mutex_lock(&r->lock);
    waiter->next = r->waiters;
    r->waiters = waiter;
    pthread_mutex_unlock(&r->lock);
    CUresult sent = bf_send_request(c, frame, bytes);
    pthread_mutex_lock(&r->lock);
    if (sent == CUDA_SUCCESS)
        wait_locked(c, waiter);
    else
        forget(r, waiter);
    pthread_mutex_unlock(&r->lock);
    atomic_fetch_add_explicit(&c->answered, 1, memory_order_relaxed);
    answer->status = waiter->status;
    answer->length = waiter->length;
    answer->body = waiter->body;
    if (waiter->status || synchronises(frame)) /* what ended the context has been said */
        bf_output_write();
    return (CUresult)waiter->status;
}

void bf_answer_free(struct bf_answer *answer)
{
    if (answer->waiter.body != answer->waiter.inlined)
        free(answer->waiter.body);
    answer->waiter.body = answer->waiter.inlined;
}

CUresult bf_ask_status(struct bf_connection *c, const void *frame, size_t bytes, uint32_t request)
{
    struct bf_answer answer;
    CUresult status = bf_ask(c, frame, bytes, request, &answer);
    bf_answer_free(&answer);
    return status;
}

uint32_t bf_next_request(struct bf_connection *c)
{
    uint32_t request;
    do
        request = atomic_fetch_add(&c->next_request, 1) + 1;
    while (!request);
    return request;
}

CUresult bf_wait_until(struct bf_connection *c, bool (*reached)(const void *argument),
                       const void *argument)
{
    struct bf_receiver *r = &c->receiver;
    struct bf_waiter waiter = {.reached = reached, .argument = argument};
    pthread_cond_init(&waiter.wake, NULL);
    pthread_mutex_lock(&r->lock);
    waiter.next = r->waiters;
    r->waiters = &waiter;
    wait_locked(c, &waiter);
    pthread_mutex_unlock(&r->lock);
    return atomic_load(&c->dead) ? CUDA_ERROR_DEVICE_UNAVAILABLE : CUDA_SUCCESS;
}

void bf_receive_available(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    pthread_mutex_lock(&r->lock);
    bool mine = !r->reading;
    r->reading = true;
    pthread_mutex_unlock(&r->lock);
    if (!mine)
        return;
    bool more = true;
    while (more && receive_round(c, false, &more))
        continue;
    pthread_mutex_lock(&r->lock);
    r->reading = false;
    if (!atomic_load(&c->dead))
        hand_over(r);
    pthread_mutex_unlock(&r->lock);
}

static void *background(void *argument)
{
    struct bf_connection *c = argument;
    struct bf_receiver *r = &c->receiver;
    pthread_mutex_lock(&r->lock);
    while (!atomic_load(&c->dead)) {
        if (!r->unasked || r->reading || r->waiters) {
            pthread_cond_wait(&r->background, &r->lock);
        } else {
            bool more;
            r->reading = true;
            pthread_mutex_unlock(&r->lock);
            receive_round(c, true, &more);
            pthread_mutex_lock(&r->lock);
            r->reading = false;
            if (r->waiters)
                hand_over(r);
        }
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

void bf_unasked(struct bf_connection *c, int change)
{
    struct bf_receiver *r = &c->receiver;
    pthread_mutex_lock(&r->lock);
    r->unasked = (unsigned)((int)r->unasked + change);
    if (change > 0 && !r->background_started) {
        r->background_started = true;
        bf_thread_start(background, c);
    } else if (change > 0 && !r->reading) {
        pthread_cond_signal(&r->background);
    }
    pthread_mutex_unlock(&r->lock);
}

bool bf_connection_start(struct bf_connection *c, struct bf_transport transport)
{
    memset(c, 0, sizeof *c);
    c->transport = transport;
    pthread_mutex_init(&c->sender.lock, NULL);
    sem_init(&c->sender.arm, 0, 0);
    pthread_mutex_init(&c->receiver.lock, NULL);
    pthread_cond_init(&c->receiver.background, NULL);
    c->sender.buffer = malloc(BF_SEND_BYTES);
    c->receiver.capacity = BUFFER_BYTES;
    c->receiver.buffer = malloc(BUFFER_BYTES);
    return c->sender.buffer && c->receiver.buffer;
}
