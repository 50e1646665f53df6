/* How TLS begins: OpenSSL's context and its socket, certificates, the handshake, the channel binding. */
#include "transport/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "transport/tls_state.h"

enum { READ_AHEAD = 128 * 1024 /* ciphertext taken from the socket at once */ };

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
    while (!bf_tls_send_pending(tls) && !tls->error && left(begin, milliseconds))
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
        errno = ENOMEM;
        return false;
    }
    pthread_mutex_init(&tls->lock, NULL);
    tls->under = *transport;
    if (!start(tls, files, milliseconds, transport->binding, why)) {
        bool cut_off = tls->ended || tls->error == ECONNRESET || tls->error == EPIPE;
        SSL_free(tls->ssl);
        free(tls->pending);
        free(tls);
        errno = cut_off ? ECONNRESET : 0;
        return false;
    }
    bf_tls_take_over(transport, tls);
    return true;
}
