#include "transport/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "bf_messages.h"
#include "transport/safely.h"
#include "transport/tickets.h"

enum {
    CHUNK_BYTES = 64 * 1024,
    MOST_SPARES = 128 /* chunks that are kept for later */
};

struct bf_kept {
    struct bf_kept *next;
    uint64_t start; /* offset of its first byte */
    size_t bytes;
    uint8_t *data;
    struct bf_loan *loan; /* whose memory it is; NULL: the library's */
    uint8_t chunk[];      /* CHUNK_BYTES, if data points here */
};

static uint8_t zeros[BF_BULK_CHUNK]; /* never written */

static bool is_chunk(const struct bf_kept *piece)
{
    return piece->data == piece->chunk;
}

static void drop(struct bf_outbox *box, struct bf_kept *piece)
{
    if (is_chunk(piece) && box->spares < MOST_SPARES) {
        piece->next = box->spare;
        box->spare = piece;
        box->spares++;
    } else {
        free(piece);
    }
}

static struct bf_kept *new_chunk(struct bf_outbox *box)
{
    struct bf_kept *piece = box->spare;
    if (piece) {
        box->spare = piece->next;
        box->spares--;
    } else {
        piece = malloc(sizeof *piece + CHUNK_BYTES);
    }
    if (piece)
        *piece = (struct bf_kept){.data = piece->chunk};
    return piece;
}

static void add(struct bf_outbox *box, struct bf_kept *piece)
{
    piece->start = box->end;
    if (box->last)
        box->last->next = piece;
    else
        box->first = piece;
    box->last = piece;
}

static size_t room(const struct bf_outbox *box)
{
    return box->last && is_chunk(box->last) ? CHUNK_BYTES - box->last->bytes : 0;
}

/* Chunks for so many bytes, linked by "next", beside the room that there is. */
static bool prepare(struct bf_outbox *box, size_t bytes, struct bf_kept **chunks)
{
    *chunks = NULL;
    for (size_t there = room(box); there < bytes; there += CHUNK_BYTES) {
        struct bf_kept *piece = new_chunk(box);
        if (!piece) {
            while (*chunks) {
                piece = *chunks;
                *chunks = piece->next;
                drop(box, piece);
            }
            return false;
        }
        piece->next = *chunks;
        *chunks = piece;
    }
    return true;
}

static bool append(struct bf_outbox *box, const void *data, size_t bytes, bool *fault)
{
    struct bf_kept *chunks;
    const uint8_t *from = data;
    if (!prepare(box, bytes, &chunks))
        return false;
    while (bytes) {
        if (!room(box)) {
            struct bf_kept *piece = chunks;
            chunks = piece->next;
            piece->next = NULL;
            add(box, piece);
        }
        struct bf_kept *piece = box->last;
        size_t count = room(box) < bytes ? room(box) : bytes;
        if (!fault) {
            memcpy(piece->data + piece->bytes, from, count);
        } else if (!bf_copy_safely(piece->data + piece->bytes, from, count)) {
            memset(piece->data + piece->bytes, 0, count);
            *fault = true;
        }
        piece->bytes += count;
        box->end += count;
        from += count;
        bytes -= count;
    }
    return true;
}

bool bf_outbox_append(struct bf_outbox *box, const void *data, size_t bytes)
{
    struct bf_kept *last = box->last;
    if (last && is_chunk(last) && CHUNK_BYTES - last->bytes >= bytes) {
        memcpy(last->data + last->bytes, data, bytes);
        last->bytes += bytes;
        box->end += bytes;
        return true;
    }
    return append(box, data, bytes, NULL);
}

bool bf_outbox_append_safely(struct bf_outbox *box, const void *data, size_t bytes, bool *fault)
{
    return append(box, data, bytes, fault);
}

bool bf_outbox_lend(struct bf_outbox *box, void *memory, size_t bytes, struct bf_loan *loan)
{
    struct bf_kept *piece = malloc(sizeof *piece);
    if (!piece)
        return false;
    *piece = (struct bf_kept){.data = memory, .bytes = bytes, .loan = loan};
    add(box, piece);
    box->end += bytes;
    loan->lent = true;
    return true;
}

/* The piece of the next byte to be sent; NULL if there is none. */
static struct bf_kept *current(struct bf_outbox *box)
{
    if (box->sent == box->end)
        return NULL;
    if (!box->at)
        box->at = box->first;
    while (box->sent >= box->at->start + box->at->bytes)
        box->at = box->at->next;
    return box->at;
}

int bf_outbox_parts(struct bf_outbox *box, struct iovec *parts, int most, int *lent)
{
    struct bf_kept *piece = current(box);
    size_t skipped = piece ? (size_t)(box->sent - piece->start) : 0;
    int count = 0;
    *lent = most;
    for (; piece && count < most; piece = piece->next) {
        if (piece->loan && *lent == most)
            *lent = count;
        parts[count++] = (struct iovec){piece->data + skipped, piece->bytes - skipped};
        skipped = 0;
    }
    return count;
}

void bf_outbox_sent(struct bf_outbox *box, size_t bytes)
{
    box->sent += bytes;
}

void bf_outbox_fault(struct bf_outbox *box)
{
    struct bf_kept *piece = current(box);
    struct bf_loan *loan = piece ? piece->loan : NULL;
    if (!loan)
        return;
    loan->fault = true;
    for (; piece; piece = piece->next) {
        if (piece->loan == loan) { /* at most BULK_CHUNK bytes */
            piece->data = zeros;
            piece->loan = NULL;
        }
    }
}

bool bf_outbox_acknowledge(struct bf_outbox *box, uint64_t received)
{
    if (received > box->sent)
        return false;
    if (received > box->acked)
        box->acked = received;
    while (box->first && box->first->start + box->first->bytes <= box->acked &&
           (box->first != box->last || !room(box))) {
        struct bf_kept *piece = box->first;
        box->first = piece->next;
        if (!box->first)
            box->last = NULL;
        if (box->at == piece)
            box->at = NULL; /* all of it was sent: first is next */
        drop(box, piece);
    }
    return true;
}

bool bf_outbox_rewind(struct bf_outbox *box, uint64_t received)
{
    if (received < box->acked || received > box->sent)
        return false;
    bf_outbox_acknowledge(box, received);
    box->sent = received;
    box->at = NULL;
    return true;
}

/* Puts chunks with a copy of it in a lent piece's place. "link" points at the piece. */
static bool copy(struct bf_outbox *box, struct bf_kept **link)
{
    struct bf_kept *piece = *link;
    struct bf_kept *rest = piece->next;
    struct bf_kept *before = NULL;
    for (size_t done = 0; done < piece->bytes; done += CHUNK_BYTES) {
        struct bf_kept *chunk = new_chunk(box);
        if (!chunk)
            return false; /* the copies made so far are lost with the connection */
        size_t left = piece->bytes - done;
        chunk->start = piece->start + done;
        chunk->bytes = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        if (!bf_copy_safely(chunk->data, piece->data + done, chunk->bytes)) {
            memset(chunk->data, 0, chunk->bytes);
            piece->loan->fault = true;
        }
        if (before)
            before->next = chunk;
        else
            *link = chunk;
        before = chunk;
        chunk->next = rest;
    }
    if (box->last == piece)
        box->last = before;
    if (box->at == piece)
        box->at = NULL;
    free(piece);
    return true;
}

bool bf_outbox_keep(struct bf_outbox *box, struct bf_loan *loan)
{
    bool good = true;
    struct bf_kept **link = &box->first;
    for (; *link && loan->lent; link = &(*link)->next) {
        struct bf_kept *piece = *link;
        bool ours = piece->loan == loan;
        if (ours && good)
            good = copy(box, link);
        if (ours && !good) { /* then it is still there */
            piece->data = zeros;
            piece->loan = NULL;
        }
    }
    loan->lent = false;
    return good;
}

void bf_outbox_free(struct bf_outbox *box)
{
    struct bf_kept **lists[] = {&box->first, &box->spare};
    for (int i = 0; i < 2; i++) {
        while (*lists[i]) {
            struct bf_kept *piece = *lists[i];
            *lists[i] = piece->next;
            free(piece);
        }
    }
    *box = (struct bf_outbox){0};
}
