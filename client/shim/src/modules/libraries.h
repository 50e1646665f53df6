/* Libraries: code that becomes a module in each context with its first use there; kernels: their
 * functions, of no context. */
#ifndef BF_LIBRARIES_H
#define BF_LIBRARIES_H

#include "images/images.h"
#include "objects/state.h"

/* What a CUfunction, or a CUkernel cast to one, means in the current context. INVALID_HANDLE for
 * neither. */
CUresult bf_function_use(CUfunction handle, struct bf_context *current,
                         struct bf_function **function);

/* The same for a call that is about the function alone: a CUfunction has its context, only a
 * CUkernel needs the current one. The context's error if it has one. */
CUresult bf_function_find(CUfunction handle, struct bf_function **function);

/* Where the kernel's parameters lie, in the first image that has it; NULL: in none. */
const struct bf_kernel_layout *bf_kernel_layout_of(const struct bf_kernel *kernel);

/* The kernel's function in the context, with what must be uploaded for it. */
CUresult bf_kernel_function(struct bf_kernel *kernel, struct bf_context *context,
                            struct bf_function **function);

#endif
