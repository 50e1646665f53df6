/*
 * The bytes of one direction of a session that the other side has not acknowledged, in order; some
 * of them are still to be sent.
 *
 *   acked            sent              end
 *     |  kept, sent   |  kept, to send  |
 *
 * Small frames are copied into chunks, which are used again, the last one given back first, so that
 * they stay in the processor's cache while acknowledgements are prompt. Bulk data is lent: it lies
 * in the program's memory until the call that lends it returns; what is not acknowledged by then is
 * copied.
 *
 * Not synchronised: a connection's outbox belongs to who holds its sender's lock.
 */
#ifndef BF_OUTBOX_H
#define BF_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* A call that lends memory. Lives on its stack from the first lent byte to bf_outbox_keep. */
struct bf_loan {
    bool lent;  /* something was lent, and perhaps still is */
    bool fault; /* some of it could not be read: zeros were sent */
};

struct bf_kept;

struct bf_outbox {
    struct bf_kept *first, *last;
    struct bf_kept *at; /* holds the byte "sent", or what is before it; NULL: begin with first */
    uint64_t acked, sent, end; /* offsets in the session's bytes */
    struct bf_kept *spare;
    unsigned spares;
};

/* Appends a copy. False without memory: then nothing was appended. */
bool bf_outbox_append(struct bf_outbox *box, const void *data, size_t bytes);

/* The same of memory that perhaps cannot be read: zeros instead, and *fault. */
bool bf_outbox_append_safely(struct bf_outbox *box, const void *data, size_t bytes, bool *fault);

/* Appends memory that stays where it is. */
bool bf_outbox_lend(struct bf_outbox *box, void *memory, size_t bytes, struct bf_loan *loan);

/* The bytes to be sent next, at most "most" parts. *lent: the index of the first lent one. */
int bf_outbox_parts(struct bf_outbox *box, struct iovec *parts, int most, int *lent);

void bf_outbox_sent(struct bf_outbox *box, size_t bytes);

/* The next byte to be sent is lent and cannot be read: zeros instead of what is left of its loan. */
void bf_outbox_fault(struct bf_outbox *box);

/* The other side has received all before the offset. False if that cannot be. */
bool bf_outbox_acknowledge(struct bf_outbox *box, uint64_t received);

/* Sends again from the offset on, which is what the other side has received. False if those bytes
 * are not kept any more or were never there. */
bool bf_outbox_rewind(struct bf_outbox *box, uint64_t received);

/* Copies what is still lent. False without memory. */
bool bf_outbox_keep(struct bf_outbox *box, struct bf_loan *loan);

/* Frees everything. */
void bf_outbox_free(struct bf_outbox *box);

#endif
