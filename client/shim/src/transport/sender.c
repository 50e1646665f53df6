#include "transport/connection.h"
#include "program/ranks.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum {
    SEND_PARTS = 64,
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

/* The socket takes nothing now. Whoever cannot send also reads. */
static void await_room(struct bf_connection *c)
{
    c->sender.full++;
    int ready = c->transport.wait(&c->transport, !atomic_load(&c->receiver.reading), true, 100);
    if (ready & BF_READABLE)
        bf_receive_available(c);
}

/* Sends what is in the outbox, and waits for the socket if it may. What the program's memory does
 * not give is sent as zeros, so that the frame has its length; a send that finds an unreadable byte
 * may refuse the readable ones before it as well: then these go alone. A broken connection is no
 * error: its successor sends the rest. Called with the lock. */
static bool flush_locked(struct bf_connection *c, bool wait)
{
    struct bf_outbox *box = &c->sender.box;
    bool apart = false;
    while (box->sent < box->end && !atomic_load(&c->broken) && !atomic_load(&c->dead)) {
        struct iovec parts[SEND_PARTS];
        int lent;
        int count = bf_outbox_parts(box, parts, SEND_PARTS, &lent);
        if (apart && count > lent)
            count = lent ? lent : 1;
        ssize_t moved = c->transport.send(&c->transport, parts, count);
        if (moved >= 0) {
            bf_outbox_sent(box, (size_t)moved);
        } else if (errno == EFAULT && !apart) {
            apart = true;
        } else if (errno == EFAULT) {
            bf_outbox_fault(box);
        } else if (errno == EAGAIN && wait) {
            await_room(c);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            bf_link_lost(c, strerror(errno));
        }
    }
    return !atomic_load(&c->dead);
}

static void unlock(struct bf_connection *c)
{
    bf_unlock(&c->sender.lock, BF_SENDER);
    bf_acknowledge(c); /* who received meanwhile could not */
}

/* Without memory for what must not be lost the connection cannot go on. */
static bool kept(struct bf_connection *c, bool good)
{
    if (!good)
        bf_connection_end(c, "no memory");
    return good;
}

/* Bytes that were received and of which the other side has not been told. */
static uint64_t unacknowledged(struct bf_connection *c)
{
    return atomic_load_explicit(&c->receiver.received, memory_order_relaxed) -
           atomic_load_explicit(&c->sender.told, memory_order_relaxed);
}

/* Says what has been received, if that is enough; and forgets what has been received over there.
 * Called with the lock, between two frames. */
static bool exchange_acknowledgements(struct bf_connection *c)
{
    struct bf_sender *s = &c->sender;
    bool good = true;
    if (unacknowledged(c) >= BF_ACK_STEP) {
        uint8_t frame[BF_FRAME_BYTES + BF_LINK_ACK_MINIMUM];
        struct bf_link_ack m = {atomic_load(&c->receiver.received)};
        atomic_store(&s->told, m.received);
        good = kept(c, bf_outbox_append(&s->box, frame, bf_link_ack_frame(frame, &m)));
    }
    uint64_t acked = atomic_load_explicit(&s->acked, memory_order_relaxed);
    if (acked != s->box.acked && !bf_outbox_acknowledge(&s->box, acked)) {
        bf_connection_end(c, "the worker has acknowledged what was never sent");
        good = false;
    }
    return good;
}

static int64_t cost(size_t bytes)
{
    return bytes < BF_MINIMUM_FRAME_COST ? (int64_t)BF_MINIMUM_FRAME_COST : (int64_t)bytes;
}

/* What a put-off copy sends lands before frames that came earlier and wait behind it in the program's
 * stream: these may not fill the window. The worker returns credit in steps, so the part that is
 * kept free is larger than one. */
enum { KEPT_FREE = BF_CREDIT_STEP + 4 * BF_BULK_CHUNK };

static __thread bool put_off __attribute__((tls_model("initial-exec")));

bool bf_send_as_put_off(bool puts_off)
{
    bool before = put_off;
    put_off = puts_off;
    return before;
}

/* Conditions are looked at by other threads than the one that waits, too. */
static bool has_room(const void *sender, int64_t window)
{
    const struct bf_sender *s = sender;
    return atomic_load(&s->window_used) < window - (int64_t)(BF_BULK_CHUNK + 4096);
}

static bool all_has_room(const void *sender)
{
    return has_room(sender, BF_WINDOW);
}

static bool unreserved_has_room(const void *sender)
{
    return has_room(sender, (int64_t)BF_WINDOW - KEPT_FREE);
}

/* Takes the frame's cost from the window, waiting for credit without the lock. Called, and returns,
 * with the lock. */
static bool take_window(struct bf_connection *c, int64_t bytes)
{
    struct bf_sender *s = &c->sender;
    bool all = put_off;
    int64_t window = (int64_t)BF_WINDOW - (all ? 0 : KEPT_FREE);
    while (atomic_load(&s->window_used) + bytes > window) {
        bool good = flush_locked(c, true);
        bf_unlock(&s->lock, BF_SENDER);
        good = good && bf_wait_until(c, all ? all_has_room : unreserved_has_room, s) == CUDA_SUCCESS;
        bf_lock(&s->lock, BF_SENDER);
        if (!good)
            return false;
    }
    int64_t used = atomic_fetch_add(&s->window_used, bytes) + bytes;
    if (used > (int64_t)BF_WINDOW / 2 && s->box.end - s->box.sent + (uint64_t)bytes > FLUSH_BYTES)
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
    bf_lock(&s->lock, BF_SENDER);
    while (!atomic_load(&c->dead)) {
        bool unsent = s->box.sent < s->box.end && !atomic_load(&c->broken);
        if (unsent && s->appended == seen)
            flush_locked(c, true);
        idle = s->appended == seen ? idle + 1 : 0;
        seen = s->appended;
        if (idle > FLUSHER_IDLE_ROUNDS && !unsent) {
            s->armed = false;
            bf_unlock(&s->lock, BF_SENDER);
            while (sem_wait(&s->arm) && errno == EINTR)
                continue;
            bf_lock(&s->lock, BF_SENDER);
            s->armed = true;
            seen = s->appended;
            idle = 0;
        }
        bf_unlock(&s->lock, BF_SENDER);
        nanosleep(&period, NULL);
        bf_lock(&s->lock, BF_SENDER);
    }
    bf_unlock(&s->lock, BF_SENDER);
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

/* Puts a frame behind the others. What is not sent at once the flusher sends. Called with the
 * lock. */
static bool append_locked(struct bf_connection *c, const void *frame, size_t bytes, bool now)
{
    struct bf_sender *s = &c->sender;
    uint64_t time = bf_now();
    bool first = s->box.sent == s->box.end;
    uint64_t pause = time - s->last_ns;
    if (first && pause > PROBE_NS && !atomic_load(&c->broken) &&
        (c->transport.wait(&c->transport, true, false, 0) & BF_READABLE))
        bf_receive_available(c);
    if (first)
        s->first_ns = time;
    if (!exchange_acknowledgements(c) ||
        !kept(c, bf_outbox_append(&s->box, frame, bytes)))
        return false;
    s->appended++;
    s->last_ns = time;
    if (now || (first && pause > LONE_NS) || s->box.end - s->box.sent >= FLUSH_BYTES ||
        time - s->first_ns > OLDEST_NS)
        return flush_locked(c, true);
    if (first)
        arm_flusher(c);
    return true;
}

static CUresult append(struct bf_connection *c, const void *frame, size_t bytes, bool exempt,
                       bool now)
{
    bool good = !atomic_load_explicit(&c->dead, memory_order_relaxed);
    if (!good)
        return CUDA_ERROR_DEVICE_UNAVAILABLE;
    bf_lock(&c->sender.lock, BF_SENDER);
    good = (exempt || take_window(c, cost(bytes))) && append_locked(c, frame, bytes, now);
    unlock(c);
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
    atomic_fetch_add_explicit(&c->one_way, 1, memory_order_release); /* bf_caught_up */
    return append(c, frame, bytes, true, true);
}

CUresult bf_send_request(struct bf_connection *c, const void *frame, size_t bytes)
{
    return append(c, frame, bytes, false, true);
}

/* Called with the lock. */
static bool append_payload(struct bf_connection *c, const void *head, size_t head_bytes,
                           const struct iovec *payload, int parts, struct bf_loan *loan, bool *fault)
{
    struct bf_outbox *box = &c->sender.box;
    bool good = kept(c, bf_outbox_append(box, head, head_bytes));
    for (int i = 0; i < parts && good; i++)
        good = kept(c, loan ? bf_outbox_lend(box, payload[i].iov_base, payload[i].iov_len, loan)
                            : bf_outbox_append_safely(box, payload[i].iov_base, payload[i].iov_len,
                                                      fault));
    return good;
}

CUresult bf_send_payload(struct bf_connection *c, const void *head, size_t head_bytes,
                         const struct iovec *payload, int parts, struct bf_loan *loan)
{
    struct bf_sender *s = &c->sender;
    size_t bytes = head_bytes;
    bool fault = false;
    for (int i = 0; i < parts; i++)
        bytes += payload[i].iov_len;
    bf_lock(&s->lock, BF_SENDER);
    bool good = !atomic_load(&c->dead) && take_window(c, cost(bytes)) &&
                exchange_acknowledgements(c);
    const uint8_t *packed;
    size_t packed_bytes = 0;
    if (good && bf_packing_wanted(&s->packing, bytes))
        packed_bytes = bf_packing_pack(&s->packing, head, head_bytes, payload, parts, &packed);
    if (packed_bytes)
        good = kept(c, bf_outbox_append(&s->box, packed, packed_bytes));
    else
        good = good && append_payload(c, head, head_bytes, payload, parts, loan, &fault);
    uint64_t full = s->full;
    good = good && flush_locked(c, true);
    s->appended++;
    s->last_ns = bf_now();
    bf_packing_sent(&s->packing, packed_bytes ? packed_bytes : bytes, s->full != full, s->last_ns);
    fault = fault || (loan && loan->fault);
    unlock(c);
    atomic_fetch_add_explicit(&c->one_way, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bytes_out, packed_bytes ? packed_bytes : bytes,
                              memory_order_relaxed);
    return !good ? CUDA_ERROR_DEVICE_UNAVAILABLE : fault ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult bf_loan_end(struct bf_connection *c, struct bf_loan *loan)
{
    struct bf_sender *s = &c->sender;
    if (loan->lent) {
        bf_receive_available(c); /* acknowledgements may be there already */
        bf_lock(&s->lock, BF_SENDER);
        exchange_acknowledgements(c);
        kept(c, bf_outbox_keep(&s->box, loan));
        unlock(c);
    }
    return loan->fault                ? CUDA_ERROR_INVALID_VALUE
           : atomic_load(&c->dead) ? CUDA_ERROR_DEVICE_UNAVAILABLE
                                   : CUDA_SUCCESS;
}

void bf_flush_some(struct bf_connection *c)
{
    if (!bf_try_lock(&c->sender.lock, BF_SENDER))
        return; /* who has it sends what there is */
    flush_locked(c, false);
    if (c->sender.box.sent < c->sender.box.end)
        arm_flusher(c);
    unlock(c);
}

CUresult bf_flush(struct bf_connection *c)
{
    bf_lock(&c->sender.lock, BF_SENDER);
    bool good = !atomic_load(&c->dead) && flush_locked(c, true);
    unlock(c);
    return good ? CUDA_SUCCESS : CUDA_ERROR_DEVICE_UNAVAILABLE;
}

/* ---- For who has the reader's role: never waits for the socket or for who sends ---- */
void bf_acknowledge(struct bf_connection *c)
{
    while (unacknowledged(c) >= BF_ACK_STEP && !atomic_load(&c->dead) &&
           bf_try_lock(&c->sender.lock, BF_SENDER)) {
        exchange_acknowledgements(c);
        flush_locked(c, false);
        if (c->sender.box.sent < c->sender.box.end)
            arm_flusher(c);
        bf_unlock(&c->sender.lock, BF_SENDER);
    }
}

bool bf_try_say(struct bf_connection *c, const void *frame, size_t bytes)
{
    bool good = bf_try_lock(&c->sender.lock, BF_SENDER);
    if (good) {
        good = kept(c, bf_outbox_append(&c->sender.box, frame, bytes));
        flush_locked(c, false);
        if (c->sender.box.sent < c->sender.box.end)
            arm_flusher(c);
        bf_unlock(&c->sender.lock, BF_SENDER);
    }
    return good;
}

bool bf_send_again(struct bf_connection *c, struct bf_transport fresh, uint64_t received)
{
    struct bf_sender *s = &c->sender;
    bf_lock(&s->lock, BF_SENDER);
    bool good = bf_outbox_rewind(&s->box, received);
    if (good) {
        c->transport.close(&c->transport);
        c->transport = fresh;
        if (received > atomic_load(&s->acked))
            atomic_store(&s->acked, received);
        atomic_store(&c->broken, false);
    }
    bf_unlock(&s->lock, BF_SENDER);
    return good;
}
