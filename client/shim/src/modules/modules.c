#include "modules/modules.h"

#include <stdlib.h>
#include <string.h>

#include "bf_requests.h"
#include "memory/allocations.h"
#include "modules/files.h"
#include "modules/functions.h"
#include "modules/jit_options.h"
#include "program/log.h"
#include "images/sha256.h"
#include "session/hmac.h"
#include "program/ranks.h"

enum {
    WORTH_ASKING = 512 * 1024,
    SINCE_IMAGE_OFFER = 3 /* the version of the protocol that knows it */
};

struct bf_image_target bf_target_of(const struct bf_device *device)
{
    struct bf_image_target target = {
        device->attributes[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR],
        device->attributes[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR],
        (device->image_kinds & BF_IMAGES_PTX) != 0, (device->image_kinds & BF_IMAGES_SASS) != 0};
    return target;
}

static CUresult send_image(struct bf_connection *c, const struct bf_module *module)
{
    const struct bf_image *image = module->image;
    struct bf_module_load m = {module->object.handle, module->context_wire, (uint8_t)image->kind,
                               image->size, 0};
    CUresult status = image->size ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
    while (m.offset < image->size && status == CUDA_SUCCESS) {
        size_t bytes =
            image->size - m.offset < BF_BULK_CHUNK ? image->size - m.offset : BF_BULK_CHUNK;
        struct iovec part = {image->bytes + m.offset, bytes};
        status = bf_send_module_load(c, &m, (uint32_t)bytes, &part, 1, NULL);
        m.offset += bytes;
    }
    return status;
}

/* Large images are offered by their hash, with a proof that we have them; the server keeps them across
 * sessions. *known: the worker has it, and made the module of it. */
static CUresult load_known(struct bf_worker *worker, const struct bf_module *module, bool *known)
{
    static const char purpose[] = "bitfusion-image";
    struct bf_connection *c = &worker->connection;
    struct bf_image_offer_answer a = {0};
    struct bf_image_offer m;
    const struct bf_piece pieces[] = {{purpose, sizeof purpose - 1},
                                      {module->image->bytes, module->image->size}};
    bf_sha256(module->image->bytes, module->image->size, m.hash);
    bf_hmac(worker->session_secret, pieces, 2, m.proof);
    CUresult status = bf_ask_image_offer(c, &m, &a);
    *known = status == CUDA_SUCCESS && a.known;
    if (*known) {
        struct bf_module_load_known load = {.module = module->object.handle,
                                            .context = module->context_wire,
                                            .kind = (uint8_t)module->image->kind};
        memcpy(load.hash, m.hash, sizeof load.hash);
        status = bf_send_module_load_known(c, &load);
    }
    return bf_outcome(module->context, status);
}

CUresult bf_module_make(struct bf_context *context, struct bf_image *image,
                        struct bf_library *library, struct bf_module **out)
{
    struct bf_module *module = bf_object_new(BF_MODULE, context->device->worker->index);
    if (!module) {
        bf_image_release(image);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    module->context = context;
    module->context_wire = atomic_load(&context->wire);
    module->image = image;
    module->library = library;
    pthread_mutex_init(&module->lock, NULL);
    CUresult status = CUDA_SUCCESS;
    bool known = false;
    struct bf_worker *worker = context->device->worker;
    if (image->size >= WORTH_ASKING && worker->version >= SINCE_IMAGE_OFFER)
        status = load_known(worker, module, &known);
    if (status == CUDA_SUCCESS && !known)
        status = send_image(bf_connection_of(context), module);
    if (status == CUDA_SUCCESS) {
        bf_object_publish(module);
        *out = module;
    } else {
        bf_image_release(image);
        bf_object_release(BF_MODULE, module);
    }
    return status;
}

CUresult bf_module_check(struct bf_module *module)
{
    struct bf_answer answer;
    struct bf_module_check_answer a;
    struct bf_connection *c = bf_connection_of(module->context);
    struct bf_module_check m = {module->object.handle};
    CUresult status = bf_ask_module_check(c, &m, &a, &answer);
    if (status == CUDA_SUCCESS && a.log.bytes)
        bf_log(BF_LOG_INFORMATION, "module: %.*s", (int)a.log.bytes, (const char *)a.log.data);
    bf_answer_free(&answer);
    return bf_outcome(module->context, status);
}

void bf_module_forget(struct bf_module *module)
{
    if (!bf_object_close(module))
        return;
    for (size_t i = 0; module->functions && i < module->image->contents.kernel_count; i++) {
        if (module->functions[i])
            bf_function_forget(module->functions[i]);
    }
    free(module->functions);
    module->functions = NULL;
    bf_allocations_forget(module->context, module->object.handle);
    bf_image_release(module->image);
    module->image = NULL;
    if (!module->library) /* a library's module stays in its list, ended */
        bf_object_release(BF_MODULE, module);
}

CUresult bf_module_unload(struct bf_module *module)
{
    struct bf_module_unload m = {module->object.handle};
    struct bf_connection *c = bf_connection_of(module->context);
    bf_module_forget(module);
    return bf_send_module_unload(c, &m);
}

/* Called with the lock. */
static CUresult function_of(struct bf_module *module, const struct bf_kernel_layout *layout,
                            struct bf_function **out)
{
    const struct bf_contents *contents = &module->image->contents;
    size_t place = (size_t)(layout - contents->kernels);
    CUresult status = CUDA_SUCCESS;
    if (!module->functions)
        module->functions = calloc(contents->kernel_count, sizeof(struct bf_function *));
    if (!module->functions)
        return CUDA_ERROR_OUT_OF_MEMORY;
    if (!module->functions[place])
        status = bf_function_make(module, layout, &module->functions[place]);
    *out = module->functions[place];
    return status;
}

CUresult bf_module_function(struct bf_module *module, const char *name, struct bf_function **out)
{
    bf_lock(&module->lock, BF_MODULES);
    const struct bf_kernel_layout *layout = bf_image_kernel(module->image, name);
    CUresult status = layout ? function_of(module, layout, out) : CUDA_ERROR_NOT_FOUND;
    bf_unlock(&module->lock, BF_MODULES);
    return status;
}

CUresult bf_module_global(struct bf_module *module, const char *name, CUdeviceptr *address,
                          size_t *bytes)
{
    struct bf_module_global_answer a = {0};
    size_t length = strlen(name);
    struct bf_connection *c = bf_connection_of(module->context);
    if (length > BF_MODULE_GLOBAL_NAME_MAX)
        return CUDA_ERROR_NOT_FOUND;
    struct bf_module_global m = {module->object.handle, bf_view_of(name, length)};
    CUresult status = bf_ask_module_global(c, &m, &a);
    if (status == CUDA_SUCCESS) {
        struct bf_allocation variable = {.base = a.address,
                                         .bytes = a.byte_count,
                                         .kind = BF_GLOBAL,
                                         .context = module->context,
                                         .owner = module->object.handle};
        status = a.byte_count ? bf_allocation_given(variable) : CUDA_SUCCESS;
    }
    if (status == CUDA_SUCCESS && address)
        *address = a.address;
    if (status == CUDA_SUCCESS && bytes)
        *bytes = a.byte_count;
    return bf_outcome(module->context, status);
}

/* Asks the worker why it did not load the module, if the program has a buffer for that. */
static void fill_error_log(const struct bf_module *module, const struct bf_jit_log *log)
{
    struct bf_answer answer = {0};
    struct bf_module_log_answer a = {0};
    if (bf_jit_log_wanted(log)) {
        struct bf_connection *c = bf_connection_of(module->context);
        struct bf_module_log m = {module->object.handle};
        CUresult status = bf_ask_module_log(c, &m, &a, &answer);
        if (status != CUDA_SUCCESS)
            a.text.bytes = 0;
        bf_jit_log_fill(log, a.text.data, a.text.bytes);
        bf_answer_free(&answer);
    } else {
        bf_jit_log_fill(log, NULL, 0);
    }
}

static CUresult find(CUmodule handle, struct bf_module **module)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS) {
        *module = bf_object_find(BF_MODULE, (uint64_t)(uintptr_t)handle);
        status = *module ? bf_context_usable((*module)->context) : CUDA_ERROR_INVALID_HANDLE;
    }
    return status;
}

/* The program waits for what the worker says of an image that it loads by itself. */
static CUresult load(CUmodule *out, const void *code, const struct bf_jit_logs *logs)
{
    struct bf_context *context;
    struct bf_image *image;
    struct bf_module *module;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!out || !code))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_image_decode(code, bf_target_of(context->device), &image);
    if (status == CUDA_SUCCESS)
        status = bf_module_make(context, image, NULL, &module);
    if (status != CUDA_SUCCESS)
        return status;
    status = bf_module_check(module);
    if (status == CUDA_SUCCESS) {
        *out = (CUmodule)(uintptr_t)module->object.handle;
    } else {
        fill_error_log(module, &logs->error);
        bf_module_unload(module);
    }
    return status;
}

CUresult bf_cuModuleLoadData(CUmodule *out, const void *code)
{
    static const struct bf_jit_logs none;
    return load(out, code, &none);
}

CUresult bf_cuModuleLoadFatBinary(CUmodule *out, const void *code)
{
    return bf_cuModuleLoadData(out, code);
}

CUresult bf_cuModuleLoadDataEx(CUmodule *out, const void *code, unsigned int count,
                               CUjit_option *options, void **values)
{
    struct bf_jit_logs logs;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = bf_jit_options_read(count, options, values, &logs);
    if (status != CUDA_SUCCESS)
        return status;
    bf_jit_log_fill(&logs.info, NULL, 0);
    bf_jit_log_fill(&logs.error, NULL, 0);
    return load(out, code, &logs);
}

CUresult bf_cuModuleLoad(CUmodule *out, const char *path)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!out || !path))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    void *code = bf_read_whole_file(path);
    status = code ? bf_cuModuleLoadData(out, code) : CUDA_ERROR_FILE_NOT_FOUND;
    free(code);
    return status;
}

CUresult bf_cuModuleUnload(CUmodule handle)
{
    struct bf_module *module;
    CUresult status = find(handle, &module);
    if (status == CUDA_SUCCESS && module->library)
        status = CUDA_ERROR_INVALID_HANDLE;
    return status == CUDA_SUCCESS ? bf_module_unload(module) : status;
}

CUresult bf_cuModuleGetFunction(CUfunction *out, CUmodule handle, const char *name)
{
    struct bf_module *module;
    struct bf_function *function;
    CUresult status = find(handle, &module);
    if (status == CUDA_SUCCESS && (!out || !name))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_module_function(module, name, &function);
    if (status == CUDA_SUCCESS)
        *out = (CUfunction)(uintptr_t)function->object.handle;
    return status;
}

CUresult bf_cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule handle,
                                 const char *name)
{
    struct bf_module *module;
    CUresult status = find(handle, &module);
    if (status == CUDA_SUCCESS && (!name || (!address && !bytes)))
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? bf_module_global(module, name, address, bytes) : status;
}

CUresult bf_cuModuleGetFunctionCount(unsigned int *count, CUmodule handle)
{
    struct bf_module *module;
    CUresult status = find(handle, &module);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *count = (unsigned)module->image->contents.kernel_count;
    return status;
}

CUresult bf_cuModuleEnumerateFunctions(CUfunction *functions, unsigned int count, CUmodule handle)
{
    struct bf_module *module;
    CUresult status = find(handle, &module);
    if (status == CUDA_SUCCESS && !functions)
        status = CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0;
         status == CUDA_SUCCESS && i < count && i < module->image->contents.kernel_count; i++) {
        struct bf_function *function;
        status = bf_module_function(module, module->image->contents.kernels[i].name, &function);
        if (status == CUDA_SUCCESS)
            functions[i] = (CUfunction)(uintptr_t)function->object.handle;
    }
    return status;
}

CUresult bf_cuModuleGetLoadingMode(CUmoduleLoadingMode *mode)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !mode)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *mode = CU_MODULE_LAZY_LOADING;
    return status;
}
