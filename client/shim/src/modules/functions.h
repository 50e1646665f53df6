/* Functions (kernels in a context): handles, layouts, attributes. */
#ifndef BF_FUNCTIONS_OF_MODULES_H
#define BF_FUNCTIONS_OF_MODULES_H

#include "images/images.h"
#include "objects/state.h"

/* Makes a kernel of the module's image known here and to the worker. Called with the module's lock.
 */
CUresult bf_function_make(struct bf_module *module, const struct bf_kernel_layout *layout,
                          struct bf_function **function);

/* Ends the handle. */
void bf_function_forget(struct bf_function *function);

/* Asks the worker for the attributes, once. */
CUresult bf_function_learn(struct bf_function *function);

/* Dynamic shared memory that a launch may use, in bytes. */
CUresult bf_function_dynamic_limit(struct bf_function *function, unsigned *bytes);

CUresult bf_function_attribute(struct bf_function *function, CUfunction_attribute attribute,
                               int *value);
CUresult bf_function_set_attribute(struct bf_function *function, CUfunction_attribute attribute,
                                   int value);

#endif
