/* What the program asks of a kernel and tells it. */
#include "modules/functions.h"
#include "modules/libraries.h"

static CUresult find(CUkernel handle, struct bf_kernel **kernel)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS) {
        *kernel = bf_object_find(BF_KERNEL, (uint64_t)(uintptr_t)handle);
        status = *kernel ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
    }
    return status;
}

static CUresult current_function(CUkernel handle, struct bf_function **function)
{
    struct bf_kernel *kernel;
    struct bf_context *context;
    CUresult status = find(handle, &kernel);
    if (status == CUDA_SUCCESS)
        status = bf_current(&context);
    return status == CUDA_SUCCESS ? bf_kernel_function(kernel, context, function) : status;
}

/* In the device's context: the current one if it is of that device, else the primary one. */
static CUresult function_on(CUkernel handle, CUdevice ordinal, struct bf_function **function)
{
    struct bf_kernel *kernel;
    struct bf_device *device;
    struct bf_context *context = NULL;
    CUresult status = find(handle, &kernel);
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status == CUDA_SUCCESS &&
        (bf_current(&context) != CUDA_SUCCESS || context->device != device)) {
        context = device->primary;
        status = context ? bf_context_usable(context) : CUDA_ERROR_INVALID_CONTEXT;
    }
    return status == CUDA_SUCCESS ? bf_kernel_function(kernel, context, function) : status;
}

CUresult bf_cuKernelGetFunction(CUfunction *out, CUkernel handle)
{
    struct bf_function *function;
    CUresult status = out ? current_function(handle, &function) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *out = (CUfunction)(uintptr_t)function->object.handle;
    return status;
}

CUresult bf_cuKernelGetLibrary(CUlibrary *library, CUkernel handle)
{
    struct bf_kernel *kernel;
    CUresult status = find(handle, &kernel);
    if (status == CUDA_SUCCESS && !library)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *library = (CUlibrary)(uintptr_t)kernel->library->object.handle;
    return status;
}

CUresult bf_cuKernelGetName(const char **name, CUkernel handle)
{
    struct bf_kernel *kernel;
    CUresult status = find(handle, &kernel);
    if (status == CUDA_SUCCESS && !name)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *name = kernel->name;
    return status;
}

CUresult bf_cuKernelGetParamInfo(CUkernel handle, size_t index, size_t *offset, size_t *bytes)
{
    struct bf_kernel *kernel;
    CUresult status = find(handle, &kernel);
    if (status != CUDA_SUCCESS)
        return status;
    const struct bf_kernel_layout *layout = bf_kernel_layout_of(kernel);
    if (!offset || !layout || index >= layout->parameter_count)
        return CUDA_ERROR_INVALID_VALUE;
    *offset = layout->parameters[index].offset;
    if (bytes)
        *bytes = layout->parameters[index].bytes;
    return CUDA_SUCCESS;
}

CUresult bf_cuKernelGetAttribute(int *value, CUfunction_attribute attribute, CUkernel handle,
                                 CUdevice device)
{
    struct bf_function *function;
    CUresult status = function_on(handle, device, &function);
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? bf_function_attribute(function, attribute, value) : status;
}

CUresult bf_cuKernelSetAttribute(CUfunction_attribute attribute, int value, CUkernel handle,
                                 CUdevice device)
{
    struct bf_function *function;
    CUresult status = function_on(handle, device, &function);
    return status == CUDA_SUCCESS ? bf_function_set_attribute(function, attribute, value) : status;
}

CUresult bf_cuKernelSetCacheConfig(CUkernel handle, CUfunc_cache configuration, CUdevice ordinal)
{
    struct bf_kernel *kernel;
    struct bf_device *device;
    CUresult status = find(handle, &kernel);
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status == CUDA_SUCCESS && (unsigned)configuration > CU_FUNC_CACHE_PREFER_EQUAL)
        status = CUDA_ERROR_INVALID_VALUE;
    return status;
}
