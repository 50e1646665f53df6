/* What a context is asked for and told, beyond being made, current and destroyed. */
#include <stdlib.h>

#include "contexts/context_queries.h"
#include "bf_requests.h"
#include "program/output.h"
#include "program/threads.h"
#include "streams/progress.h"

CUresult bf_cuCtxGetDevice(CUdevice *out)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status != CUDA_SUCCESS && status != CUDA_ERROR_INVALID_CONTEXT &&
        status != CUDA_ERROR_NOT_INITIALIZED && out) {
        /* an ended context still has its device */
        const struct bf_thread *thread = bf_thread_self();
        context = thread && thread->depth
                      ? bf_object_find(BF_CONTEXT, thread->stack[thread->depth - 1])
                      : NULL;
        status = context ? CUDA_SUCCESS : status;
    }
    if (status == CUDA_SUCCESS && !out)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *out = bf_ordinal_of(context->device);
    return status;
}

/* NULL means the current context. */
static CUresult given_or_current(CUcontext handle, struct bf_context **context)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = handle ? bf_context_of(handle, context) : bf_current(context);
    return status;
}

CUresult bf_cuCtxGetDevice_v2(CUdevice *out, CUcontext handle)
{
    struct bf_context *context;
    CUresult status = given_or_current(handle, &context);
    if (status == CUDA_SUCCESS && !out)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *out = bf_ordinal_of(context->device);
    return status;
}

CUresult bf_cuCtxGetApiVersion(CUcontext handle, unsigned int *version)
{
    struct bf_context *context;
    CUresult status = given_or_current(handle, &context);
    if (status == CUDA_SUCCESS && !version)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *version = context->api_version;
    return status;
}

CUresult bf_cuCtxGetId(CUcontext handle, unsigned long long *id)
{
    struct bf_context *context;
    CUresult status = given_or_current(handle, &context);
    if (status == CUDA_SUCCESS && !id)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *id = context->id;
    return status;
}

CUresult bf_cuCtxGetFlags(unsigned int *flags)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && !flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = context->flags;
    return status;
}

CUresult bf_cuCtxSetFlags(unsigned int flags)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (flags & ~(unsigned)CU_CTX_FLAGS_MASK))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        context->flags = flags;
    return status;
}

CUresult bf_cuCtxGetCacheConfig(CUfunc_cache *configuration)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && !configuration)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *configuration = context->cache;
    return status;
}

CUresult bf_cuCtxSetCacheConfig(CUfunc_cache configuration)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (unsigned)configuration > CU_FUNC_CACHE_PREFER_EQUAL)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        context->cache = configuration;
    return status;
}

CUresult bf_cuCtxGetSharedMemConfig(CUsharedconfig *configuration)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && !configuration)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *configuration = CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
    return status;
}

CUresult bf_cuCtxSetSharedMemConfig(CUsharedconfig configuration)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS &&
        (unsigned)configuration > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
        status = CUDA_ERROR_INVALID_VALUE;
    return status;
}

CUresult bf_cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS) {
        bool supported =
            context->device->attributes[CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED] != 0;
        if (least)
            *least = 0;
        if (greatest)
            *greatest = supported ? -5 : 0;
    }
    return status;
}

CUresult bf_cuCtxGetExecAffinity(CUexecAffinityParam *affinity, CUexecAffinityType type)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!affinity || (unsigned)type >= CU_EXEC_AFFINITY_TYPE_MAX))
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY : status;
}

CUresult bf_cuCtxResetPersistingL2Cache(void)
{
    struct bf_context *context;
    return bf_current(&context);
}

CUresult bf_cuCtxGetLimit(size_t *value, CUlimit limit)
{
    struct bf_context *context;
    struct bf_context_limit_answer a;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && (unsigned)limit >= CU_LIMIT_MAX)
        status = CUDA_ERROR_UNSUPPORTED_LIMIT;
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_connection *c = bf_connection_of(context);
    struct bf_context_limit m = {context->wire, (uint32_t)limit};
    status = bf_ask_context_limit(c, &m, &a);
    if (status == CUDA_SUCCESS)
        *value = a.value;
    return bf_outcome(context, status);
}

CUresult bf_cuCtxSetLimit(CUlimit limit, size_t value)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (unsigned)limit >= CU_LIMIT_MAX)
        status = CUDA_ERROR_UNSUPPORTED_LIMIT;
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_context_set_limit m = {context->wire, (uint32_t)limit, value};
    return bf_send_context_set_limit(bf_connection_of(context), &m);
}

static CUresult ask_to_synchronize(struct bf_context *context)
{
    struct bf_connection *c = bf_connection_of(context);
    uint64_t mark = bf_progress_mark(context);
    struct bf_context_synchronize m = {context->wire};
    CUresult status = bf_ask_context_synchronize(c, &m);
    if (status == CUDA_SUCCESS)
        bf_progress_context_reached(context, mark);
    return bf_outcome(context, status);
}

/* Waits unless all streams are known to be idle. */
static CUresult synchronize(struct bf_context *context)
{
    if (!bf_progress_context_idle(context))
        bf_receive_available(bf_connection_of(context));
    CUresult status =
        bf_progress_context_idle(context) ? CUDA_SUCCESS : ask_to_synchronize(context);
    bf_output_write();
    return bf_synchronised(context, status);
}

CUresult bf_cuCtxSynchronize(void)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    return status == CUDA_SUCCESS ? synchronize(context) : status;
}

CUresult bf_cuCtxSynchronize_v2(CUcontext handle)
{
    struct bf_context *context;
    CUresult status = given_or_current(handle, &context);
    return status == CUDA_SUCCESS ? synchronize(context) : status;
}

CUresult bf_context_synchronize(struct bf_context *context)
{
    return synchronize(context);
}
