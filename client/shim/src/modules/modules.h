/* Modules: an image in a context, and the functions that the program asked for. */
#ifndef BF_MODULES_H
#define BF_MODULES_H

#include "images/images.h"
#include "objects/state.h"

/* What the device takes. */
struct bf_image_target bf_target_of(const struct bf_device *device);

/* Sends the image and makes a module of it; takes over one use of the image. Nothing is waited for.
 */
CUresult bf_module_make(struct bf_context *context, struct bf_image *image,
                        struct bf_library *library, struct bf_module **module);

/* Whether the worker could load it. */
CUresult bf_module_check(struct bf_module *module);

/* The function of that name, made with the first call. */
CUresult bf_module_function(struct bf_module *module, const char *name,
                            struct bf_function **function);

/* Address and size of a variable. */
CUresult bf_module_global(struct bf_module *module, const char *name, CUdeviceptr *address,
                          size_t *bytes);

/* Ends the handles of the module and its functions; the worker has ended it or is told elsewhere.
 */
void bf_module_forget(struct bf_module *module);

/* The same, and tells the worker. */
CUresult bf_module_unload(struct bf_module *module);

#endif
