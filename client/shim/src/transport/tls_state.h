/* A connection's TLS, for tls.c, which moves bytes over it, and tls_start.c, which begins it. */
#ifndef BF_TLS_STATE_H
#define BF_TLS_STATE_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "transport/transport.h"

enum { BF_TLS_RECORD = 16 * 1024 /* RFC 8446, 5.1: the most plaintext of a record */ };

struct bf_tls {
    pthread_mutex_t lock;
    SSL *ssl;
    struct bf_transport under;
    int error;  /* errno of the socket, for who called OpenSSL */
    bool ended; /* the other side has closed the socket */
    const char *refusal; /* why nothing can be decrypted any more: an alert, mostly; NULL: it can */

    uint8_t *pending;
    size_t pending_start, pending_end, pending_capacity;
    size_t owed; /* plaintext that is encrypted, but was not reported as sent: it comes again */
    uint8_t outgoing[BF_TLS_RECORD];

    /* Decrypted bytes that nobody has taken yet. Only who receives touches them. */
    uint8_t incoming[BF_TLS_RECORD];
    size_t incoming_start, incoming_end;
    atomic_bool more; /* the last look found something, so there may be more */
};

/* Sends what the socket did not take before. Called with the lock. False: some of it is still pending,
 * or tls->error says why. */
bool bf_tls_send_pending(struct bf_tls *tls);

/* Puts TLS whose handshake is over in a transport's place. */
void bf_tls_take_over(struct bf_transport *transport, struct bf_tls *tls);

#endif
