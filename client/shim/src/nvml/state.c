#include "nvml/state.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "program/ranks.h"

enum { FRESH_MILLISECONDS = 250 };

struct bf_nvml_use bf_nvml_known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned initialised;
static struct timespec asked;

/* ---- Beginning and end ---- */
/* In a child whose parent was asking just then: it begins anew. */
static void after_fork_in_child(void)
{
    if (pthread_mutex_trylock(&lock)) {
        lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
        memset(&bf_nvml_known, 0, sizeof bf_nvml_known); /* what another thread was changing is not given back */
        initialised = 0;
    } else {
        pthread_mutex_unlock(&lock);
    }
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork_in_child);
}

static nvmlReturn_t initialise(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    bf_lock(&lock, BF_NVML);
    bool good = initialised || bf_nvml_use_ask(&bf_nvml_known);
    if (good && !initialised++)
        clock_gettime(CLOCK_MONOTONIC, &asked);
    bf_unlock(&lock, BF_NVML);
    return good ? NVML_SUCCESS : NVML_ERROR_DRIVER_NOT_LOADED;
}

NVML nvmlInit_v2(void) { return initialise(); }
NVML nvmlInit(void) { return initialise(); }

NVML nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    return initialise();
}

NVML nvmlShutdown(void)
{
    bf_lock(&lock, BF_NVML);
    nvmlReturn_t result = initialised ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
    if (initialised && !--initialised)
        bf_nvml_use_free(&bf_nvml_known);
    bf_unlock(&lock, BF_NVML);
    return result;
}

static const char *error_text(nvmlReturn_t result)
{
    switch ((int)result) {
    case NVML_SUCCESS: return "Success";
    case NVML_ERROR_UNINITIALIZED: return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT: return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED: return "Not Supported";
    case NVML_ERROR_NOT_FOUND: return "Not Found";
    case NVML_ERROR_INSUFFICIENT_SIZE: return "Insufficient Size";
    case NVML_ERROR_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case NVML_ERROR_TIMEOUT: return "Timeout";
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: return "Argument version mismatch";
    default: return "Unknown Error";
    }
}

__attribute__((visibility("default"))) const char *nvmlErrorString(nvmlReturn_t result)
{
    return error_text(result);
}


/* ---- What is known, under the lock ---- */
nvmlReturn_t bf_nvml_enter(void)
{
    bf_lock(&lock, BF_NVML);
    return initialised ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

nvmlReturn_t bf_nvml_leave(nvmlReturn_t result)
{
    bf_unlock(&lock, BF_NVML);
    return result;
}

static void renew(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long passed = (now.tv_sec - asked.tv_sec) * 1000 + (now.tv_nsec - asked.tv_nsec) / 1000000;
    if (passed < FRESH_MILLISECONDS)
        return;
    bf_nvml_use_renew(&bf_nvml_known);
    clock_gettime(CLOCK_MONOTONIC, &asked);
}

nvmlReturn_t bf_nvml_find(nvmlDevice_t handle, struct bf_nvml_device **device)
{
    uintptr_t number = (uintptr_t)handle;
    if (!number || number > bf_nvml_known.count)
        return NVML_ERROR_INVALID_ARGUMENT;
    *device = &bf_nvml_known.devices[number - 1];
    return NVML_SUCCESS;
}

nvmlReturn_t bf_nvml_find_now(nvmlDevice_t handle, struct bf_nvml_device **device)
{
    nvmlReturn_t result = bf_nvml_find(handle, device);
    if (result == NVML_SUCCESS) {
        renew();
        result = (*device)->lost ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
    }
    return result;
}

nvmlReturn_t bf_nvml_text(char *out, unsigned length, const char *text)
{
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (strlen(text) >= length)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    memcpy(out, text, strlen(text) + 1);
    return NVML_SUCCESS;
}


nvmlReturn_t bf_nvml_index(nvmlDevice_t handle, unsigned *index)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS)
        result = index ? bf_nvml_find(handle, &device) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *index = (unsigned)(uintptr_t)handle - 1;
    return bf_nvml_leave(result);
}
