#include "objects/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "program/cancellation.h"
#include "contexts/devices.h"
#include "program/log.h"
#include "program/output.h"
#include "session/host_word.h"
#include "session/session.h"
#include "program/threads.h"
#include "program/ranks.h"

/* A child finds the phase ABSENT: it lies in a page that the kernel gives empty to every child with
 * memory of its own (MADV_WIPEONFORK), also to one that clone(2) makes without running the handlers
 * of pthread_atfork. Where the kernel cannot do that the handler alone tells. */
enum phase { ABSENT, FRESH, OPENED, INITIALISED, FAILED, FORKED };

struct bf_state bf_state;
static _Atomic int before_the_page = FRESH;
static _Atomic(_Atomic int *) phase_place = &before_the_page;
static bool was_initialised; /* here or in a parent */
static CUresult failure;
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static int phase(void)
{
    return atomic_load_explicit(atomic_load_explicit(&phase_place, memory_order_relaxed),
                                memory_order_acquire);
}

static void set_phase(int value)
{
    atomic_store(atomic_load(&phase_place), value);
}

/* In the child: the parent's connections are not ours, and no lock may be waited for. A child of a
 * process that had not called cuInit may start anew. */
static void forget_the_parent(bool own_descriptors)
{
    for (unsigned i = 0; i < bf_state.worker_count; i++)
        bf_connection_forget(&bf_state.workers[i]->connection, own_descriptors);
    if (own_descriptors)
        bf_host_word_close();
    else
        bf_host_word_forget();
    bf_output_forget();
    bf_state.worker_count = 0;
    bf_state.device_count = 0;
    opening = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    set_phase(was_initialised ? FORKED : FRESH);
}

static void after_fork_in_child(void)
{
    forget_the_parent(true);
}

static void watch_forks(void)
{
    void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_atfork(NULL, NULL, after_fork_in_child);
    if (page != MAP_FAILED) {
        madvise(page, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK);
        atomic_store((_Atomic int *)page, FRESH);
        atomic_store(&phase_place, page);
    }
}

bool bf_in_strange_child(void)
{
    return phase() == ABSENT;
}

CUresult bf_open(void)
{
    if (phase() == ABSENT) /* it may share its descriptors with the parent: they are left */
        forget_the_parent(false);
    if (phase() == FORKED)
        return CUDA_ERROR_NOT_INITIALIZED;
    int cancellation = bf_hold_cancellation();
    bf_lock(&opening, BF_OPENING);
    if (phase() == FRESH) {
        pthread_once(&fork_once, watch_forks);
        bf_log_prepare();
        const char *blocking = getenv("CUDA_LAUNCH_BLOCKING");
        bf_state.launch_blocking = blocking && atoi(blocking) == 1;
        failure = bf_session_open();
        if (failure == CUDA_SUCCESS)
            bf_devices_choose();
        set_phase(failure == CUDA_SUCCESS ? OPENED : FAILED);
    }
    bf_unlock(&opening, BF_OPENING);
    bf_allow_cancellation(cancellation);
    return phase() == FAILED ? failure : CUDA_SUCCESS;
}

CUresult bf_ready(void)
{
    if (phase() != INITIALISED)
        return CUDA_ERROR_NOT_INITIALIZED;
    const struct bf_thread *thread = bf_thread_self();
    return thread && thread->in_host_function ? CUDA_ERROR_NOT_PERMITTED : CUDA_SUCCESS;
}

CUresult bf_cuInit(unsigned int flags)
{
    if (flags)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult status = bf_open();
    if (status == CUDA_SUCCESS && !bf_state.device_count)
        status = CUDA_ERROR_NO_DEVICE;
    int opened = OPENED;
    if (status == CUDA_SUCCESS &&
        atomic_compare_exchange_strong(atomic_load(&phase_place), &opened, INITIALISED))
        was_initialised = true;
    return status;
}

CUresult bf_cuDriverGetVersion(int *driver_version)
{
    if (!driver_version)
        return CUDA_ERROR_INVALID_VALUE;
    *driver_version = bf_open() == CUDA_SUCCESS ? bf_state.driver_version : BF_DRIVER_VERSION;
    return CUDA_SUCCESS;
}

CUresult bf_context_usable(const struct bf_context *context)
{
    CUresult status = CUDA_SUCCESS;
    if (!atomic_load_explicit(&context->wire, memory_order_relaxed))
        status = CUDA_ERROR_CONTEXT_IS_DESTROYED;
    else if (atomic_load_explicit(&context->device->worker->connection.dead, memory_order_relaxed))
        status = CUDA_ERROR_DEVICE_UNAVAILABLE;
    else
        status = (CUresult)atomic_load_explicit(&context->sticky, memory_order_relaxed);
    return status;
}

CUresult bf_context_of(CUcontext handle, struct bf_context **context)
{
    *context = bf_object_find(BF_CONTEXT, (uint64_t)(uintptr_t)handle);
    return *context ? bf_context_usable(*context) : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult bf_current(struct bf_context **context)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS) {
        const struct bf_thread *thread = bf_thread_self();
        uint64_t handle = thread && thread->depth ? thread->stack[thread->depth - 1] : 0;
        *context = bf_object_find(BF_CONTEXT, handle);
        if (*context)
            status = bf_context_usable(*context);
        else
            status = handle ? CUDA_ERROR_CONTEXT_IS_DESTROYED : CUDA_ERROR_INVALID_CONTEXT;
    }
    return status;
}

static bool ends_context(CUresult status)
{
    switch ((int)status) {
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
        return true;
    default:
        return false;
    }
}

CUresult bf_outcome(struct bf_context *context, CUresult status)
{
    int none = CUDA_SUCCESS;
    if (ends_context(status))
        atomic_compare_exchange_strong(&context->sticky, &none, (int)status);
    return status;
}

void bf_fail_later(struct bf_context *context, CUresult status)
{
    int none = CUDA_SUCCESS;
    atomic_compare_exchange_strong(&context->untold, &none, (int)status);
}

CUresult bf_synchronised(struct bf_context *context, CUresult status)
{
    if (status == CUDA_SUCCESS &&
        atomic_load_explicit(&context->untold, memory_order_relaxed) != CUDA_SUCCESS)
        status = (CUresult)atomic_exchange(&context->untold, CUDA_SUCCESS);
    return status;
}
