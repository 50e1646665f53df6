/* Libraries: code that becomes a module in each context with its first use there; kernels: their
 * functions, of no context. */
#ifndef BF_LIBRARIES_H
#define BF_LIBRARIES_H

#include "images/images.h"
#include "objects/state.h"

/* The kernel's function in the context, with what must be uploaded for it. */
CUresult bf_kernel_function(struct bf_kernel *kernel, struct bf_context *context,
                            struct bf_function **function);

#endif
