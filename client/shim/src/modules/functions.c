#include "modules/functions.h"

#include <stdlib.h>
#include <string.h>

#include "bf_requests.h"

CUresult bf_function_make(struct bf_module *module, const struct bf_kernel_layout *layout,
                          struct bf_function **out)
{
    size_t length = strlen(layout->name);
    if (length > BF_MODULE_FUNCTION_NAME_MAX)
        return CUDA_ERROR_NOT_FOUND;
    struct bf_function *function =
        bf_object_new(BF_FUNCTION, module->context->device->worker->index);
    CUresult status = function ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS) {
        function->module = module;
        function->name = layout->name;
        function->layout = layout;
        function->max_dynamic_shared = -1;
        struct bf_module_function m = {function->object.handle, module->object.handle,
                                       bf_view_of(layout->name, length)};
        status = bf_send_module_function(bf_connection_of(module->context), &m);
    }
    if (status == CUDA_SUCCESS)
        bf_object_publish(function);
    else if (function)
        bf_object_release(BF_FUNCTION, function);
    *out = status == CUDA_SUCCESS ? function : NULL;
    return status;
}

void bf_function_forget(struct bf_function *function)
{
    if (bf_object_close(function)) {
        free(function->old_style);
        function->old_style = NULL;
        bf_object_release(BF_FUNCTION, function);
    }
}

CUresult bf_function_learn(struct bf_function *function)
{
    struct bf_answer answer;
    struct bf_function_attributes_answer a;
    if (atomic_load(&function->attributes_known))
        return CUDA_SUCCESS;
    struct bf_connection *c = bf_connection_of(function->module->context);
    struct bf_function_attributes m = {function->object.handle};
    CUresult status = bf_ask_function_attributes(c, &m, &a, &answer);
    if (status == CUDA_SUCCESS) {
        size_t count =
            a.values.count < BF_FUNCTION_ATTRIBUTES ? a.values.count : BF_FUNCTION_ATTRIBUTES;
        memcpy(function->attributes, a.values.data, count * sizeof(int32_t));
        atomic_store(&function->attributes_known, true);
    }
    bf_answer_free(&answer);
    return bf_outcome(function->module->context, status);
}

CUresult bf_function_dynamic_limit(struct bf_function *function, unsigned *bytes)
{
    const struct bf_device *device = function->module->context->device;
    int limit = device->attributes[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK];
    CUresult status = CUDA_SUCCESS;
    if (function->max_dynamic_shared >= 0) {
        limit = function->max_dynamic_shared;
    } else if (function->module->image->contents.uses_shared ||
               function->module->image->kind == BF_IMAGE_ELF) {
        status = bf_function_learn(function);
        limit -=
            status == CUDA_SUCCESS ? function->attributes[CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES] : 0;
    }
    *bytes = limit > 0 ? (unsigned)limit : 0;
    return status;
}

CUresult bf_function_attribute(struct bf_function *function, CUfunction_attribute attribute,
                               int *value)
{
    if ((unsigned)attribute >= CU_FUNC_ATTRIBUTE_MAX)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult status = bf_function_learn(function);
    if (status == CUDA_SUCCESS) {
        *value = function->attributes[attribute];
        if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
            unsigned bytes = 0;
            status = bf_function_dynamic_limit(function, &bytes);
            *value = (int)bytes;
        } else if (attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK &&
                   function->layout->max_threads && (int)function->layout->max_threads < *value) {
            *value = (int)function->layout->max_threads;
        }
    }
    return status;
}

static CUresult check_attribute(struct bf_function *function, CUfunction_attribute attribute,
                                int value)
{
    const int32_t *device = function->module->context->device->attributes;
    CUresult status = CUDA_SUCCESS;
    if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
        int most = device[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN];
        if (most < device[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK])
            most = device[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK];
        status = bf_function_learn(function);
        if (status == CUDA_SUCCESS &&
            (value < 0 || value > most - function->attributes[CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES]))
            status = CUDA_ERROR_INVALID_VALUE;
    } else if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) {
        status = value < -1 || value > 100 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
    } else if ((int)attribute < CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH ||
               (int)attribute >= CU_FUNC_ATTRIBUTE_MAX) {
        status = CUDA_ERROR_INVALID_VALUE;
    }
    return status;
}

CUresult bf_function_set_attribute(struct bf_function *function, CUfunction_attribute attribute,
                                   int value)
{
    CUresult status = check_attribute(function, attribute, value);
    if (status != CUDA_SUCCESS)
        return status;
    if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
        function->max_dynamic_shared = value;
    if (atomic_load(&function->attributes_known))
        function->attributes[attribute] = value;
    atomic_fetch_add(&function->settings, 1);
    struct bf_function_set_attribute m = {function->object.handle, (uint32_t)attribute, value};
    return bf_send_function_set_attribute(bf_connection_of(function->module->context), &m);
}
