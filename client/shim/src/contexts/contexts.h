/* Contexts: primary and created ones, and each thread's stack of them. */
#ifndef BF_CONTEXTS_H
#define BF_CONTEXTS_H

#include "objects/state.h"

/* Makes the context current to the calling thread, replacing or on top of what is. */
CUresult bf_push(uint64_t handle);

#endif
