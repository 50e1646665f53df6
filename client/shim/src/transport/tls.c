/*
 * OpenSSL's state of a connection may be used by one thread at a time, but a transport is sent on and
 * received from by two: a lock guards it, which is held while bytes are encrypted or decrypted and
 * never while the socket is waited for. Ciphertext goes from OpenSSL straight to the socket; what the
 * socket does not take, at most a record, waits in `pending`.
 */
#include "transport/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "transport/safely.h"

enum {
    RECORD = 16 * 1024,      /* RFC 8446, 5.1: the most plaintext of a record */
    READ_AHEAD = 128 * 1024, /* ciphertext taken from the socket at once */
    MOST_PARTS = 1024 /* of an iovec (UIO_MAXIOV) */
};

struct bf_tls {
    pthread_mutex_t lock;
    SSL *ssl;
    struct bf_transport under;
    int error;  /* errno of the socket, for who called OpenSSL */
    bool ended; /* the other side has closed the socket */

    uint8_t *pending;
    size_t pending_start, pending_end, pending_capacity;
    size_t owed; /* plaintext that is encrypted, but was not reported as sent: it comes again */
    uint8_t outgoing[RECORD];

    /* Decrypted bytes that nobody has taken yet. Only who receives touches them. */
    uint8_t incoming[RECORD];
    size_t incoming_start, incoming_end;
    atomic_bool more; /* the last look found something, so there may be more */
};

/* ---- The socket, as OpenSSL sees it. Called with the lock. ---- */
static bool keep(struct bf_tls *tls, const char *data, size_t bytes)
{
    if (tls->pending_end + bytes > tls->pending_capacity) {
        uint8_t *larger = realloc(tls->pending, tls->pending_end + bytes);
        if (!larger) {
            tls->error = ENOMEM;
            return false;
        }
        tls->pending = larger;
        tls->pending_capacity = tls->pending_end + bytes;
    }
    memcpy(tls->pending + tls->pending_end, data, bytes);
    tls->pending_end += bytes;
    return true;
}

static int socket_write(BIO *bio, const char *data, int bytes)
{
    struct bf_tls *tls = BIO_get_data(bio);
    struct iovec part = {(void *)(uintptr_t)data, (size_t)bytes};
    ssize_t moved = 0;
    if (tls->pending_start == tls->pending_end)
        moved = tls->under.send(&tls->under, &part, 1);
    if (moved < 0 && errno != EAGAIN && errno != EINTR) {
        tls->error = errno;
        return -1;
    }
    size_t sent = moved > 0 ? (size_t)moved : 0;
    return sent == (size_t)bytes || keep(tls, data + sent, (size_t)bytes - sent) ? bytes : -1;
}

static int socket_read(BIO *bio, char *data, int bytes)
{
    struct bf_tls *tls = BIO_get_data(bio);
    struct iovec part = {data, (size_t)bytes};
    BIO_clear_retry_flags(bio);
    ssize_t moved = tls->under.receive(&tls->under, &part, 1, false);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    else if (moved < 0)
        tls->error = errno;
    tls->ended = !moved;
    return (int)moved;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    const struct bf_tls *tls = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH || (command == BIO_CTRL_EOF && tls->ended);
}

/* ---- Made once a process ---- */
static struct {
    pthread_once_t once;
    OSSL_LIB_CTX *library; /* of our own: no configuration file, nothing loaded */
    BIO_METHOD *socket;
    SSL_CTX *unverified;
} shared = {.once = PTHREAD_ONCE_INIT};

static SSL_CTX *new_context(void)
{
    SSL_CTX *context = SSL_CTX_new_ex(shared.library, NULL, TLS_client_method());
    if (!context)
        return NULL;
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF); /* frames know where they end */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD);
    return context;
}

static void make_shared(void)
{
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    shared.library = OSSL_LIB_CTX_new();
    shared.socket = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (shared.library && shared.socket) {
        BIO_meth_set_write(shared.socket, socket_write);
        BIO_meth_set_read(shared.socket, socket_read);
        BIO_meth_set_ctrl(shared.socket, socket_control);
        shared.unverified = new_context();
    }
}

/* ---- Sending ---- */
/* Called with the lock. False: some of it is still pending, or tls->error says why. */
static bool send_pending(struct bf_tls *tls)
{
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

static size_t skip(struct place *at, size_t bytes)
{
    size_t skipped = 0;
    while (at->count && skipped < bytes) {
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
    if (left >= RECORD) {
        *bytes = RECORD;
        return bf_is_readable(there, RECORD) ? there : NULL;
    }
    struct iovec parts[MOST_PARTS];
    int count = 0;
    *bytes = 0;
    for (int i = 0; i < at->count && count < MOST_PARTS && *bytes < RECORD; i++) {
        size_t from = i ? 0 : at->offset;
        size_t step = at->parts[i].iov_len - from;
        if (step > RECORD - *bytes)
            step = RECORD - *bytes;
        parts[count++] = (struct iovec){(uint8_t *)at->parts[i].iov_base + from, step};
        *bytes += step;
    }
    return bf_gather_safely(tls->outgoing, parts, count) ? tls->outgoing : NULL;
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
    if (accepted)
        return (ssize_t)accepted;
    errno = error;
    return -1;
}

static ssize_t tls_send(struct bf_transport *transport, const struct iovec *parts, int count)
{
    struct bf_tls *tls = transport->tls;
    ssize_t moved = -1;
    pthread_mutex_lock(&tls->lock);
    tls->error = 0;
    if (send_pending(tls))
        moved = encrypt(tls, (struct place){parts, count, 0});
    else
        errno = tls->error ? tls->error : EAGAIN;
    int error = errno;
    pthread_mutex_unlock(&tls->lock);
    errno = error;
    return moved;
}

/* ---- Receiving ---- */
/* Decrypts at most a record. 0: the other side has ended; -1 with errno. */
static ssize_t decrypt(struct bf_tls *tls, void *to, size_t bytes)
{
    pthread_mutex_lock(&tls->lock);
    tls->error = 0;
    ERR_clear_error();
    int moved = SSL_read(tls->ssl, to, (int)bytes);
    int reason = moved > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, moved);
    int error = tls->error;
    pthread_mutex_unlock(&tls->lock);
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
    if (!there && room >= RECORD) {
        if (!bf_is_writable(to, RECORD)) {
            errno = EFAULT;
            return -1;
        }
        return decrypt(tls, to, RECORD);
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

/* Without the lock: a child of the program may have it from a thread that it does not have. */
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

/* ---- Beginning ---- */
static void openssl_says(char why[BF_WHY_BYTES], const char *what)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    snprintf(why, BF_WHY_BYTES, "%s (%s)", what, reason ? reason : "no reason given");
}

static void say(char why[BF_WHY_BYTES], const char *text)
{
    snprintf(why, BF_WHY_BYTES, "%s", text);
}

/* A context that holds the other end against the pool's authority; NULL: "why" says why not. */
static SSL_CTX *verifying(const struct bf_tls_files *files, char why[BF_WHY_BYTES])
{
    SSL_CTX *context = new_context();
    bool good = false;
    ERR_clear_error();
    if (!context)
        say(why, "no memory");
    else if (SSL_CTX_load_verify_file(context, files->authority) != 1)
        openssl_says(why, "the pool's certificate cannot be read");
    else if (files->certificate &&
             SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
        openssl_says(why, "this client's certificate cannot be read");
    else if (files->key && SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
        openssl_says(why, "this client's key cannot be read");
    else
        good = true;
    if (good) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    } else {
        SSL_CTX_free(context);
        context = NULL;
    }
    return context;
}

static int milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)((now.tv_sec & 0xfffff) * 1000 + now.tv_nsec / 1000000);
}

static int left(int begin, int milliseconds)
{
    int passed = milliseconds_now() - begin;
    return passed < 0 || passed >= milliseconds ? 0 : milliseconds - passed;
}

/* Waits for what OpenSSL needs before it goes on. False: in vain. */
static bool await_hello(struct bf_tls *tls, int milliseconds)
{
    int begin = milliseconds_now();
    while (!send_pending(tls) && !tls->error && left(begin, milliseconds))
        tls->under.wait(&tls->under, false, true, left(begin, milliseconds));
    return !tls->error && left(begin, milliseconds) &&
           tls->under.wait(&tls->under, true, false, left(begin, milliseconds));
}

static bool shake_hands(struct bf_tls *tls, int milliseconds, char why[BF_WHY_BYTES])
{
    int begin = milliseconds_now(), result;
    ERR_clear_error();
    while ((result = SSL_connect(tls->ssl)) != 1) {
        bool waits = SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ;
        long verified = SSL_get_verify_result(tls->ssl);
        if (waits && await_hello(tls, left(begin, milliseconds)))
            continue;
        if (tls->error)
            say(why, strerror(tls->error));
        else if (waits)
            say(why, "no answer to the TLS hello");
        else if (verified != X509_V_OK)
            say(why, X509_verify_cert_error_string(verified));
        else if (tls->ended)
            say(why, "it has closed the connection");
        else
            openssl_says(why, "no TLS 1.3 there");
        return false;
    }
    return true;
}

static bool give_ssl(struct bf_tls *tls, SSL_CTX *context)
{
    BIO *bio = BIO_new(shared.socket);
    tls->ssl = SSL_new(context);
    if (!bio || !tls->ssl) {
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    return true;
}

static bool start(struct bf_tls *tls, const struct bf_tls_files *files, int milliseconds,
                  uint8_t binding[BF_BINDING_BYTES], char why[BF_WHY_BYTES])
{
    static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 */
    bool verify = files && files->authority;
    SSL_CTX *context = verify ? verifying(files, why) : shared.unverified;
    if (!context)
        return false;
    bool good = give_ssl(tls, context);
    if (verify)
        SSL_CTX_free(context); /* the connection keeps it */
    if (!good)
        say(why, "no memory");
    good = good && shake_hands(tls, milliseconds, why);
    if (good && SSL_export_keying_material(tls->ssl, binding, BF_BINDING_BYTES, label,
                                           sizeof label - 1, NULL, 0, 0) != 1) {
        openssl_says(why, "no channel binding");
        good = false;
    }
    return good;
}

bool bf_tls_start(struct bf_transport *transport, const struct bf_tls_files *files,
                  int milliseconds, char why[BF_WHY_BYTES])
{
    pthread_once(&shared.once, make_shared);
    struct bf_tls *tls = calloc(1, sizeof *tls);
    if (!tls || !shared.unverified) {
        free(tls);
        say(why, "no memory");
        return false;
    }
    pthread_mutex_init(&tls->lock, NULL);
    tls->under = *transport;
    if (!start(tls, files, milliseconds, transport->binding, why)) {
        SSL_free(tls->ssl);
        free(tls->pending);
        free(tls);
        return false;
    }
    transport->tls = tls;
    transport->send = tls_send;
    transport->receive = tls_receive;
    transport->wait = tls_wait;
    transport->is_ours = tls_is_ours;
    transport->stop = tls_stop;
    transport->close = tls_close;
    return true;
}
