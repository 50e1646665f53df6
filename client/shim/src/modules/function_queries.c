/* What the program asks of a function and tells it. */
#include "modules/functions.h"
#include "modules/libraries.h"

CUresult bf_cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction handle)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? bf_function_attribute(function, attribute, value) : status;
}

CUresult bf_cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute, int value)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    return status == CUDA_SUCCESS ? bf_function_set_attribute(function, attribute, value) : status;
}

CUresult bf_cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache configuration)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && (unsigned)configuration > CU_FUNC_CACHE_PREFER_EQUAL)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        function->cache = configuration;
    return status;
}

CUresult bf_cuFuncSetSharedMemConfig(CUfunction handle, CUsharedconfig configuration)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS &&
        (unsigned)configuration > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
        status = CUDA_ERROR_INVALID_VALUE;
    return status;
}

CUresult bf_cuFuncGetModule(CUmodule *module, CUfunction handle)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && !module)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *module = (CUmodule)(uintptr_t)function->module->object.handle;
    return status;
}

CUresult bf_cuFuncGetName(const char **name, CUfunction handle)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && !name)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *name = function->name;
    return status;
}

CUresult bf_cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset, size_t *bytes)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && (!offset || index >= function->layout->parameter_count))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        *offset = function->layout->parameters[index].offset;
        if (bytes)
            *bytes = function->layout->parameters[index].bytes;
    }
    return status;
}

CUresult bf_cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction handle)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && !state)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return status;
}

CUresult bf_cuFuncLoad(CUfunction handle)
{
    struct bf_function *function;
    return bf_function_find(handle, &function);
}
