/*
 * A client's place in a pool: the roots that it believes, and the key and chain that it shows. Nothing here says why
 * files cannot be used: who is told "no" asks Java, which says it (PoolAccess.java).
 */
#ifndef BF_POOL_H
#define BF_POOL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

enum { POOL_ID_BYTES = 16 /* hexadecimal digits */ };

struct pool {
    OSSL_LIB_CTX *library; /* of our own: no configuration file, nothing loaded */
    SSL_CTX *context;
    STACK_OF(X509) *roots;
    char id[POOL_ID_BYTES];

    /* Of this client's own certificate, where there is one. */
    bool is_enrolled;
    bool is_of_pool;    /* as it says itself */
    int64_t not_before; /* seconds since 1970 */
    int64_t not_after;
    uint8_t last_of_serial; /* the serial number's last byte */
};

/*
 * authority: file with the pool's roots. identity: file with key and chain, which its owner alone may read; NULL: none.
 * NULL: they cannot be used.
 */
struct pool *pool_open(const char *authority, const char *identity);

void pool_close(struct pool *pool);

#endif
