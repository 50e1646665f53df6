#include "modules/libraries.h"

#include <stdlib.h>
#include <string.h>

#include "modules/files.h"
#include "modules/functions.h"
#include "modules/jit_options.h"
#include "modules/modules.h"

static CUresult find(CUlibrary handle, struct bf_library **library)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS) {
        *library = bf_object_find(BF_LIBRARY, (uint64_t)(uintptr_t)handle);
        status = *library ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
    }
    return status;
}

/* The decoded image for a device. Called with the library's lock. One image serves all devices of
 * the same kind. */
static CUresult image_for(struct bf_library *library, const struct bf_device *device,
                          struct bf_image **image)
{
    int slot = (device->image_kinds & BF_IMAGES_SASS) != 0;
    CUresult status = CUDA_SUCCESS;
    if (!library->images[slot])
        status = bf_image_decode(library->code, bf_target_of(device), &library->images[slot]);
    *image = library->images[slot];
    return status;
}

/* The image that names are looked up in when no context is asked for. Called with the lock. */
static CUresult any_image(struct bf_library *library, struct bf_image **image)
{
    if (library->images[0] || library->images[1]) {
        *image = library->images[0] ? library->images[0] : library->images[1];
        return CUDA_SUCCESS;
    }
    return bf_state.device_count ? image_for(library, bf_state.devices[0], image)
                                 : CUDA_ERROR_NO_DEVICE;
}

/* The library's module in a context, uploaded with its first use. */
static CUresult module_in(struct bf_library *library, struct bf_context *context,
                          struct bf_module **out)
{
    uint64_t wire = atomic_load(&context->wire);
    struct bf_image *image;
    pthread_mutex_lock(&library->lock);
    struct bf_module *module = atomic_load(&library->modules);
    while (module && (module->context_wire != wire || !atomic_load(&module->object.open)))
        module = module->next;
    CUresult status = CUDA_SUCCESS;
    if (!module) {
        status = image_for(library, context->device, &image);
        if (status == CUDA_SUCCESS)
            status = bf_module_make(context, bf_image_use(image), library, &module);
        if (status == CUDA_SUCCESS) {
            module->next = atomic_load(&library->modules);
            atomic_store(&library->modules, module);
        }
    }
    pthread_mutex_unlock(&library->lock);
    *out = module;
    return status;
}

CUresult bf_kernel_function(struct bf_kernel *kernel, struct bf_context *context,
                            struct bf_function **out)
{
    struct bf_function *function =
        bf_object_find(BF_FUNCTION, atomic_load_explicit(&kernel->function, memory_order_relaxed));
    struct bf_module *module;
    CUresult status = CUDA_SUCCESS;
    if (!function || function->module->context_wire !=
                         atomic_load_explicit(&context->wire, memory_order_relaxed)) {
        status = module_in(kernel->library, context, &module);
        if (status == CUDA_SUCCESS)
            status = bf_module_function(module, kernel->name, &function);
        if (status == CUDA_SUCCESS)
            atomic_store(&kernel->function, function->object.handle);
    }
    *out = function;
    return status;
}

/* The options as they matter here: whether the code stays where it is. */
static CUresult read_options(const CUlibraryOption *options, unsigned count, bool *preserved)
{
    *preserved = false;
    if (count && !options)
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; i++) {
        if ((unsigned)options[i] >= CU_LIBRARY_NUM_OPTIONS)
            return CUDA_ERROR_INVALID_VALUE;
        *preserved |= options[i] == CU_LIBRARY_BINARY_IS_PRESERVED;
    }
    return CUDA_SUCCESS;
}

/* A wrapper is not copied but decoded at once: its parts lie anywhere. */
static CUresult keep(struct bf_library *library, bool preserved)
{
    struct bf_image *image;
    size_t bytes = preserved ? 0 : bf_image_extent(library->code);
    CUresult status = CUDA_SUCCESS;
    if (bytes) {
        library->copy = malloc(bytes + 16);
        if (!library->copy)
            return CUDA_ERROR_OUT_OF_MEMORY;
        memcpy(library->copy, library->code, bytes);
        memset((char *)library->copy + bytes, 0, 16);
        library->code = library->copy;
    } else if (!preserved) {
        status = any_image(library, &image);
    }
    return status;
}

/* A library is compiled with its first use in a context: there is nothing to log yet. */
static CUresult empty_logs(unsigned count, const CUjit_option *options, void **values)
{
    struct bf_jit_logs logs;
    CUresult status = bf_jit_options_read(count, options, values, &logs);
    if (status == CUDA_SUCCESS) {
        bf_jit_log_fill(&logs.error, NULL, 0);
        bf_jit_log_fill(&logs.info, NULL, 0);
    }
    return status;
}

static CUresult load(CUlibrary *out, const void *code, bool preserved, bool owned)
{
    struct bf_library *library = bf_object_new(BF_LIBRARY, 0);
    if (!library)
        return CUDA_ERROR_OUT_OF_MEMORY;
    pthread_mutex_init(&library->lock, NULL);
    library->code = code;
    library->copy = owned ? (void *)(uintptr_t)code : NULL;
    CUresult status = keep(library, preserved || owned);
    if (status == CUDA_SUCCESS) {
        bf_object_publish(library);
        *out = (CUlibrary)(uintptr_t)library->object.handle;
    } else {
        bf_object_release(BF_LIBRARY, library);
    }
    return status;
}

CUresult bf_cuLibraryLoadData(CUlibrary *out, const void *code, CUjit_option *jit_options,
                              void **jit_values, unsigned int jit_count, CUlibraryOption *options,
                              void **values, unsigned int count)
{
    bool preserved;
    CUresult status = bf_ready();
    (void)values;
    if (status == CUDA_SUCCESS && (!out || !code))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = empty_logs(jit_count, jit_options, jit_values);
    if (status == CUDA_SUCCESS)
        status = read_options(options, count, &preserved);
    return status == CUDA_SUCCESS ? load(out, code, preserved, false) : status;
}

CUresult bf_cuLibraryLoadFromFile(CUlibrary *out, const char *path, CUjit_option *jit_options,
                                  void **jit_values, unsigned int jit_count,
                                  CUlibraryOption *options, void **values, unsigned int count)
{
    bool preserved;
    CUresult status = bf_ready();
    (void)values;
    if (status == CUDA_SUCCESS && (!out || !path))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = empty_logs(jit_count, jit_options, jit_values);
    if (status == CUDA_SUCCESS)
        status = read_options(options, count, &preserved);
    if (status != CUDA_SUCCESS)
        return status;
    void *code = bf_read_whole_file(path);
    return code ? load(out, code, false, true) : CUDA_ERROR_FILE_NOT_FOUND;
}

CUresult bf_cuLibraryUnload(CUlibrary handle)
{
    struct bf_library *library;
    CUresult status = find(handle, &library);
    if (status == CUDA_SUCCESS && !bf_object_close(library))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status != CUDA_SUCCESS)
        return status;
    for (size_t i = 0; i < library->kernel_count; i++) {
        struct bf_kernel *kernel = library->kernels[i];
        bf_object_close(kernel);
        free(kernel->name);
        bf_object_release(BF_KERNEL, kernel);
    }
    for (struct bf_module *module = atomic_load(&library->modules), *next; module; module = next) {
        next = module->next;
        if (atomic_load(&module->object.open))
            bf_module_unload(module);
        bf_object_release(BF_MODULE, module);
    }
    bf_image_release(library->images[0]);
    bf_image_release(library->images[1]);
    free(library->kernels);
    free(library->copy);
    bf_object_release(BF_LIBRARY, library);
    return CUDA_SUCCESS;
}

/* The kernel of that name. Called with the lock. */
static CUresult kernel_named(struct bf_library *library, const struct bf_image *image,
                             const char *name, struct bf_kernel **out)
{
    for (size_t i = 0; i < library->kernel_count; i++) {
        if (!strcmp(library->kernels[i]->name, name)) {
            *out = library->kernels[i];
            return CUDA_SUCCESS;
        }
    }
    if (!bf_image_kernel(image, name))
        return CUDA_ERROR_NOT_FOUND;
    struct bf_kernel **grown =
        realloc(library->kernels, (library->kernel_count + 1) * sizeof(struct bf_kernel *));
    if (!grown)
        return CUDA_ERROR_OUT_OF_MEMORY;
    library->kernels = grown;
    struct bf_kernel *kernel = bf_object_new(BF_KERNEL, 0);
    char *copy = strdup(name);
    if (!kernel || !copy) {
        free(copy);
        if (kernel)
            bf_object_release(BF_KERNEL, kernel);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    kernel->library = library;
    kernel->name = copy;
    library->kernels[library->kernel_count++] = kernel;
    bf_object_publish(kernel);
    *out = kernel;
    return CUDA_SUCCESS;
}

CUresult bf_cuLibraryGetKernel(CUkernel *out, CUlibrary handle, const char *name)
{
    struct bf_library *library;
    struct bf_image *image;
    struct bf_kernel *kernel;
    CUresult status = find(handle, &library);
    if (status == CUDA_SUCCESS && (!out || !name))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    pthread_mutex_lock(&library->lock);
    status = any_image(library, &image);
    if (status == CUDA_SUCCESS)
        status = kernel_named(library, image, name, &kernel);
    pthread_mutex_unlock(&library->lock);
    if (status == CUDA_SUCCESS)
        *out = (CUkernel)(uintptr_t)kernel->object.handle;
    return status;
}

CUresult bf_cuLibraryGetKernelCount(unsigned int *count, CUlibrary handle)
{
    struct bf_library *library;
    struct bf_image *image;
    CUresult status = find(handle, &library);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    pthread_mutex_lock(&library->lock);
    status = any_image(library, &image);
    if (status == CUDA_SUCCESS)
        *count = (unsigned)image->kernel_count;
    pthread_mutex_unlock(&library->lock);
    return status;
}

CUresult bf_cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int count, CUlibrary handle)
{
    struct bf_library *library;
    struct bf_image *image = NULL;
    CUresult status = find(handle, &library);
    if (status == CUDA_SUCCESS && !kernels)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    pthread_mutex_lock(&library->lock);
    status = any_image(library, &image);
    for (unsigned i = 0; status == CUDA_SUCCESS && i < count && i < image->kernel_count; i++) {
        struct bf_kernel *kernel;
        status = kernel_named(library, image, image->kernels[i].name, &kernel);
        if (status == CUDA_SUCCESS)
            kernels[i] = (CUkernel)(uintptr_t)kernel->object.handle;
    }
    pthread_mutex_unlock(&library->lock);
    return status;
}

/* The library's module in the current context. */
static CUresult current_module(CUlibrary handle, struct bf_module **module)
{
    struct bf_context *context;
    struct bf_library *library;
    CUresult status = find(handle, &library);
    if (status == CUDA_SUCCESS)
        status = bf_current(&context);
    return status == CUDA_SUCCESS ? module_in(library, context, module) : status;
}

CUresult bf_cuLibraryGetModule(CUmodule *out, CUlibrary handle)
{
    struct bf_module *module;
    CUresult status = current_module(handle, &module);
    if (status == CUDA_SUCCESS && !out)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *out = (CUmodule)(uintptr_t)module->object.handle;
    return status;
}

CUresult bf_cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes, CUlibrary handle,
                               const char *name)
{
    struct bf_module *module;
    CUresult status = current_module(handle, &module);
    if (status == CUDA_SUCCESS && (!name || (!address && !bytes)))
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? bf_module_global(module, name, address, bytes) : status;
}
