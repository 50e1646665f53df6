/* Waiting for all of a context's work. */
#ifndef BF_CONTEXT_QUERIES_H
#define BF_CONTEXT_QUERIES_H

#include "objects/state.h"

CUresult bf_context_synchronize(struct bf_context *context);

#endif
