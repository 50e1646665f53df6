/*
 * TLS 1.3 over a transport, by OpenSSL, which is inside of the library and hidden there. Who is at the other end is
 * either proved by a certificate of the pool, or by the hello behind it: its proofs cover `binding`, which both ends
 * of one TLS connection have in common and nobody else (RFC 9266, "tls-exporter").
 */
#ifndef BF_TLS_H
#define BF_TLS_H

#include "transport/transport.h"

/* What the other end's certificate is held against, and what this end shows. Each may be NULL. */
struct bf_tls_files {
    const char *authority;   /* PEM: the pool's; NULL: any certificate will do */
    const char *certificate; /* PEM: this client's, with its chain */
    const char *key;         /* PEM, not encrypted */
};

enum { BF_WHY_BYTES = 256 };

/* Shakes hands over a connected transport, waiting at most that long, and puts TLS in between: the
 * transport's contract stays. False: "why" says why not, errno is ECONNRESET where the other end
 * ended the connection; the transport is as it was and can only be closed. */
bool bf_tls_start(struct bf_transport *transport, const struct bf_tls_files *files,
                  int milliseconds, char why[BF_WHY_BYTES]);

/* Why the other end has ended what began well (in TLS 1.3 it looks at this end's certificate last); NULL: it has
 * given no reason, or there is no TLS. A static text. */
const char *bf_tls_refusal(const struct bf_transport *transport);

#endif
