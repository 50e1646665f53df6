/*
 * The way to one worker: frames out (sender.c, outbox.c), frames in (receiver.c), who waits for what
 * (waiting.c), and what happens when the connection breaks (link.c).
 *
 * Sending: a frame is appended under the lock; alone it leaves at once, in a burst it leaves with
 * its neighbours, when 32 KiB are together, when the first of them is 100 µs old, or when a flusher
 * thread sees that the burst has ended. Receiving: a thread that waits reads the socket itself (it
 * has the reader's role); others wait for their answer or the role. A background thread reads only
 * while something unasked is outstanding.
 */
#ifndef BF_CONNECTION_H
#define BF_CONNECTION_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "bf_cuda_types.h"
#include "bf_messages.h"
#include "transport/outbox.h"
#include "transport/packing.h"
#include "transport/transport.h"

enum { BF_INLINE_ANSWER = 256, BF_PAYLOAD_PARTS = 62 };

struct bf_ticket;

/* A thread that waits: for an answer (request != 0), or for a condition that the reader's work
 * makes true. */
struct bf_waiter {
    uint32_t request;
    bool answered;
    bool (*reached)(const void *argument);
    const void *argument;
    pthread_cond_t wake;
    struct bf_waiter *next;
    int32_t status;
    uint32_t length;
    uint8_t *body; /* of the answer; inlined, or from malloc */
    uint8_t inlined[BF_INLINE_ANSWER];
};

struct bf_sender {
    pthread_mutex_t lock;
    struct bf_outbox box;
    struct bf_packing packing;
    uint64_t full; /* times that the socket was full and had to be waited for */
    _Atomic uint64_t acked; /* what the worker has received, as the reader heard */
    _Atomic uint64_t told;  /* what the worker knows that we have received */
    uint64_t first_ns;      /* when the oldest byte to be sent came */
    uint64_t last_ns;       /* when the last frame came */
    uint64_t appended;      /* frames ever, for the flusher to see that a burst has ended */
    sem_t arm;              /* wakes the flusher; posted without a lock, and never in vain */
    bool armed;
    bool flusher_started;
    _Atomic int64_t window_used;
};

struct bf_receiver {
    pthread_mutex_t lock;
    _Atomic bool reading; /* somebody has the reader's role */
    struct bf_waiter *waiters;
    pthread_cond_t background; /* wakes the background thread */
    bool background_started;
    pthread_cond_t keeper;     /* tells the keeper that the role is free */
    _Atomic uint64_t received; /* bytes ever */
    unsigned unasked; /* asynchronous reads and host functions outstanding */
    uint8_t *buffer;  /* read, not yet dispatched: [start, end) */
    size_t capacity, start, end;
    uint64_t data_ticket; /* of the payload that is being received */
    uint64_t data_offset;
    size_t data_left;
    uint8_t *unpacked; /* room for the frames of a link.packed, made with the first */
    _Atomic int reads; /* device-to-host copies outstanding */
    unsigned spin_misses; /* waits awake that were in vain, in a row */
    unsigned spin_skipped;
};

/* How an attempt to go on with a new connection ended. */
enum bf_resumption {
    BF_RESUMED,
    BF_UNREACHED, /* no answer: again, for as long as the worker waits */
    BF_NOBODY,    /* nobody listens there: again for a moment */
    BF_REFUSED    /* the session is over */
};

struct bf_connection {
    struct bf_transport transport;
    _Atomic bool dead;
    _Atomic bool broken;
    bool keeper_started;
    uint32_t epoch; /* connections of this session so far; the keeper's */
    _Atomic uint32_t next_request;
    struct bf_sender sender;
    struct bf_receiver receiver;
    _Atomic uint64_t waits, answered, one_way, bytes_out, bytes_in; /* counters of BF_STATS */
    void (*on_frame)(struct bf_connection *connection, const struct bf_frame *frame,
                     const uint8_t *body);
    /* Called once, when it is dead, by whoever has found out; with the sender's lock perhaps. */
    void (*on_end)(struct bf_connection *connection);
    /* Makes a new connection and says hello; NULL: a lost connection is the end. "received": what
     * this side has received, then what the worker has. Called by the keeper. */
    enum bf_resumption (*resume)(struct bf_connection *connection, struct bf_transport *fresh,
                                 uint64_t *received);
};

struct bf_answer {
    bool synchronises; /* the answer follows what kernels have printed */
    int32_t status;
    uint32_t length;
    const uint8_t *body;
    struct bf_waiter waiter;
};

/* Makes the locks and buffers; the transport is open and past its hello. False without memory. The
 * callbacks follow, then bf_link_keep. */
bool bf_connection_start(struct bf_connection *connection, struct bf_transport transport);

/* ---- sender.c. CUDA_ERROR_DEVICE_UNAVAILABLE if the connection has ended. ---- */
/* Sends a frame that nobody answers. */
CUresult bf_send(struct bf_connection *connection, const void *frame, size_t bytes);
/* The same, exempt from flow control: for what the worker must get for it to go on. */
CUresult bf_send_exempt(struct bf_connection *connection, const void *frame, size_t bytes);
/* Who acts on what the worker says sees all that other threads did before they sent the exempt frames
 * that the worker had then (a host function's work, before it was said to be done). The order goes
 * through the worker, of which the memory model knows nothing. */
static inline void bf_caught_up(const struct bf_connection *connection)
{
    (void)atomic_load_explicit(&connection->one_way, memory_order_acquire);
}
/* Sends a frame's head and the payload behind it at once: straight from where it lies, which is lent
 * until bf_loan_end; without a loan, a copy. INVALID_VALUE if it cannot be read; the frame is then
 * completed with zeros. */
CUresult bf_send_payload(struct bf_connection *connection, const void *head, size_t head_bytes,
                         const struct iovec *payload, int parts, struct bf_loan *loan);
/* From here on the lent memory may change. INVALID_VALUE if some could not be read. */
CUresult bf_loan_end(struct bf_connection *connection, struct bf_loan *loan);
/* Sends a frame that will be answered, at once. */
CUresult bf_send_request(struct bf_connection *connection, const void *frame, size_t bytes);
/* Sends what is buffered. */
CUresult bf_flush(struct bf_connection *connection);
/* Sends what the socket takes now. Never waits. */
void bf_flush_some(struct bf_connection *connection);
/* Whether this thread sends what other frames may be waiting for behind in their streams: a part of the
 * window is kept free for that. Answers what it was. */
bool bf_send_as_put_off(bool puts_off);

/* For who has the reader's role: says what was received if it is time. Never waits. */
void bf_acknowledge(struct bf_connection *connection);
/* Sends a small frame, exempt from flow control, unless somebody is sending. Never waits. */
bool bf_try_say(struct bf_connection *connection, const void *frame, size_t bytes);
/* The keeper's: goes on with another transport, whose other end has received so many bytes. False if
 * that cannot be. */
bool bf_send_again(struct bf_connection *connection, struct bf_transport fresh, uint64_t received);

/* ---- link.c ---- */
/* Starts the keeper. Without one, a lost connection is the end. */
void bf_link_keep(struct bf_connection *connection);
/* The transport moves nothing any more. */
void bf_link_lost(struct bf_connection *connection, const char *why);
/* The process is about to end: the worker need not wait for us if the connection ends. */
void bf_link_leaving(struct bf_connection *connection);
/* In a child: the connection is not ours, but its descriptors may be. */
void bf_connection_forget(struct bf_connection *connection, bool own_descriptors);

/* ---- receiver.c: for who has the reader's role ---- */
/* Receives once and dispatches what is whole. False when the connection has ended. */
bool bf_receive_round(struct bf_connection *connection, bool wait, bool *more);

/* ---- waiting.c ---- */
/* Gives an answer to whom it is for. */
void bf_deliver_answer(struct bf_connection *connection, const struct bf_frame *frame,
                       const uint8_t *body);
uint32_t bf_next_request(struct bf_connection *connection);
/* Sends a frame that carries "request" and waits for its answer. The answer's status is the result;
 * bf_answer_free after use. */
CUresult bf_ask(struct bf_connection *connection, const void *frame, size_t bytes, uint32_t request,
                struct bf_answer *answer);
/* The same in two steps: it is sent when the first returns; "sent" is what that has answered. */
CUresult bf_ask_begin(struct bf_connection *connection, const void *frame, size_t bytes,
                      uint32_t request, struct bf_answer *answer);
CUresult bf_ask_end(struct bf_connection *connection, CUresult sent, struct bf_answer *answer);
void bf_answer_free(struct bf_answer *answer);
/* Waits, reading meanwhile, until the condition holds (it is looked at under the receiver's lock)
 * or the connection ends. */
CUresult bf_wait_until(struct bf_connection *connection, bool (*reached)(const void *argument),
                       const void *argument);
/* Reads what is there without waiting, unless another thread reads. */
void bf_receive_available(struct bf_connection *connection);
/* More or fewer unasked things are outstanding; with the first one a background thread reads. */
void bf_unasked(struct bf_connection *connection, int change);
/* Something that conditions look at has changed. */
void bf_wake(struct bf_connection *connection);
/* Takes the reader's role as soon as it is free; false if the connection has ended. Gives it up. */
bool bf_take_role(struct bf_connection *connection);
void bf_give_role(struct bf_connection *connection);
/* Ends the connection: every waiter is told. */
void bf_connection_end(struct bf_connection *connection, const char *why);

/* Starts a thread of the library: all signals blocked, detached. */
bool bf_thread_start(void *(*run)(void *argument), void *argument);

uint64_t bf_now(void); /* nanoseconds, monotonic */

#endif
