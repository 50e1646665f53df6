/* Connections to a server's ports: over a network that leads there, with TLS, and with packets of a
 * size that gets through. */
#ifndef BF_REACH_H
#define BF_REACH_H

#include "objects/model.h"
#include "session/adaptor.h"
#include "transport/tls.h"

/* To the server's dispatcher. One line on stderr if that fails; "gone": its machine is there, and
 * nobody listens. */
CUresult bf_reach_dispatcher(struct bf_worker *worker, const struct bf_server *server,
                             struct bf_transport *transport, bool *gone);

/* Where the data port of a server's worker is: its networks, or its host. */
void bf_reach_find(struct bf_worker *worker, const struct bf_server *server, unsigned port);

/* To the data port of a worker whose session and secret are known: BF_RESUMED; BF_UNREACHED or
 * BF_NOBODY with "why" (no line on stderr). Tells the user of networks that do not let large packets
 * through, once each. */
enum bf_resumption bf_reach_worker(struct bf_worker *worker, struct bf_transport *transport,
                                   int milliseconds, char why[BF_WHY_BYTES]);

#endif
