/*
 * The hellos before a connection's first frame. Both sides prove that they know a secret, by HMAC
 * over both hellos with a new nonce of each; the secret does not travel, and the server proves
 * first.
 */
#ifndef BF_HANDSHAKE_H
#define BF_HANDSHAKE_H

#include <stdint.h>

#include "objects/model.h"
#include "transport/transport.h"

enum bf_hello_kind { BF_HELLO_SESSION = 2, BF_HELLO_DATA = 3, BF_HELLO_RESUME = 4, BF_HELLO_PROBE = 6 };

enum { BF_ID_BYTES = 16, BF_SECRET_BYTES = 16, BF_PROOF_BYTES = 32 };

/* Of one side; its layout is the wire's (docs/PROTOCOL.md, "Hello"). */
struct bf_hello {
    char magic[8];
    uint32_t highest_version;
    uint32_t kind;
    char build[64];
    uint8_t id[BF_ID_BYTES];
    uint8_t nonce[16];
    uint8_t proof[BF_PROOF_BYTES];
    uint32_t lowest_version;
    uint32_t chosen_version;
    uint32_t process;
    uint32_t status;
    uint8_t later[16];
};

/* A connection on which the server has proved itself. */
struct bf_handshake {
    struct bf_hello hello, answer; /* as they were sent */
    uint8_t secret[BF_SECRET_BYTES];
    uint8_t proof[BF_PROOF_BYTES]; /* the client's: to be sent before the first frame */
    bool unanswered;               /* the connection ended, or nothing came in time */
    bool bound;                    /* over TLS: the proofs cover what only its two ends know */
    uint8_t binding[BF_BINDING_BYTES];
};

/* A worker that has no name yet is tried quietly. */
#define bf_say_of(worker, ...) ((worker)->name[0] ? bf_say(__VA_ARGS__) : (void)0)

/* Says hello and checks what answers. `id` names whose secret it is: the lease, the session, or
 * zeros for the user's access secret. After a failure: one line on stderr, if the worker has a name. */
CUresult bf_handshake(struct bf_handshake *handshake, const struct bf_worker *worker,
                      struct bf_transport *transport, enum bf_hello_kind kind,
                      const uint8_t id[BF_ID_BYTES], const uint8_t secret[BF_SECRET_BYTES]);

/* Goes on with the worker's session over a new connection. "received": what this side has received
 * of it, then what the worker has. Says nothing on stderr. */
enum bf_resumption bf_handshake_resume(const struct bf_worker *worker,
                                       struct bf_transport *transport, uint32_t epoch,
                                       uint64_t *received, int milliseconds);

enum bf_probe {
    BF_PROBE_PASSED,
    BF_PROBE_STUCK,   /* small packets get through, large ones do not */
    BF_PROBE_FAILED,  /* nothing can be said; the connection is of no use */
    BF_PROBE_UNKNOWN, /* an older worker, which closes the connection */
};

enum { BF_PROBE_MOST = 64 * 1024 };

/* Sends so many bytes to the session's worker and waits until they are back; what is said next over
 * the connection is another hello. Says nothing on stderr. */
enum bf_probe bf_handshake_probe(const struct bf_worker *worker, struct bf_transport *transport,
                                 size_t bytes, int milliseconds);

/* The secret of a session that was opened over the connection. */
void bf_handshake_session_secret(const struct bf_handshake *handshake,
                                 const uint8_t session[BF_ID_BYTES],
                                 uint8_t secret[BF_SECRET_BYTES]);

#endif
