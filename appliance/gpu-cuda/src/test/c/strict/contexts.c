#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strict.h"

pthread_mutex_t strict_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t strict_changed = PTHREAD_COND_INITIALIZER;
CUresult strict_error;
uint64_t strict_generation = 1;
int strict_devices;

static bool initialised;

enum { STACK = 16 };
static _Thread_local struct {
    uint64_t generation;
    int depth;
    struct context *contexts[STACK];
} current;

_Thread_local bool strict_own_thread;

/* A caller that waits for the driver before strict_restart() waits for ever, as if its process had ended. */
void strict_wait(void)
{
    do
        pthread_cond_wait(&strict_changed, &strict_lock);
    while (!strict_own_thread && current.generation != strict_generation);
}

void strict_notify(void)
{
    pthread_cond_broadcast(&strict_changed);
}

static void lock(void)
{
    pthread_mutex_lock(&strict_lock);
    if (!current.generation)
        current.generation = strict_generation;
}

/* The caller belongs to what was before strict_restart(). */
static bool is_of_the_past(void)
{
    return current.generation != strict_generation;
}

CUresult strict_leave(CUresult status)
{
    pthread_mutex_unlock(&strict_lock);
    return status;
}

static CUresult ready(void)
{
    if (is_of_the_past())
        return CUDA_ERROR_DEINITIALIZED;
    return !initialised ? CUDA_ERROR_NOT_INITIALIZED : strict_error;
}

struct context *strict_enter(CUresult *status)
{
    lock();
    struct context *context = current.depth ? current.contexts[current.depth - 1] : NULL;
    *status = ready();
    if (!*status && !context)
        *status = CUDA_ERROR_INVALID_CONTEXT;
    if (!*status && !context->alive)
        *status = CUDA_ERROR_CONTEXT_IS_DESTROYED;
    if (!*status)
        return context;
    pthread_mutex_unlock(&strict_lock);
    return NULL;
}

CUresult strict_enter_alone(void)
{
    lock();
    return is_of_the_past() ? strict_leave(CUDA_ERROR_DEINITIALIZED) : CUDA_SUCCESS;
}

/* A new driver, as in a new process, of which the caller is the first thread. What the threads of the old one still do
 * goes on without effect. */
void strict_restart(void);
void strict_restart(void)
{
    lock();
    strict_error = CUDA_SUCCESS;
    initialised = false;
    context_stop(NULL);
    strict_generation++;
    current.generation = strict_generation;
    current.depth = 0;
    strict_notify();
    strict_leave(CUDA_SUCCESS);
}

CUresult cuInit(unsigned int flags)
{
    lock();
    if (is_of_the_past())
        return strict_leave(CUDA_ERROR_DEINITIALIZED);
    if (!initialised && !flags) {
        const char *devices = getenv("STRICT_DEVICES");
        strict_devices = devices ? atoi(devices) : 2;
        if (strict_devices > MOST_DEVICES)
            strict_devices = MOST_DEVICES;
        memory_start();
        initialised = true;
    }
    return strict_leave(flags ? CUDA_ERROR_INVALID_VALUE : strict_error);
}

CUresult cuDriverGetVersion(int *version)
{
    *version = 13000;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
    lock();
    *count = strict_devices;
    return strict_leave(initialised ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED);
}

static CUresult device_known(CUdevice device)
{
    return device >= 0 && device < strict_devices ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device)
{
    snprintf(name, (size_t)length, "Strict Test GPU %d", device);
    return device_known(device);
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
    memset(uuid, 0x57 + device, sizeof *uuid);
    return device_known(device);
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    static const struct {
        int attribute, value;
    } known[] = {
        {1, 1024},           {2, 1024},          {3, 1024},        {4, 64},   {5, 0x7fffffff},
        {6, 65535},          {7, 65535},         {8, BLOCK_SHARED}, {9, 65536}, {10, 32},
        {11, 0x7fffffff},    {12, 65536},        {13, 1000000},    {15, 1},   {16, MULTIPROCESSORS},
        {19, 1},             {31, 1},            {39, 2048},       {41, 1},   {75, 9},
        {76, 0},             {78, 1},            {81, MULTIPROCESSOR_SHARED}, {82, 65536},
        {83, 1},             {95, 1},            {97, MOST_SHARED}, {102, 1}, {106, 32},
        {115, 1},            {124, 1},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].attribute == (int)attribute) {
            *value = known[i].value;
            return device_known(device);
        }
    }
    *value = attribute == 33 ? device + 1 : 0;
    return (int)attribute < 1 || (int)attribute > 147 ? CUDA_ERROR_INVALID_VALUE : device_known(device);
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer)
{
    *can = device != peer;
    return device_known(device) ? CUDA_ERROR_INVALID_DEVICE : device_known(peer);
}

/* Stack, output and heap of kernels, depth and launches of kernels' own launches, L2 fetches. */
static const uint64_t default_limits[LIMITS] = {1024, 1 << 20, 8 << 20, 2, 2048, 64};

CUresult cuCtxCreate_v2(CUcontext *made, unsigned int flags, CUdevice device)
{
    (void)flags;
    lock();
    CUresult status = ready();
    if (!status)
        status = device_known(device);
    if (!status && current.depth == STACK)
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (!status) {
        struct context *context = calloc(1, sizeof *context);
        *context = (struct context){.magic = CONTEXT, .device = device, .alive = true};
        context->legacy = stream_make(context, 0);
        memcpy(context->limits, default_limits, sizeof default_limits);
        current.contexts[current.depth++] = context;
        *made = (CUcontext)context;
    }
    return strict_leave(status);
}

static struct context *context_of(CUcontext handle)
{
    struct context *context = (struct context *)handle;
    return context && context->magic == CONTEXT ? context : NULL;
}

CUresult cuCtxDestroy_v2(CUcontext handle)
{
    lock();
    struct context *context = context_of(handle);
    CUresult status = !context ? CUDA_ERROR_INVALID_CONTEXT
                               : context->alive ? ready() : CUDA_ERROR_CONTEXT_IS_DESTROYED;
    while (!status && !context_idle(context)) {
        strict_wait();
        status = ready();
    }
    if (context && context->alive) {
        context->alive = false;
        context_stop(context);
        modules_forget(context);
        if (current.depth && current.contexts[current.depth - 1] == context)
            current.depth--;
    }
    return strict_leave(status);
}

CUresult cuCtxSetCurrent(CUcontext handle)
{
    lock();
    struct context *context = context_of(handle);
    CUresult status = ready();
    if (!status && handle && (!context || !context->alive))
        status = context ? CUDA_ERROR_CONTEXT_IS_DESTROYED : CUDA_ERROR_INVALID_CONTEXT;
    if (!status && current.depth)
        current.depth--;
    if (!status && context)
        current.contexts[current.depth++] = context;
    return strict_leave(status);
}

CUresult cuCtxGetCurrent(CUcontext *handle)
{
    lock();
    *handle = (CUcontext)(current.depth ? current.contexts[current.depth - 1] : NULL);
    return strict_leave(ready());
}

CUresult cuCtxPopCurrent_v2(CUcontext *handle)
{
    lock();
    CUresult status = ready();
    if (!status && !current.depth)
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (!status) {
        current.depth--;
        if (handle)
            *handle = (CUcontext)current.contexts[current.depth];
    }
    return strict_leave(status);
}

CUresult cuCtxGetLimit(size_t *value, CUlimit limit)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    bool good = (unsigned)limit < LIMITS;
    *value = good ? context->limits[limit] : 0;
    return strict_leave(good ? CUDA_SUCCESS : CUDA_ERROR_UNSUPPORTED_LIMIT);
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    bool good = (unsigned)limit < LIMITS;
    if (good)
        context->limits[limit] = limit == 5 && value > 128 ? 128 : value;
    return strict_leave(good ? CUDA_SUCCESS : CUDA_ERROR_UNSUPPORTED_LIMIT);
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct context *other = context_of(peer);
    bool good = !flags && other && other->alive && other->device != context->device;
    return strict_leave(good ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT);
}

CUresult cuCtxDisablePeerAccess(CUcontext peer)
{
    CUresult status;
    if (!strict_enter(&status))
        return status;
    return strict_leave(context_of(peer) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT);
}
