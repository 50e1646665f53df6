/*
 * Whether a server's certificate is that of an appliance of the pool for the host that was dialled: at least what
 * PoolTrust.java, PeerIdentity.java and PeerNames.java ask for. What they would accept may be refused here; Java is
 * asked then, and has the last word.
 */
#ifndef BF_PEER_H
#define BF_PEER_H

#include <openssl/x509_vfy.h>
#include <stdbool.h>

#include "pool.h"

/* For SSL_CTX_set_cert_verify_callback with the pool; the SSL's application data is the host, a string. */
int peer_verify(X509_STORE_CTX *verification, void *pool);

/* The pool whose authority issued a root, from its issuer's name. False: none. */
bool peer_pool_of_root(const X509 *root, char id[POOL_ID_BYTES]);

/* The pool that a certificate of an appliance or a client names. False: none. */
bool peer_pool_of_member(X509 *certificate, char id[POOL_ID_BYTES]);

#endif
