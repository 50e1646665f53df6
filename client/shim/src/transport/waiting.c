/* Who waits, and who of them reads: the reader's role goes from one waiting thread to the next, or
 * to a background thread while something unasked is outstanding. */
#include "transport/connection.h"

#include <stdlib.h>
#include <string.h>

#include "program/cancellation.h"
#include "program/log.h"
#include "program/output.h"
#include "program/ranks.h"

enum { BUFFER_BYTES = 64 * 1024 };

static void end_wait(struct bf_waiter *waiter)
{
    waiter->answered = true;
    pthread_cond_signal(&waiter->wake);
}

void bf_connection_end(struct bf_connection *c, const char *why)
{
    struct bf_receiver *r = &c->receiver;
    bool first = !atomic_exchange(&c->dead, true);
    if (first)
        bf_log(BF_LOG_ERROR, "the connection to the worker has ended: %s", why);
    bf_lock(&r->lock, BF_RECEIVER);
    for (struct bf_waiter *waiter = r->waiters; waiter; waiter = waiter->next) {
        if (waiter->request && !waiter->answered)
            waiter->status = CUDA_ERROR_DEVICE_UNAVAILABLE;
        end_wait(waiter);
    }
    pthread_cond_signal(&r->background);
    pthread_cond_signal(&r->keeper);
    bf_unlock(&r->lock, BF_RECEIVER);
    sem_post(&c->sender.arm);
    if (first && c->on_end)
        c->on_end(c);
}

void bf_deliver_answer(struct bf_connection *c, const struct bf_frame *frame, const uint8_t *body)
{
    struct bf_receiver *r = &c->receiver;
    bf_lock(&r->lock, BF_RECEIVER);
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
    bf_unlock(&r->lock, BF_RECEIVER);
    if (!waiter)
        bf_log(BF_LOG_WARNING, "an answer to no question (request %u)", frame->request);
}

/* A condition may have come true. */
void bf_wake(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    bf_lock(&r->lock, BF_RECEIVER);
    for (struct bf_waiter *waiter = r->waiters; waiter; waiter = waiter->next) {
        if (waiter->reached && waiter->reached(waiter->argument))
            pthread_cond_signal(&waiter->wake);
    }
    bf_unlock(&r->lock, BF_RECEIVER);
}

/* Called with the lock, by who gives the role up. */
static void hand_over(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    if (atomic_load(&c->broken)) {
        pthread_cond_signal(&r->keeper);
        return;
    }
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

/* Takes the reader's role for one round. Called, and returns, with the lock. */
static void read_once(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    bool more;
    r->reading = true;
    bf_unlock(&r->lock, BF_RECEIVER);
    bf_receive_round(c, true, &more);
    bf_lock(&r->lock, BF_RECEIVER);
    r->reading = false;
    if (atomic_load(&c->broken))
        pthread_cond_signal(&r->keeper);
}

bool bf_take_role(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    bf_lock(&r->lock, BF_RECEIVER);
    while (r->reading && !atomic_load(&c->dead))
        pthread_cond_wait(&r->keeper, &r->lock);
    bool good = !atomic_load(&c->dead);
    if (good)
        r->reading = true;
    bf_unlock(&r->lock, BF_RECEIVER);
    return good;
}

void bf_give_role(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    bf_lock(&r->lock, BF_RECEIVER);
    r->reading = false;
    if (!atomic_load(&c->dead))
        hand_over(c);
    bf_unlock(&r->lock, BF_RECEIVER);
}

/* Waits for a waiter that is in the list, reading if nobody else does. Called, and returns, with
 * the lock. */
static void wait_locked(struct bf_connection *c, struct bf_waiter *waiter)
{
    struct bf_receiver *r = &c->receiver;
    int cancellation = bf_hold_cancellation();
    while (!waiter->answered && !(waiter->reached && waiter->reached(waiter->argument)) &&
           !atomic_load(&c->dead)) {
        if (r->reading || atomic_load(&c->broken)) {
            pthread_cond_wait(&waiter->wake, &r->lock);
        } else {
            read_once(c);
        }
    }
    forget(r, waiter);
    if (!r->reading && !atomic_load(&c->dead))
        hand_over(c);
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
    case BF_CALL_PEER_SEND:
        return true;
    default:
        return false;
    }
}

CUresult bf_ask_begin(struct bf_connection *c, const void *frame, size_t bytes, uint32_t request,
                      struct bf_answer *answer)
{
    struct bf_receiver *r = &c->receiver;
    struct bf_waiter *waiter = &answer->waiter;
    answer->synchronises = synchronises(frame);
    waiter->request = request;
    waiter->answered = false;
    waiter->reached = NULL;
    waiter->argument = NULL;
    waiter->body = waiter->inlined;
    waiter->length = 0;
    waiter->status = CUDA_ERROR_DEVICE_UNAVAILABLE;
    pthread_cond_init(&waiter->wake, NULL);
    bf_lock(&r->lock, BF_RECEIVER);
    waiter->next = r->waiters;
    r->waiters = waiter;
    bf_unlock(&r->lock, BF_RECEIVER);
    return bf_send_request(c, frame, bytes);
}

CUresult bf_ask_end(struct bf_connection *c, CUresult sent, struct bf_answer *answer)
{
    struct bf_receiver *r = &c->receiver;
    struct bf_waiter *waiter = &answer->waiter;
    bf_lock(&r->lock, BF_RECEIVER);
    if (sent == CUDA_SUCCESS)
        wait_locked(c, waiter);
    else
        forget(r, waiter);
    bf_unlock(&r->lock, BF_RECEIVER);
    bf_caught_up(c);
    atomic_fetch_add_explicit(&c->answered, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->waits, 1, memory_order_relaxed);
    answer->status = waiter->status;
    answer->length = waiter->length;
    answer->body = waiter->body;
    if (waiter->status || answer->synchronises) /* what ended the context has been said */
        bf_output_write();
    return (CUresult)waiter->status;
}

CUresult bf_ask(struct bf_connection *c, const void *frame, size_t bytes, uint32_t request,
                struct bf_answer *answer)
{
    return bf_ask_end(c, bf_ask_begin(c, frame, bytes, request, answer), answer);
}

void bf_answer_free(struct bf_answer *answer)
{
    if (answer->waiter.body != answer->waiter.inlined)
        free(answer->waiter.body);
    answer->waiter.body = answer->waiter.inlined;
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
    bf_lock(&r->lock, BF_RECEIVER);
    if (!reached(argument))
        atomic_fetch_add_explicit(&c->waits, 1, memory_order_relaxed);
    waiter.next = r->waiters;
    r->waiters = &waiter;
    wait_locked(c, &waiter);
    bf_unlock(&r->lock, BF_RECEIVER);
    bf_caught_up(c);
    return atomic_load(&c->dead) ? CUDA_ERROR_DEVICE_UNAVAILABLE : CUDA_SUCCESS;
}

void bf_receive_available(struct bf_connection *c)
{
    struct bf_receiver *r = &c->receiver;
    bf_lock(&r->lock, BF_RECEIVER);
    bool mine = !r->reading && !atomic_load(&c->broken);
    if (mine)
        r->reading = true;
    bf_unlock(&r->lock, BF_RECEIVER);
    if (!mine)
        return;
    bool more = true;
    while (more && bf_receive_round(c, false, &more))
        continue;
    bf_give_role(c);
}

static void *background(void *argument)
{
    struct bf_connection *c = argument;
    struct bf_receiver *r = &c->receiver;
    bf_lock(&r->lock, BF_RECEIVER);
    while (!atomic_load(&c->dead)) {
        if (!r->unasked || r->reading || r->waiters || atomic_load(&c->broken)) {
            pthread_cond_wait(&r->background, &r->lock);
        } else {
            read_once(c);
            if (r->waiters)
                hand_over(c);
        }
    }
    bf_unlock(&r->lock, BF_RECEIVER);
    return NULL;
}

void bf_unasked(struct bf_connection *c, int change)
{
    struct bf_receiver *r = &c->receiver;
    bf_lock(&r->lock, BF_RECEIVER);
    r->unasked = (unsigned)((int)r->unasked + change);
    if (change > 0 && !r->background_started) {
        r->background_started = true;
        bf_thread_start(background, c);
    } else if (change > 0 && !r->reading && !atomic_load(&c->broken)) {
        pthread_cond_signal(&r->background);
    }
    bf_unlock(&r->lock, BF_RECEIVER);
}

bool bf_connection_start(struct bf_connection *c, struct bf_transport transport)
{
    memset(c, 0, sizeof *c);
    c->transport = transport;
    pthread_mutex_init(&c->sender.lock, NULL);
    sem_init(&c->sender.arm, 0, 0);
    pthread_mutex_init(&c->receiver.lock, NULL);
    pthread_cond_init(&c->receiver.background, NULL);
    pthread_cond_init(&c->receiver.keeper, NULL);
    bf_packing_start(&c->sender.packing);
    c->receiver.capacity = BUFFER_BYTES;
    c->receiver.buffer = malloc(BUFFER_BYTES);
    return c->receiver.buffer;
}
