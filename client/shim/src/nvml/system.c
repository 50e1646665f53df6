/* Versions, and events, of which none ever comes. */
#include <stdio.h>
#include <time.h>

#include "nvml/state.h"
#include "objects/state.h"
#include "session/session.h"

/* ---- The system ---- */
NVML nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS)
        result = bf_nvml_text(version, length, bf_nvml_known.driver);
    return bf_nvml_leave(result);
}

NVML nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    return bf_nvml_text(version, length, "12." BF_BUILD);
}

NVML nvmlSystemGetCudaDriverVersion(int *version)
{
    if (!version)
        return NVML_ERROR_INVALID_ARGUMENT;
    *version = bf_state.driver_version ? bf_state.driver_version : BF_DRIVER_VERSION;
    return NVML_SUCCESS;
}

NVML nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    return nvmlSystemGetCudaDriverVersion(version);
}


/* ---- Events ---- */
NVML nvmlDeviceGetSupportedEventTypes(nvmlDevice_t handle, unsigned long long *types)
{
    unsigned index;
    nvmlReturn_t result = types ? bf_nvml_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *types = 0;
    return result;
}

/* Who watches over a device's health takes it for broken where this fails. */
NVML nvmlDeviceRegisterEvents(nvmlDevice_t handle, unsigned long long types, nvmlEventSet_t set)
{
    unsigned index;
    (void)types;
    return set ? bf_nvml_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
}

NVML nvmlEventSetCreate(nvmlEventSet_t *out)
{
    static char set;
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    *out = (nvmlEventSet_t)&set;
    return NVML_SUCCESS;
}

NVML nvmlEventSetFree(nvmlEventSet_t set)
{
    return set ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t wait_for_nothing(nvmlEventSet_t set, unsigned milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    if (!set)
        return NVML_ERROR_INVALID_ARGUMENT;
    nanosleep(&time, NULL);
    return NVML_ERROR_TIMEOUT;
}

NVML nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t *data, unsigned milliseconds)
{
    (void)data;
    return wait_for_nothing(set, milliseconds);
}

NVML nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned milliseconds)
{
    (void)data;
    return wait_for_nothing(set, milliseconds);
}
