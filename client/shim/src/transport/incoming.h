/* What a worker says unasked: printed text, log lines, copies that have landed, host functions that
 * are due. */
#ifndef BF_INCOMING_H
#define BF_INCOMING_H

#include "transport/connection.h"

void bf_incoming(struct bf_connection *connection, const struct bf_frame *frame,
                 const uint8_t *body);

/* The connection has ended: what of this was still to come ends with an error. */
void bf_incoming_end(struct bf_connection *connection);

#endif
