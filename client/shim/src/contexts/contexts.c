#include "contexts/contexts.h"

#include <stdlib.h>
#include <string.h>

#include "bf_requests.h"
#include "memory/allocations.h"
#include "objects/children.h"
#include "program/refusals.h"
#include "program/threads.h"
#include "program/ranks.h"

/* Making, retaining, resetting of primary contexts; recursive because destructors of context-local
 * values call the driver. */
static pthread_mutex_t primaries = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static _Atomic uint64_t next_id = 1;

static CUcontext handle_of(const struct bf_context *context)
{
    return (CUcontext)(uintptr_t)context->object.handle;
}

/* A fresh handle for the wire; it names nothing here. */
static uint64_t fresh_wire(const struct bf_device *device)
{
    static _Atomic uint64_t serial = 1;
    return (uint64_t)device->worker->index << 56 | (uint64_t)BF_CONTEXT << 48 |
           (uint64_t)0xc << 44 | atomic_fetch_add(&serial, 1);
}

static CUresult create(struct bf_context *context)
{
    struct bf_context_create m = {fresh_wire(context->device), context->device->index,
                                  context->flags, context->primary};
    CUresult status = bf_send_context_create(bf_connection_of(context), &m);
    if (status == CUDA_SUCCESS) {
        atomic_store(&context->sticky, CUDA_SUCCESS);
        atomic_store(&context->wire, m.context);
    }
    return status;
}

/* Ends what the worker has of a context and all that lived in it. The handle stays. */
static void destroy(struct bf_context *context)
{
    uint64_t wire = atomic_exchange(&context->wire, 0);
    if (!wire)
        return;
    bf_children_end(wire);
    bf_allocations_forget(context, wire);
    while (context->locals) {
        struct bf_local_value *local = context->locals;
        context->locals = local->next;
        if (local->destructor)
            local->destructor(handle_of(context), local->key, local->value);
        free(local);
    }
    struct bf_context_destroy m = {wire};
    bf_send_context_destroy(bf_connection_of(context), &m);
}

static struct bf_context *make(struct bf_device *device, unsigned flags, bool primary)
{
    struct bf_context *context = bf_object_new(BF_CONTEXT, device->worker->index);
    if (context) {
        context->device = device;
        context->flags = flags;
        context->primary = primary;
        context->api_version = 3020;
        context->id = atomic_fetch_add(&next_id, 1);
    }
    return context;
}

/* The device's primary context, active or not. Called with the lock. */
static struct bf_context *primary_of(struct bf_device *device)
{
    if (!device->primary) {
        device->primary = make(device, 0, true);
        if (device->primary)
            bf_object_publish(device->primary);
    }
    return device->primary;
}

CUresult bf_primary_handle(struct bf_device *device, struct bf_context **found)
{
    bf_lock(&primaries, BF_PRIMARY);
    *found = primary_of(device);
    bf_unlock(&primaries, BF_PRIMARY);
    return *found ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult bf_primary_retain(struct bf_device *device, struct bf_context **found)
{
    CUresult status = CUDA_ERROR_OUT_OF_MEMORY;
    bf_lock(&primaries, BF_PRIMARY);
    struct bf_context *context = primary_of(device);
    if (context) {
        status = atomic_load(&context->wire) ? CUDA_SUCCESS : create(context);
        context->references += status == CUDA_SUCCESS ? 1 : 0;
    }
    bf_unlock(&primaries, BF_PRIMARY);
    *found = context;
    return status;
}

CUresult bf_cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice ordinal)
{
    struct bf_device *device;
    struct bf_context *context;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = out ? bf_device_of(ordinal, &device) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_primary_retain(device, &context);
    if (status == CUDA_SUCCESS)
        *out = handle_of(context);
    return status;
}

CUresult bf_cuDevicePrimaryCtxRelease_v2(CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status != CUDA_SUCCESS)
        return status;
    bf_lock(&primaries, BF_PRIMARY);
    struct bf_context *context = primary_of(device);
    if (!context || !context->references)
        status = CUDA_ERROR_INVALID_CONTEXT;
    else if (--context->references == 0)
        destroy(context);
    bf_unlock(&primaries, BF_PRIMARY);
    return status;
}

CUresult bf_cuDevicePrimaryCtxReset_v2(CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status != CUDA_SUCCESS)
        return status;
    bf_lock(&primaries, BF_PRIMARY);
    struct bf_context *context = primary_of(device);
    if (context) {
        destroy(context);
        context->references = 0;
    }
    bf_unlock(&primaries, BF_PRIMARY);
    return status;
}

CUresult bf_cuDevicePrimaryCtxSetFlags_v2(CUdevice ordinal, unsigned int flags)
{
    struct bf_device *device;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status == CUDA_SUCCESS && (flags & ~(unsigned)CU_CTX_FLAGS_MASK))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    bf_lock(&primaries, BF_PRIMARY);
    struct bf_context *context = primary_of(device);
    if (context)
        context->flags = flags;
    else
        status = CUDA_ERROR_OUT_OF_MEMORY;
    bf_unlock(&primaries, BF_PRIMARY);
    return status;
}

CUresult bf_cuDevicePrimaryCtxGetState(CUdevice ordinal, unsigned int *flags, int *active)
{
    struct bf_device *device;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = flags && active ? bf_device_of(ordinal, &device) : CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    bf_lock(&primaries, BF_PRIMARY);
    const struct bf_context *context = device->primary;
    *flags = context ? context->flags : 0;
    *active = context && atomic_load(&context->wire);
    bf_unlock(&primaries, BF_PRIMARY);
    return status;
}

CUresult bf_push(uint64_t handle)
{
    struct bf_thread *thread = bf_thread_self();
    if (!thread)
        return CUDA_ERROR_OUT_OF_MEMORY;
    if (thread->depth == thread->capacity) {
        size_t capacity = thread->capacity ? 2 * thread->capacity : 8;
        uint64_t *stack = realloc(thread->stack, capacity * sizeof *stack);
        if (!stack)
            return CUDA_ERROR_OUT_OF_MEMORY;
        thread->stack = stack;
        thread->capacity = capacity;
    }
    thread->stack[thread->depth++] = handle;
    return CUDA_SUCCESS;
}

CUresult bf_cuCtxCreate_v2(CUcontext *out, unsigned int flags, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!out || (flags & ~(unsigned)CU_CTX_FLAGS_MASK)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_context *context = make(device, flags, false);
    if (!context)
        return CUDA_ERROR_OUT_OF_MEMORY;
    status = create(context);
    if (status == CUDA_SUCCESS) {
        bf_object_publish(context);
        status = bf_push(context->object.handle);
        *out = handle_of(context);
    } else {
        bf_object_release(BF_CONTEXT, context);
    }
    return status;
}

CUresult bf_cuCtxCreate_v3(CUcontext *out, CUexecAffinityParam *affinities, int count,
                           unsigned int flags, CUdevice ordinal)
{
    (void)affinities;
    return count ? CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY : bf_cuCtxCreate_v2(out, flags, ordinal);
}

CUresult bf_cuCtxCreate_v4(CUcontext *out, CUctxCreateParams *parameters, unsigned int flags,
                           CUdevice ordinal)
{
    if (parameters && parameters->numExecAffinityParams)
        return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
    if (parameters && parameters->cigParams)
        return bf_refused("cuCtxCreate for graphics (CIG)");
    return bf_cuCtxCreate_v2(out, flags, ordinal);
}

CUresult bf_cuCtxDestroy_v2(CUcontext handle)
{
    CUresult status = bf_ready();
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_context *context = bf_object_find(BF_CONTEXT, (uint64_t)(uintptr_t)handle);
    if (!context || context->primary)
        return CUDA_ERROR_INVALID_CONTEXT;
    if (!bf_object_close(context))
        return CUDA_ERROR_INVALID_CONTEXT;
    destroy(context);
    struct bf_thread *thread = bf_thread_self();
    if (thread && thread->depth && thread->stack[thread->depth - 1] == (uint64_t)(uintptr_t)handle)
        thread->depth--;
    bf_object_release(BF_CONTEXT, context);
    return CUDA_SUCCESS;
}

CUresult bf_cuCtxAttach(CUcontext *out, unsigned int flags)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!out || flags))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *out = handle_of(context);
    return status;
}

CUresult bf_cuCtxDetach(CUcontext handle)
{
    struct bf_context *context = bf_object_find(BF_CONTEXT, (uint64_t)(uintptr_t)handle);
    return context && context->primary ? bf_ready() : bf_cuCtxDestroy_v2(handle);
}

CUresult bf_cuCtxPushCurrent_v2(CUcontext handle)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !bf_object_find(BF_CONTEXT, (uint64_t)(uintptr_t)handle))
        status = CUDA_ERROR_INVALID_CONTEXT;
    return status == CUDA_SUCCESS ? bf_push((uint64_t)(uintptr_t)handle) : status;
}

CUresult bf_cuCtxPopCurrent_v2(CUcontext *out)
{
    CUresult status = bf_ready();
    struct bf_thread *thread = bf_thread_self();
    if (status == CUDA_SUCCESS && (!thread || !thread->depth))
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (status == CUDA_SUCCESS) {
        thread->depth--;
        if (out)
            *out = (CUcontext)(uintptr_t)thread->stack[thread->depth];
    }
    return status;
}

CUresult bf_cuCtxSetCurrent(CUcontext handle)
{
    CUresult status = bf_ready();
    struct bf_thread *thread = bf_thread_self();
    if (status == CUDA_SUCCESS && !thread)
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS && handle &&
        !bf_object_find(BF_CONTEXT, (uint64_t)(uintptr_t)handle))
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (status != CUDA_SUCCESS)
        return status;
    if (thread->depth)
        thread->depth--;
    return handle ? bf_push((uint64_t)(uintptr_t)handle) : CUDA_SUCCESS;
}

CUresult bf_cuCtxGetCurrent(CUcontext *out)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !out)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const struct bf_thread *thread = bf_thread_self();
        *out =
            (CUcontext)(uintptr_t)(thread && thread->depth ? thread->stack[thread->depth - 1] : 0);
    }
    return status;
}
