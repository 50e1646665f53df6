/* The session that "bitfusion run" has asked for together with its lease, so that the lease's first program needs no
 * round trips for it. */
#ifndef BF_PREPARED_H
#define BF_PREPARED_H

#include <stdbool.h>
#include <stdint.h>

#include "session/handshake.h"

struct bf_prepared {
    unsigned port;
    uint8_t session[BF_ID_BYTES];
    uint8_t secret[BF_SECRET_BYTES];
    uint64_t window_base, window_bytes; /* where the worker's devices have their addresses */
};

/* Takes the session that lies beside the adaptor file; waits for it while it is announced. False where there is none, or
 * another program was first. */
bool bf_prepared_take(struct bf_prepared *prepared);

#endif
