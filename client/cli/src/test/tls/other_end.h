#ifndef BITFUSION_TEST_OTHER_END_H
#define BITFUSION_TEST_OTHER_END_H

/* What the library is tested against: certificates of a pool and of strangers, their files, an OpenSSL server in memory. */
#include "engine.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/types.h>

extern int failures;
extern const char *folder; /* for files */

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

enum { BULK = 3 * 1024 * 1024, DAY = 24 * 3600 };

#define POOL "0123456789abcdef"
#define OTHER_POOL "fedcba9876543210"
#define UUID "11111111-2222-4333-8444-555555555555"
#define URI(pool, role) "URI:bitfusion://" pool "/" role "/" UUID
#define APPLIANCE URI(POOL, "appliance")
#define BOTH "serverAuth,clientAuth"
#define NAMES "DNS:gpu-1.example.com,DNS:localhost,IP:127.0.0.1,IP:::1,"

#define SIGNS "critical,keyCertSign,cRLSign"

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

struct wish {
    const char *pool;  /* in the names of issuer and subject */
    const char *name;  /* common name */
    const char *basic; /* NULL: as of an end */
    const char *key_usage;
    const char *usage; /* extended; NULL: none */
    const char *names; /* NULL: none */
    long from, until;  /* seconds from now; both 0: good */
};

extern struct identity root, appliances, clients, appliance, client;
extern struct identity other_root, other_appliances, other_appliance;

struct server {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
};

/* issuer: NULL: itself. */
struct identity issue(struct wish wish, const struct identity *issuer);
/* Of a pool, by its name. */
struct identity root_of(const char *pool);
struct identity intermediate_of(const char *pool, const char *usage, const struct identity *root);
/* An appliance's, as the pool issues it. */
struct wish good(void);
/* All of those above. */
void make_pools(void);
void forget(struct identity *identity);
/* Of a file in the folder; good until the fourth call after it. */
const char *path(const char *name);
FILE *create(const char *name, mode_t mode);
const char *authority_file(const struct identity *first, const struct identity *second);
const char *identity_file(const struct identity *own, const struct identity *issuer, EVP_PKEY *key, mode_t mode);
const char *text_file(const char *name, const char *text);
struct pool *of_client(void);
/* chain: up to three more, to be sent behind its own. */
struct server serve(const struct identity *own, const struct identity *first, const struct identity *second, const struct identity *third);
void begin(struct server *server);
void end(struct server *server);
/* Moves what either side has to say; at most `most` bytes at once to the engine. */
void carry(struct engine *engine, struct server *server, int most);
/* 1: both are content; 0: never; less: the engine is not. */
int shake_hands(struct engine *engine, struct server *server, int most);

#endif
