#include "modules/libraries.h"

#include <stdlib.h>
#include <string.h>

#include "modules/files.h"
#include "modules/functions.h"
#include "modules/jit_options.h"
#include "modules/kernel_names.h"
#include "modules/modules.h"
#include "program/ranks.h"

static CUresult find(CUlibrary handle, struct bf_library **library)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS) {
        *library = bf_object_find(BF_LIBRARY, (uint64_t)(uintptr_t)handle);
        status = *library ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
    }
    return status;
}

/* Devices of the same capability that take the same kinds of images share one. */
struct bf_library_image {
    struct bf_image_target target;
    struct bf_image *image;
    struct bf_library_image *next;
};

static bool same_target(struct bf_image_target a, struct bf_image_target b)
{
    return a.major == b.major && a.minor == b.minor && a.ptx == b.ptx && a.sass == b.sass;
}

/* The decoded image for a device. Called with the library's lock. */
static CUresult image_for(struct bf_library *library, const struct bf_device *device,
                          struct bf_image **image)
{
    struct bf_image_target target = bf_target_of(device);
    struct bf_library_image *one = library->images;
    while (one && !same_target(one->target, target))
        one = one->next;
    if (!one && !library->code)
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    if (!one) {
        struct bf_image *decoded;
        CUresult status = bf_image_decode(library->code, target, &decoded);
        if (status != CUDA_SUCCESS)
            return status;
        one = malloc(sizeof *one);
        if (!one) {
            bf_image_release(decoded);
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        *one = (struct bf_library_image){target, decoded, library->images};
        library->images = one;
    }
    *image = one->image;
    return CUDA_SUCCESS;
}

/* An image that names are looked up in when no context is asked for: that of the first device that
 * it holds code for. Called with the lock. */
static CUresult any_image(struct bf_library *library, struct bf_image **image)
{
    CUresult status = bf_state.device_count ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
    for (int i = 0; i < bf_state.device_count; i++) {
        CUresult one = image_for(library, bf_state.devices[i], image);
        if (one == CUDA_SUCCESS)
            return one;
        status = status == CUDA_SUCCESS ? one : status;
    }
    return status;
}

/* The library's module in a context, uploaded with its first use. */
static CUresult module_in(struct bf_library *library, struct bf_context *context,
                          struct bf_module **out)
{
    uint64_t wire = atomic_load(&context->wire);
    struct bf_image *image;
    bf_lock(&library->lock, BF_LIBRARIES);
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
    bf_unlock(&library->lock, BF_LIBRARIES);
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

/* The options as they matter here: whether the code stays where it is. That option's value is a
 * bool in the pointer's place; without any values, as cuBLAS 13 names it, it is meant by being
 * there. With a file it means nothing and is refused (CUDA Driver API,
 * CU_LIBRARY_BINARY_IS_PRESERVED). */
static CUresult read_options(const CUlibraryOption *options, void **values, unsigned count,
                             bool file, bool *preserved)
{
    *preserved = false;
    if (count && !options)
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; i++) {
        bool about_code = options[i] == CU_LIBRARY_BINARY_IS_PRESERVED;
        if ((unsigned)options[i] >= CU_LIBRARY_NUM_OPTIONS || (about_code ? file : !values))
            return CUDA_ERROR_INVALID_VALUE;
        if (about_code)
            *preserved = !values || values[i];
    }
    return CUDA_SUCCESS;
}

static void free_images(struct bf_library *library)
{
    while (library->images) {
        struct bf_library_image *one = library->images;
        library->images = one->next;
        bf_image_release(one->image);
        free(one);
    }
}

/* For every device, because the code will be gone. One that it has nothing for is told when it uses
 * the library. */
static CUresult decode_all(struct bf_library *library)
{
    struct bf_image *image;
    CUresult status = any_image(library, &image);
    for (int i = 0; i < bf_state.device_count && status == CUDA_SUCCESS; i++) {
        CUresult one = image_for(library, bf_state.devices[i], &image);
        status = one == CUDA_ERROR_NO_BINARY_FOR_GPU ? CUDA_SUCCESS : one;
    }
    library->code = NULL;
    return status;
}

/* A wrapper is not copied but decoded at once: its parts lie anywhere. */
static CUresult keep(struct bf_library *library, bool preserved)
{
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
        status = decode_all(library);
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
        free_images(library);
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
    if (status == CUDA_SUCCESS && (!out || !code))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = empty_logs(jit_count, jit_options, jit_values);
    if (status == CUDA_SUCCESS)
        status = read_options(options, values, count, false, &preserved);
    return status == CUDA_SUCCESS ? load(out, code, preserved, false) : status;
}

CUresult bf_cuLibraryLoadFromFile(CUlibrary *out, const char *path, CUjit_option *jit_options,
                                  void **jit_values, unsigned int jit_count,
                                  CUlibraryOption *options, void **values, unsigned int count)
{
    bool preserved;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!out || !path))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = empty_logs(jit_count, jit_options, jit_values);
    if (status == CUDA_SUCCESS)
        status = read_options(options, values, count, true, &preserved);
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
    for (size_t i = 0; i < library->kernels.capacity; i++) {
        struct bf_kernel *kernel = library->kernels.slots[i];
        if (kernel) {
            bf_object_close(kernel);
            free(kernel->name);
            bf_object_release(BF_KERNEL, kernel);
        }
    }
    for (struct bf_module *module = atomic_load(&library->modules), *next; module; module = next) {
        next = module->next;
        if (atomic_load(&module->object.open))
            bf_module_unload(module);
        bf_object_release(BF_MODULE, module);
    }
    free_images(library);
    free(library->kernels.slots);
    free(library->copy);
    bf_object_release(BF_LIBRARY, library);
    return CUDA_SUCCESS;
}

/* Whether the image of some device has the kernel. Called with the lock. */
static CUresult look_for(struct bf_library *library, const char *name)
{
    struct bf_image *image;
    CUresult status = any_image(library, &image);
    if (status != CUDA_SUCCESS)
        return status;
    for (int i = 0; i < bf_state.device_count; i++) {
        if (image_for(library, bf_state.devices[i], &image) == CUDA_SUCCESS &&
            bf_image_kernel(image, name))
            return CUDA_SUCCESS;
    }
    return CUDA_ERROR_NOT_FOUND;
}

static CUresult make_kernel(struct bf_library *library, const char *name, struct bf_kernel **out)
{
    struct bf_kernel *kernel = bf_object_new(BF_KERNEL, 0);
    char *copy = kernel ? strdup(name) : NULL;
    if (copy) {
        kernel->library = library;
        kernel->name = copy;
    }
    if (!copy || !bf_kernel_names_add(&library->kernels, kernel)) {
        free(copy);
        if (kernel)
            bf_object_release(BF_KERNEL, kernel);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    bf_object_publish(kernel);
    *out = kernel;
    return CUDA_SUCCESS;
}

/* The kernel of that name. Called with the lock. */
static CUresult kernel_named(struct bf_library *library, const char *name, struct bf_kernel **out)
{
    *out = bf_kernel_names_find(&library->kernels, name);
    if (*out)
        return CUDA_SUCCESS;
    CUresult status = look_for(library, name);
    return status == CUDA_SUCCESS ? make_kernel(library, name, out) : status;
}

const struct bf_kernel_layout *bf_kernel_layout_of(const struct bf_kernel *kernel)
{
    struct bf_library *library = kernel->library;
    const struct bf_kernel_layout *layout = NULL;
    bf_lock(&library->lock, BF_LIBRARIES);
    for (const struct bf_library_image *one = library->images; one && !layout; one = one->next)
        layout = bf_image_kernel(one->image, kernel->name);
    bf_unlock(&library->lock, BF_LIBRARIES);
    return layout;
}

CUresult bf_function_use(CUfunction handle, struct bf_context *current, struct bf_function **out)
{
    uint64_t number = (uint64_t)(uintptr_t)handle;
    struct bf_kernel *kernel = bf_object_find(BF_KERNEL, number);
    if (kernel)
        return bf_kernel_function(kernel, current, out);
    *out = bf_object_find(BF_FUNCTION, number);
    return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult bf_function_find(CUfunction handle, struct bf_function **function)
{
    struct bf_context *context = NULL;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && bf_object_find(BF_KERNEL, (uint64_t)(uintptr_t)handle))
        status = bf_current(&context);
    if (status == CUDA_SUCCESS)
        status = bf_function_use(handle, context, function);
    return status == CUDA_SUCCESS ? bf_context_usable((*function)->module->context) : status;
}

CUresult bf_cuLibraryGetKernel(CUkernel *out, CUlibrary handle, const char *name)
{
    struct bf_library *library;
    struct bf_kernel *kernel;
    CUresult status = find(handle, &library);
    if (status == CUDA_SUCCESS && (!out || !name))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    bf_lock(&library->lock, BF_LIBRARIES);
    status = kernel_named(library, name, &kernel);
    bf_unlock(&library->lock, BF_LIBRARIES);
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
    bf_lock(&library->lock, BF_LIBRARIES);
    status = any_image(library, &image);
    if (status == CUDA_SUCCESS)
        *count = (unsigned)image->contents.kernel_count;
    bf_unlock(&library->lock, BF_LIBRARIES);
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
    bf_lock(&library->lock, BF_LIBRARIES);
    status = any_image(library, &image);
    for (unsigned i = 0; status == CUDA_SUCCESS && i < count && i < image->contents.kernel_count;
         i++) {
        struct bf_kernel *kernel;
        status = kernel_named(library, image->contents.kernels[i].name, &kernel);
        if (status == CUDA_SUCCESS)
            kernels[i] = (CUkernel)(uintptr_t)kernel->object.handle;
    }
    bf_unlock(&library->lock, BF_LIBRARIES);
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
