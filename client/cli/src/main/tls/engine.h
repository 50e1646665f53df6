/*
 * TLS of one connection to an appliance of a pool: bytes in, bytes out. It has no socket and never waits; who uses it
 * moves the bytes, and lets no two threads in at once.
 */
#ifndef BF_ENGINE_H
#define BF_ENGINE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"

enum { ENGINE_RECORD = 16 * 1024 /* RFC 8446, 5.1: the most plaintext of a record */ };

struct engine {
    SSL *ssl;
    BIO *incoming, *outgoing; /* of ssl */
    char *host;
};

/* Results below zero of what follows. */
enum {
    ENGINE_CLOSED = -1,     /* the other side has said that nothing follows */
    ENGINE_FAILED = -2,     /* nothing goes any more */
    ENGINE_ALERTED = -1000, /* less the number of the alert by which the other side has ended it (RFC 8446, 6) */
};

/* host: as it was dialled; the certificate must be for it. NULL: no memory, or no such host. */
struct engine *engine_new(const struct pool *pool, const char *host);

/* Takes bytes that have come. False: no memory. */
bool engine_feed(struct engine *engine, const void *bytes, size_t count);

/* Goes on with the handshake. 1: it is over; 0: more has to come; ENGINE_FAILED. Bytes may have to leave in any case. */
int engine_shake_hands(struct engine *engine);

/* Decrypts what has come, a record at most. 0: more has to come. */
int engine_decrypt(struct engine *engine, void *to, size_t room);

/* Encrypts; the bytes then have to leave. False: nothing goes any more. */
bool engine_encrypt(struct engine *engine, const void *bytes, size_t count);

/* Says that nothing follows; the bytes then have to leave. */
void engine_end(struct engine *engine);

/* How many bytes have to leave. */
size_t engine_pending(const struct engine *engine);

/* Takes as many of them. */
bool engine_take(struct engine *engine, void *to, size_t count);

/* What both ends have in common (RFC 8446, 7.5). False: the handshake is not over. */
bool engine_export(struct engine *engine, const char *label, void *to, size_t count);

void engine_free(struct engine *engine);

#endif
