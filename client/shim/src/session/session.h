/* Opening the sessions: the adaptor file's servers, their workers, the device snapshots. */
#ifndef BF_SESSION_H
#define BF_SESSION_H

#include "objects/model.h"

#ifndef BF_BUILD
#define BF_BUILD "5.0.0"
#endif

/* How long a server may take to answer. */
enum { BF_HELLO_MILLISECONDS = 15000 };

static inline int bf_hello_patience(const struct bf_worker *worker)
{
    return worker->hurry ? worker->hurry : BF_HELLO_MILLISECONDS;
}

/* The version that is told when there is no worker to ask. */
#define BF_DRIVER_VERSION 13000

/* Fills bf_state's workers and all their devices. After a failure: one line on stderr, and what
 * cuInit returns. */
CUresult bf_session_open(void);

#endif
