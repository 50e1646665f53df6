#include <stdlib.h>
#include <string.h>

#include "strict.h"

static bool eager(void)
{
    const char *loading = getenv("CUDA_MODULE_LOADING");
    return loading && !strcmp(loading, "EAGER");
}

/* Code is loaded when nothing runs. */
static void wait_until_idle(const struct context *context)
{
    while (!context_idle(context) && !strict_error)
        strict_wait();
}

static CUresult load(struct context *context, struct function *function)
{
    if (!function->loaded)
        wait_until_idle(context);
    function->loaded = true;
    return strict_error;
}

static struct module *modules;

static void unload(struct module *module)
{
    for (struct variable *variable = module->variables; variable; variable = variable->next)
        memory_unmap_anywhere(variable->address);
    module->variables = NULL;
    module->magic = 0;
}

void modules_forget(const struct context *context)
{
    for (struct module *module = modules; module; module = module->next) {
        if (module->context == context && module->magic)
            unload(module);
    }
}

CUresult cuModuleLoadData(CUmodule *made, const void *image)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct module *module = calloc(1, sizeof *module);
    *module = (struct module){.magic = MODULE, .context = context};
    status = image_read(image, module);
    if (status) {
        unload(module);
        return strict_leave(status);
    }
    module->next = modules;
    modules = module;
    if (eager())
        wait_until_idle(context);
    for (struct function *function = module->functions; function; function = function->next)
        function->loaded = eager();
    *made = (CUmodule)module;
    return strict_leave(strict_error);
}

static struct module *module_of(CUmodule handle, CUresult *status)
{
    struct module *module = (struct module *)handle;
    if (!strict_enter(status))
        return NULL;
    if (module && module->magic == MODULE)
        return module;
    *status = strict_leave(CUDA_ERROR_INVALID_HANDLE);
    return NULL;
}

CUresult cuModuleUnload(CUmodule handle)
{
    CUresult status;
    struct module *module = module_of(handle, &status);
    if (!module)
        return status;
    wait_until_idle(module->context);
    unload(module);
    return strict_leave(strict_error);
}

CUresult cuModuleGetFunction(CUfunction *found, CUmodule handle, const char *name)
{
    CUresult status;
    struct module *module = module_of(handle, &status);
    if (!module)
        return status;
    struct function *function = module->functions;
    while (function && strcmp(function->name, name))
        function = function->next;
    *found = (CUfunction)function;
    return strict_leave(function ? load(module->context, function) : CUDA_ERROR_NOT_FOUND);
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule handle, const char *name)
{
    CUresult status;
    struct module *module = module_of(handle, &status);
    if (!module)
        return status;
    const struct variable *variable = module->variables;
    while (variable && strcmp(variable->name, name))
        variable = variable->next;
    if (variable) {
        *address = variable->address;
        *bytes = variable->bytes;
    }
    return strict_leave(variable ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND);
}

CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule handle)
{
    CUresult status;
    struct module *module = module_of(handle, &status);
    if (!module)
        return status;
    *count = 0;
    for (struct function *function = module->functions; function; function = function->next)
        ++*count;
    return strict_leave(CUDA_SUCCESS);
}

/* Loads nothing. */
CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int count, CUmodule handle)
{
    CUresult status;
    struct module *module = module_of(handle, &status);
    if (!module)
        return status;
    struct function *function = module->functions;
    for (unsigned i = 0; i < count && function; i++, function = function->next)
        functions[i] = (CUfunction)function;
    return strict_leave(CUDA_SUCCESS);
}

static struct function *function_of(CUfunction handle)
{
    struct function *function = (struct function *)handle;
    bool good = function && function->magic == FUNCTION && function->module->magic == MODULE;
    return good ? function : NULL;
}

CUresult cuFuncGetName(const char **name, CUfunction handle)
{
    struct function *function = function_of(handle);
    *name = function ? function->name : NULL;
    return function ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset, size_t *bytes)
{
    struct function *function = function_of(handle);
    if (!function || index >= function->count)
        return CUDA_ERROR_INVALID_VALUE;
    *offset = function->parameters[index].offset;
    *bytes = function->parameters[index].bytes;
    return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction handle)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct function *function = function_of(handle);
    if (!function)
        return strict_leave(CUDA_ERROR_INVALID_HANDLE);
    status = load(context, function);
    int values[] = {function->most_threads, function->own_shared, 0, 0, 16, 70, 90, 0, function->most_dynamic, -1, 0, 0, 0, 0, 0, 0};
    if (attribute < 0 || (size_t)attribute >= sizeof values / sizeof *values)
        return strict_leave(CUDA_ERROR_INVALID_VALUE);
    *value = values[attribute];
    return strict_leave(status);
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute, int value)
{
    CUresult status;
    if (!strict_enter(&status))
        return status;
    struct function *function = function_of(handle);
    bool good = function && attribute == 8 && value >= 0 && value <= MOST_SHARED - function->own_shared;
    if (good)
        function->most_dynamic = value;
    return strict_leave(good || (function && attribute == 9) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

static int occupancy(const struct function *function, int block, size_t dynamic)
{
    int by_threads = 2048 / ((block + 31) / 32 * 32);
    size_t shared = (size_t)function->own_shared + dynamic + 1024;
    int by_shared = (int)(MULTIPROCESSOR_SHARED / shared);
    int fit = by_threads < by_shared ? by_threads : by_shared;
    return fit < 32 ? fit : 32;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction handle, int block, size_t dynamic,
                                                              unsigned int flags)
{
    (void)flags;
    struct function *function = function_of(handle);
    if (!function || block <= 0 || block > 1024)
        return CUDA_ERROR_INVALID_VALUE;
    *blocks = dynamic > (size_t)function->most_dynamic ? 0 : occupancy(function, block, dynamic);
    return CUDA_SUCCESS;
}

/* Parameters come packed in "extra": pointer (1), size (2), end (0). */
static bool take_parameters(struct work *work, void **extra)
{
    const void *bytes = NULL;
    size_t size = 0;
    for (; extra && (uint64_t)extra[0]; extra += 2) {
        if ((uint64_t)extra[0] == 1)
            bytes = extra[1];
        else if ((uint64_t)extra[0] == 2)
            size = *(const size_t *)extra[1];
    }
    if (size != work->function->bytes)
        return false;
    work->parameters = malloc(size + 1);
    memcpy(work->parameters, bytes, size);
    return true;
}

static CUresult check(const struct work *work, const struct stream *stream, unsigned shared, bool cooperative)
{
    const struct function *function = work->function;
    uint64_t threads = (uint64_t)work->block[0] * work->block[1] * work->block[2];
    uint64_t blocks = (uint64_t)work->grid[0] * work->grid[1] * work->grid[2];
    if (function->module->context != stream->context)
        return CUDA_ERROR_INVALID_HANDLE;
    if (!threads || !blocks || threads > (uint64_t)function->most_threads || (int)shared > function->most_dynamic)
        return CUDA_ERROR_INVALID_VALUE;
    if (cooperative && blocks > (uint64_t)occupancy(function, (int)threads, shared) * MULTIPROCESSORS)
        return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
    return kernel_known(function) ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED;
}

static CUresult launch(CUfunction handle, const unsigned grid[3], const unsigned block[3], unsigned shared,
                       CUstream stream_handle, bool cooperative, void **extra)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct stream *stream = stream_of(stream_handle, context, &status);
    struct function *function = function_of(handle);
    if (stream && (!function || stream->context != context))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status)
        return strict_leave(status);
    status = load(context, function);
    struct work *work = calloc(1, sizeof *work);
    work->kind = KERNEL;
    work->function = function;
    memcpy(work->grid, grid, sizeof work->grid);
    memcpy(work->block, block, sizeof work->block);
    if (!status && !take_parameters(work, extra))
        status = CUDA_ERROR_INVALID_VALUE;
    if (!status)
        status = check(work, stream, shared, cooperative);
    if (!status)
        status = stream_add(stream, work);
    return strict_leave(status);
}

CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
                        unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared,
                        CUstream stream, void **parameters, void **extra)
{
    const unsigned grid[3] = {grid_x, grid_y, grid_z}, block[3] = {block_x, block_y, block_z};
    if (parameters)
        return CUDA_ERROR_NOT_SUPPORTED;
    return launch(function, grid, block, shared, stream, false, extra);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction function, void **parameters, void **extra)
{
    const unsigned grid[3] = {c->gridDimX, c->gridDimY, c->gridDimZ};
    const unsigned block[3] = {c->blockDimX, c->blockDimY, c->blockDimZ};
    bool cooperative = false;
    if (parameters)
        return CUDA_ERROR_NOT_SUPPORTED;
    for (unsigned i = 0; i < c->numAttrs; i++) {
        const uint8_t *value = (const uint8_t *)&c->attrs[i].value;
        cooperative = cooperative || (c->attrs[i].id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE && *value);
    }
    return launch(function, grid, block, c->sharedMemBytes, c->hStream, cooperative, extra);
}
