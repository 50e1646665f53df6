/*
 * OpenSSL's state of a connection may be used by one thread at a time, but a transport is sent on and
 * received from by two: a lock guards it, which is held while bytes are encrypted or decrypted and
 * never while the socket is waited for. Ciphertext goes from OpenSSL straight to the socket; what the
 * socket does not take, at most a record, waits in `pending`.
 */
#include "transport/tls.h"
#include "transport/tls_state.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "transport/safely.h"
#include "program/ranks.h"

enum { MOST_PARTS = 1024 /* of an iovec (UIO_MAXIOV) */ };

/* ---- Sending ---- */
bool bf_tls_send_pending(struct bf_tls *tls)
{
    tls->under.more = false;
    while (tls->pending_start < tls->pending_end) {
        struct iovec part = {tls->pending + tls->pending_start,
                             tls->pending_end - tls->pending_start};
        ssize_t moved = tls->under.send(&tls->under, &part, 1);
        if (moved < 0) {
            if (errno != EAGAIN && errno != EINTR)
                tls->error = errno;
            return false;
        }
        tls->pending_start += (size_t)moved;
    }
    tls->pending_start = tls->pending_end = 0;
    return true;
}

/* A place in the parts. */
struct place {
    const struct iovec *parts;
    int count;
    size_t offset; /* in the first */
};

/* Over so many bytes, and over empty parts behind them. */
static size_t skip(struct place *at, size_t bytes)
{
    size_t skipped = 0;
    while (at->count && (skipped < bytes || at->offset == at->parts->iov_len)) {
        size_t left = at->parts->iov_len - at->offset;
        size_t step = bytes - skipped < left ? bytes - skipped : left;
        skipped += step;
        at->offset += step;
        if (at->offset == at->parts->iov_len) {
            at->parts++;
            at->count--;
            at->offset = 0;
        }
    }
    return skipped;
}

/* The next bytes to encrypt: where they lie if there is a record of them side by side, else copied.
 * NULL: memory that cannot be read. */
static const uint8_t *next_record(struct bf_tls *tls, const struct place *at, size_t *bytes)
{
    const uint8_t *there = (const uint8_t *)at->parts->iov_base + at->offset;
    size_t left = at->parts->iov_len - at->offset;
    if (left >= BF_TLS_RECORD) {
        *bytes = BF_TLS_RECORD;
        return bf_is_readable(there, BF_TLS_RECORD) ? there : NULL;
    }
    struct iovec parts[MOST_PARTS];
    int count = 0;
    *bytes = 0;
    for (int i = 0; i < at->count && count < MOST_PARTS && *bytes < BF_TLS_RECORD; i++) {
        size_t from = i ? 0 : at->offset;
        size_t step = at->parts[i].iov_len - from;
        if (step > BF_TLS_RECORD - *bytes)
            step = BF_TLS_RECORD - *bytes;
        parts[count++] = (struct iovec){(uint8_t *)at->parts[i].iov_base + from, step};
        *bytes += step;
    }
    return bf_gather_safely(tls->outgoing, parts, count) ? tls->outgoing : NULL;
}

/* Whether there are more bytes than these. */
static bool is_longer(const struct place *at, size_t bytes)
{
    size_t total = 0;
    for (int i = 0; i < at->count && total <= bytes; i++)
        total += at->parts[i].iov_len - (i ? 0 : at->offset);
    return total > bytes;
}

/* Encrypts until the socket is full. Called with the lock. Sets errno if nothing moved. */
static ssize_t encrypt(struct bf_tls *tls, struct place at)
{
    size_t accepted = skip(&at, tls->owed);
    tls->owed -= accepted;
    int error = EAGAIN;
    while (at.count && !tls->owed) {
        size_t bytes;
        const uint8_t *data = next_record(tls, &at, &bytes);
        if (!data) {
            error = EFAULT;
            break;
        }
        ERR_clear_error();
        tls->under.more = is_longer(&at, bytes);
        if (bytes && SSL_write(tls->ssl, data, (int)bytes) != (int)bytes) {
            error = tls->error ? tls->error : EPROTO;
            break;
        }
        skip(&at, bytes);
        if (tls->pending_start < tls->pending_end)
            tls->owed = bytes;
        else
            accepted += bytes;
    }
    tls->under.more = false;
    if (accepted)
        return (ssize_t)accepted;
    errno = error;
    return -1;
}

static ssize_t tls_send(struct bf_transport *transport, const struct iovec *parts, int count)
{
    struct bf_tls *tls = transport->tls;
    ssize_t moved = -1;
    bf_lock(&tls->lock, BF_TLS);
    tls->error = 0;
    if (bf_tls_send_pending(tls))
        moved = encrypt(tls, (struct place){parts, count, 0});
    else
        errno = tls->error ? tls->error : EAGAIN;
    int error = errno;
    bf_unlock(&tls->lock, BF_TLS);
    errno = error;
    return moved;
}

/* ---- Receiving ---- */
/* Decrypts at most a record. 0: the other side has ended; -1 with errno. */
static ssize_t decrypt(struct bf_tls *tls, void *to, size_t bytes)
{
    bf_lock(&tls->lock, BF_TLS);
    tls->error = 0;
    ERR_clear_error();
    int moved = SSL_read(tls->ssl, to, (int)bytes);
    int reason = moved > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, moved);
    int error = tls->error;
    if (reason == SSL_ERROR_SSL)
        tls->refusal = ERR_reason_error_string(ERR_peek_last_error());
    bf_unlock(&tls->lock, BF_TLS);
    atomic_store_explicit(&tls->more, moved > 0, memory_order_relaxed);
    if (moved > 0)
        return moved;
    if (reason == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = reason == SSL_ERROR_WANT_READ ? EAGAIN : error ? error : EPROTO;
    return -1;
}

/* Fills a place from what is there. 0: the other side has ended; -1 with errno. */
static ssize_t take(struct bf_tls *tls, const struct iovec *part, size_t offset)
{
    uint8_t *to = (uint8_t *)part->iov_base + offset;
    size_t room = part->iov_len - offset;
    size_t there = tls->incoming_end - tls->incoming_start;
    if (!there && room >= BF_TLS_RECORD) {
        if (!bf_is_writable(to, BF_TLS_RECORD)) {
            errno = EFAULT;
            return -1;
        }
        return decrypt(tls, to, BF_TLS_RECORD);
    }
    if (!there) {
        ssize_t moved = decrypt(tls, tls->incoming, sizeof tls->incoming);
        if (moved <= 0)
            return moved;
        tls->incoming_start = 0;
        tls->incoming_end = there = (size_t)moved;
    }
    size_t step = there < room ? there : room;
    if (!bf_copy_safely(to, tls->incoming + tls->incoming_start, step)) {
        errno = EFAULT;
        return -1;
    }
    tls->incoming_start += step;
    return (ssize_t)step;
}

static ssize_t receive_what_is_there(struct bf_tls *tls, const struct iovec *parts, int count)
{
    size_t total = 0;
    ssize_t moved = 1;
    for (int i = 0; i < count && moved > 0; i++) {
        size_t filled = 0;
        while (filled < parts[i].iov_len && moved > 0) {
            moved = take(tls, &parts[i], filled);
            filled += moved > 0 ? (size_t)moved : 0;
        }
        total += filled;
    }
    return total ? (ssize_t)total : moved;
}

static ssize_t tls_receive(struct bf_transport *transport, const struct iovec *parts, int count,
                           bool wait)
{
    struct bf_tls *tls = transport->tls;
    ssize_t moved = receive_what_is_there(tls, parts, count);
    while (moved < 0 && errno == EAGAIN && wait) {
        if (!tls->under.is_ours(&tls->under))
            return -1;
        tls->under.wait(&tls->under, true, false, -1);
        moved = receive_what_is_there(tls, parts, count);
    }
    return moved;
}

static int tls_wait(struct bf_transport *transport, bool readable, bool writable, int milliseconds)
{
    struct bf_tls *tls = transport->tls;
    bool there = readable && atomic_load_explicit(&tls->more, memory_order_relaxed);
    return tls->under.wait(&tls->under, readable, writable, there ? 0 : milliseconds) |
           (there ? BF_READABLE : 0);
}

static bool tls_is_ours(const struct bf_transport *transport)
{
    return transport->tls->under.is_ours(&transport->tls->under);
}

static void tls_stop(struct bf_transport *transport)
{
    transport->tls->under.stop(&transport->tls->under);
}

static void tls_close(struct bf_transport *transport)
{
    struct bf_tls *tls = transport->tls;
    tls->under.close(&tls->under);
    transport->descriptor = -1;
    SSL_free(tls->ssl);
    free(tls->pending);
    free(tls);
    transport->tls = NULL;
}

const char *bf_tls_refusal(const struct bf_transport *transport)
{
    return transport->tls ? transport->tls->refusal : NULL;
}

void bf_tls_take_over(struct bf_transport *transport, struct bf_tls *tls)
{
    transport->tls = tls;
    transport->send = tls_send;
    transport->receive = tls_receive;
    transport->wait = tls_wait;
    transport->is_ours = tls_is_ours;
    transport->stop = tls_stop;
    transport->close = tls_close;
}
