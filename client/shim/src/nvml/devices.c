/* Which devices there are, what they are, and their memory. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "nvml/state.h"

/* ---- Which device ---- */
static nvmlDevice_t handle_of(unsigned index)
{
    return (nvmlDevice_t)(uintptr_t)(index + 1);
}

NVML nvmlDeviceGetCount_v2(unsigned *count)
{
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS && !count)
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *count = bf_nvml_known.count;
    return bf_nvml_leave(result);
}

NVML nvmlDeviceGetCount(unsigned *count)
{
    return nvmlDeviceGetCount_v2(count);
}

NVML nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *out)
{
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS && (!out || index >= bf_nvml_known.count))
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *out = handle_of(index);
    return bf_nvml_leave(result);
}

NVML nvmlDeviceGetHandleByIndex(unsigned index, nvmlDevice_t *out)
{
    return nvmlDeviceGetHandleByIndex_v2(index, out);
}

static void uuid_text(const uint8_t uuid[16], char text[41])
{
    char *out = text + sprintf(text, "GPU-");
    for (int i = 0; i < 16; i++)
        out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

static bool is_uuid(const struct bf_nvml_device *device, const char *text)
{
    char own[41];
    uuid_text(device->uuid, own);
    return !strcasecmp(own, text);
}

/* The domain may have four digits or eight. */
static bool read_place(const char *text, unsigned place[4])
{
    char end;
    return sscanf(text, "%x:%x:%x.%x%c", &place[0], &place[1], &place[2], &place[3], &end) == 4;
}

static bool is_place(const struct bf_nvml_device *device, const char *text)
{
    unsigned own[4], wanted[4];
    return read_place(device->pci_bus_id, own) && read_place(text, wanted) &&
           !memcmp(own, wanted, sizeof own);
}

static nvmlReturn_t find_by(bool (*is)(const struct bf_nvml_device *, const char *),
                            const char *text, nvmlDevice_t *out)
{
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS)
        result = text && out ? NVML_ERROR_NOT_FOUND : NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; result == NVML_ERROR_NOT_FOUND && i < bf_nvml_known.count; i++) {
        if (is(&bf_nvml_known.devices[i], text)) {
            *out = handle_of(i);
            result = NVML_SUCCESS;
        }
    }
    return bf_nvml_leave(result);
}

NVML nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *out)
{
    return find_by(is_uuid, uuid, out);
}

NVML nvmlDeviceGetHandleByPciBusId_v2(const char *place, nvmlDevice_t *out)
{
    return find_by(is_place, place, out);
}

NVML nvmlDeviceGetHandleByPciBusId(const char *place, nvmlDevice_t *out)
{
    return find_by(is_place, place, out);
}

/* ---- What a device is ---- */
NVML nvmlDeviceGetName(nvmlDevice_t handle, char *name, unsigned length)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS && (result = bf_nvml_find(handle, &device)) == NVML_SUCCESS)
        result = bf_nvml_text(name, length, device->name);
    return bf_nvml_leave(result);
}

NVML nvmlDeviceGetUUID(nvmlDevice_t handle, char *uuid, unsigned length)
{
    struct bf_nvml_device *device;
    char text[41];
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS && (result = bf_nvml_find(handle, &device)) == NVML_SUCCESS) {
        uuid_text(device->uuid, text);
        result = bf_nvml_text(uuid, length, text);
    }
    return bf_nvml_leave(result);
}

NVML nvmlDeviceGetIndex(nvmlDevice_t handle, unsigned *index) { return bf_nvml_index(handle, index); }
NVML nvmlDeviceGetMinorNumber(nvmlDevice_t handle, unsigned *number) { return bf_nvml_index(handle, number); }

NVML nvmlDeviceGetPciInfo_v3(nvmlDevice_t handle, nvmlPciInfo_t *out)
{
    struct bf_nvml_device *device;
    unsigned place[4];
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS)
        result = out ? bf_nvml_find(handle, &device) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS && !read_place(device->pci_bus_id, place))
        result = NVML_ERROR_NOT_SUPPORTED;
    if (result == NVML_SUCCESS) {
        memset(out, 0, sizeof *out);
        snprintf(out->busIdLegacy, sizeof out->busIdLegacy, "%04X:%02X:%02X.%X", place[0] & 0xffff,
                 place[1] & 0xff, place[2] & 0xff, place[3] & 0xf);
        snprintf(out->busId, sizeof out->busId, "%08X:%02X:%02X.%X", place[0], place[1] & 0xff,
                 place[2] & 0xff, place[3] & 0xf);
        out->domain = place[0];
        out->bus = place[1];
        out->device = place[2];
    }
    return bf_nvml_leave(result);
}

NVML nvmlDeviceGetPciInfoExt(nvmlDevice_t handle, nvmlPciInfoExt_t *out)
{
    nvmlPciInfo_t whole;
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (out->version != NVML_PCI_INFO_EXT_V1)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlReturn_t result = nvmlDeviceGetPciInfo_v3(handle, &whole);
    if (result == NVML_SUCCESS) {
        memset(out, 0, sizeof *out);
        out->version = NVML_PCI_INFO_EXT_V1;
        out->domain = whole.domain;
        out->bus = whole.bus;
        out->device = whole.device;
        memcpy(out->busId, whole.busId, sizeof out->busId);
    }
    return result;
}

NVML nvmlDeviceGetPciInfo_v2(nvmlDevice_t handle, nvmlPciInfo_v2_t *out)
{
    nvmlPciInfo_t whole;
    nvmlReturn_t result = out ? nvmlDeviceGetPciInfo_v3(handle, &whole) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS) {
        memset(out, 0, sizeof *out);
        memcpy(out->busId, whole.busIdLegacy, sizeof out->busId);
        out->domain = whole.domain;
        out->bus = whole.bus;
        out->device = whole.device;
    }
    return result;
}

NVML nvmlDeviceGetPciInfo(nvmlDevice_t handle, nvmlPciInfo_v2_t *out)
{
    return nvmlDeviceGetPciInfo_v2(handle, out);
}

NVML nvmlDeviceGetCudaComputeCapability(nvmlDevice_t handle, int *major, int *minor)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS)
        result = major && minor ? bf_nvml_find(handle, &device) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS) {
        *major = (int)device->compute_major;
        *minor = (int)device->compute_minor;
    }
    return bf_nvml_leave(result);
}

/* Any number of programs may use it. */
NVML nvmlDeviceGetComputeMode(nvmlDevice_t handle, unsigned *mode)
{
    unsigned index;
    nvmlReturn_t result = mode ? bf_nvml_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *mode = 0;
    return result;
}

NVML nvmlDeviceIsMigDeviceHandle(nvmlDevice_t handle, unsigned *is)
{
    unsigned index;
    nvmlReturn_t result = is ? bf_nvml_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *is = 0;
    return result;
}

/* ---- Its memory ---- */
static nvmlReturn_t memory_of(nvmlDevice_t handle, nvmlMemory_t *out)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS && (result = bf_nvml_find_now(handle, &device)) == NVML_SUCCESS) {
        uint64_t used = device->used_bytes < device->share_bytes ? device->used_bytes
                                                                 : device->share_bytes;
        *out = (nvmlMemory_t){device->share_bytes, device->share_bytes - used, used};
    }
    return bf_nvml_leave(result);
}

NVML nvmlDeviceGetMemoryInfo(nvmlDevice_t handle, nvmlMemory_t *out)
{
    return out ? memory_of(handle, out) : NVML_ERROR_INVALID_ARGUMENT;
}

NVML nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t handle, nvmlMemory_v2_t *out)
{
    nvmlMemory_t memory;
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (out->version != NVML_MEMORY_V2)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlReturn_t result = memory_of(handle, &memory);
    if (result == NVML_SUCCESS) {
        out->total = memory.total;
        out->reserved = 0;
        out->free = memory.free;
        out->used = memory.used;
    }
    return result;
}


/* ---- How it is connected with others ---- */
/* NCCL asks of every pair, a device with itself too, and begins only where it is answered. */
NVML nvmlDeviceGetP2PStatus(nvmlDevice_t one, nvmlDevice_t other, unsigned capability, unsigned *status)
{
    enum { P2P_OK, P2P_NOT_SUPPORTED = 5 };
    unsigned index;
    (void)capability;
    nvmlReturn_t result = status ? bf_nvml_index(one, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        result = bf_nvml_index(other, &index);
    if (result == NVML_SUCCESS)
        *status = one == other ? P2P_OK : P2P_NOT_SUPPORTED;
    return result;
}
