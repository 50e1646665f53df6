/* What ends with its context. */
#ifndef BF_CHILDREN_H
#define BF_CHILDREN_H

#include <stdint.h>

/* Ends the handles of all streams, events and modules that were made in the context with this wire
 * handle; the worker ends them itself. */
void bf_children_end(uint64_t context_wire);

#endif
