/* What comes in: frames out of the buffer to those who want them, payloads straight to where they
 * belong. Only who has the reader's role (waiting.c) comes here. */
#include "transport/connection.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "transport/safely.h"
#include "transport/tickets.h"

enum {
    DATA_HEAD = BF_FRAME_BYTES + BF_MEM_DATA_MINIMUM, /* of a mem.data frame, before its payload */
    SPIN_NS = 25 * 1000, /* an answer that takes longer than a sleep and a wake-up cost */
    SPIN_MISSES = 4,     /* so often in vain, then only now and then */
    SPIN_RETRY = 16
};

static void dispatch(struct bf_connection *c, const struct bf_frame *frame, const uint8_t *body)
{
    if (frame->flags & BF_FLAG_ANSWER) {
        bf_deliver_answer(c, frame, body);
    } else if (frame->call == BF_CALL_CREDIT && frame->length == BF_CREDIT_MINIMUM) {
        struct bf_credit credit;
        bf_credit_read(body, frame->length, &credit);
        atomic_fetch_sub(&c->sender.window_used, (int64_t)credit.byte_count);
        bf_wake(c);
    } else if (frame->call == BF_CALL_LINK_ACKED && frame->length == BF_LINK_ACKED_MINIMUM) {
        struct bf_link_acked acked;
        bf_link_acked_read(body, frame->length, &acked);
        if (acked.received > atomic_load(&c->sender.acked)) /* what was sent again may be older */
            atomic_store(&c->sender.acked, acked.received);
    } else {
        c->on_frame(c, frame, body);
        bf_wake(c);
    }
}

/* Payload that lies in a buffer, to where it belongs. */
static void take_data(uint64_t ticket, uint64_t offset, const uint8_t *data, size_t bytes)
{
    struct iovec parts[BF_PAYLOAD_PARTS];
    while (bytes) {
        int count = bf_ticket_parts(ticket, offset, bytes, parts, BF_PAYLOAD_PARTS);
        for (int i = 0; i < count; i++) {
            if (!bf_copy_safely(parts[i].iov_base, data, parts[i].iov_len))
                bf_ticket_fault(ticket);
            data += parts[i].iov_len;
            offset += parts[i].iov_len;
            bytes -= parts[i].iov_len;
        }
    }
}

/* Of a payload, what already lies in the buffer (the read that fetched it did not know that a copy
 * was under way). */
static void take_buffered_data(struct bf_receiver *r)
{
    size_t there = r->end - r->start;
    size_t bytes = there < r->data_left ? there : r->data_left;
    take_data(r->data_ticket, r->data_offset, r->buffer + r->start, bytes);
    r->start += bytes;
    r->data_offset += bytes;
    r->data_left -= bytes;
}

/* The frames of a link.packed, as if they had come by themselves. False if they make no sense. */
static bool dispatch_packed(struct bf_connection *c, const uint8_t *body, size_t bytes)
{
    struct bf_receiver *r = &c->receiver;
    struct bf_link_packed m;
    if (!bf_link_packed_read(body, bytes, &m) || m.byte_count > BF_MAX_PACKED)
        return false;
    if (!r->unpacked)
        r->unpacked = malloc(BF_MAX_PACKED);
    if (!r->unpacked ||
        !bf_packing_unpack(body + BF_LINK_PACKED_MINIMUM, bytes - BF_LINK_PACKED_MINIMUM,
                           r->unpacked, m.byte_count))
        return false;
    for (size_t at = 0, next; at < m.byte_count; at = next) {
        struct bf_frame frame;
        struct bf_mem_data data;
        if (m.byte_count - at < BF_FRAME_BYTES)
            return false;
        bf_frame_read(r->unpacked + at, &frame);
        const uint8_t *inner = r->unpacked + at + BF_FRAME_BYTES;
        if (frame.length > m.byte_count - at - BF_FRAME_BYTES ||
            frame.call == BF_CALL_LINK_PACKED)
            return false;
        next = at + BF_FRAME_BYTES + frame.length;
        if (frame.call != BF_CALL_MEM_DATA || frame.flags)
            dispatch(c, &frame, inner);
        else if (bf_mem_data_read(inner, frame.length, &data))
            take_data(data.ticket, data.packed_offset, inner + BF_MEM_DATA_MINIMUM,
                      frame.length - BF_MEM_DATA_MINIMUM);
        else
            return false;
    }
    return true;
}

static void count(struct bf_connection *c, ssize_t moved)
{
    atomic_store_explicit(&c->receiver.received,
                          atomic_load_explicit(&c->receiver.received, memory_order_relaxed) +
                              (uint64_t)moved,
                          memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bytes_in, (uint64_t)moved, memory_order_relaxed);
    bf_acknowledge(c);
}

static bool lost(struct bf_connection *c, ssize_t moved)
{
    bool end = !moved || (errno != EAGAIN && errno != EINTR);
    if (end)
        bf_link_lost(c, moved ? strerror(errno) : "closed at the other end");
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
    int pieces =
        bf_ticket_parts(r->data_ticket, r->data_offset, r->data_left, parts, BF_PAYLOAD_PARTS);
    size_t wanted = 0;
    for (int i = 0; i < pieces; i++)
        wanted += parts[i].iov_len;
    r->start = r->end = 0;
    if (wanted == r->data_left) /* and the next frame's head */
        parts[pieces++] = (struct iovec){r->buffer, DATA_HEAD};
    ssize_t moved = c->transport.receive(&c->transport, parts, pieces, wait);
    *more = true;
    if (moved > 0) {
        size_t data = (size_t)moved < wanted ? (size_t)moved : wanted;
        r->data_left -= data;
        r->data_offset += data;
        r->end = (size_t)moved - data;
        count(c, moved);
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
            const uint8_t *body = r->buffer + r->start + BF_FRAME_BYTES;
            if (frame.call != BF_CALL_LINK_PACKED)
                dispatch(c, &frame, body);
            else if (frame.flags || !dispatch_packed(c, body, frame.length))
                return false;
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
    count(c, moved);
    return true;
}

/* One round with the reader's role: receives once and dispatches. False when the connection is lost or
 * has ended. */
bool bf_receive_round(struct bf_connection *c, bool wait, bool *more)
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
