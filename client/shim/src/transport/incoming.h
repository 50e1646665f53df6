/* What a worker says unasked: printed text, log lines, copies that have landed, host functions that
 * are due. */
#ifndef BF_INCOMING_H
#define BF_INCOMING_H

#include "transport/connection.h"

void bf_incoming(struct bf_connection *connection, const struct bf_frame *frame,
                 const uint8_t *body);

#endif
