/* What the library does not carry says so where the user looks. */
#ifndef BF_REFUSALS_H
#define BF_REFUSALS_H

#include "bf_cuda_types.h"

/* One line on stderr that names the function or feature, once per process and text (a constant).
 * Answers CUDA_ERROR_NOT_SUPPORTED. */
CUresult bf_refused(const char *what);

/* The same for what goes on without the feature. */
void bf_not_carried(const char *what);

#endif
