/* Host functions and stream callbacks: they run on a thread of this process and hold their stream
 * until they return. */
#ifndef BF_HOST_FUNCTIONS_H
#define BF_HOST_FUNCTIONS_H

#include "connection.h"

/* The worker has come to it. */
void bf_host_function_due(struct bf_connection *connection, uint64_t id, CUresult status);

/* Waits until no host function is outstanding. */
CUresult bf_host_functions_wait(struct bf_connection *connection);

#endif
