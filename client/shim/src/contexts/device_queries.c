/* What the program asks of a device, all answered from the snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "objects/state.h"

static CUresult begin(const void *out, CUdevice ordinal, struct bf_device **device)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !out)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? bf_device_of(ordinal, device) : status;
}

CUresult bf_cuDeviceGetCount(int *count)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *count = bf_state.device_count;
    return status;
}

CUresult bf_cuDeviceGet(CUdevice *out, int ordinal)
{
    struct bf_device *device;
    CUresult status = begin(out, ordinal, &device);
    if (status == CUDA_SUCCESS)
        *out = ordinal;
    return status;
}

CUresult bf_cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(value, ordinal, &device);
    if (status == CUDA_SUCCESS && ((int)attribute < 1 || (int)attribute >= BF_ATTRIBUTES))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *value = device->attributes[attribute];
    return status;
}

CUresult bf_cuDeviceComputeCapability(int *major, int *minor, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(minor ? major : NULL, ordinal, &device);
    if (status == CUDA_SUCCESS) {
        *major = device->attributes[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR];
        *minor = device->attributes[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR];
    }
    return status;
}

static CUresult give_text(char *out, int length, const char *text)
{
    if (length <= 0)
        return CUDA_ERROR_INVALID_VALUE;
    snprintf(out, (size_t)length, "%s", text);
    return CUDA_SUCCESS;
}

CUresult bf_cuDeviceGetName(char *name, int length, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(name, ordinal, &device);
    return status == CUDA_SUCCESS ? give_text(name, length, device->name) : status;
}

CUresult bf_cuDeviceGetPCIBusId(char *text, int length, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(text, ordinal, &device);
    return status == CUDA_SUCCESS ? give_text(text, length, device->pci_bus_id) : status;
}

/* "[domain:]bus:device[.function]", hexadecimal. */
CUresult bf_cuDeviceGetByPCIBusId(CUdevice *out, const char *text)
{
    CUresult status = bf_ready();
    unsigned domain = 0, bus = 0, device = 0;
    if (status == CUDA_SUCCESS && (!out || !text))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    if (sscanf(text, "%x:%x:%x", &domain, &bus, &device) != 3) {
        domain = 0;
        if (sscanf(text, "%x:%x", &bus, &device) != 2)
            return CUDA_ERROR_INVALID_VALUE;
    }
    status = CUDA_ERROR_INVALID_DEVICE;
    for (int i = 0; i < bf_state.device_count && status != CUDA_SUCCESS; i++) {
        const int32_t *attributes = bf_state.devices[i]->attributes;
        if (attributes[CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID] == (int)domain &&
            attributes[CU_DEVICE_ATTRIBUTE_PCI_BUS_ID] == (int)bus &&
            attributes[CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID] == (int)device) {
            *out = i;
            status = CUDA_SUCCESS;
        }
    }
    return status;
}

CUresult bf_cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(uuid, ordinal, &device);
    if (status == CUDA_SUCCESS)
        memcpy(uuid->bytes, device->uuid, sizeof device->uuid);
    return status;
}

CUresult bf_cuDeviceGetLuid(char *luid, unsigned int *node_mask, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(node_mask ? luid : NULL, ordinal, &device);
    if (status == CUDA_SUCCESS) {
        memcpy(luid, &device->luid, sizeof device->luid);
        *node_mask = device->node_mask;
    }
    return status;
}

CUresult bf_cuDeviceTotalMem_v2(size_t *bytes, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(bytes, ordinal, &device);
    if (status == CUDA_SUCCESS)
        *bytes = device->total_bytes;
    return status;
}

CUresult bf_cuDeviceGetExecAffinitySupport(int *value, CUexecAffinityType type, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(value, ordinal, &device);
    if (status == CUDA_SUCCESS && (unsigned)type >= CU_EXEC_AFFINITY_TYPE_MAX)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *value = 0;
    return status;
}

CUresult bf_cuDeviceGetProperties(CUdevprop *p, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(p, ordinal, &device);
    if (status == CUDA_SUCCESS) {
        const int32_t *a = device->attributes;
        p->maxThreadsPerBlock = a[CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK];
        for (int i = 0; i < 3; i++) {
            p->maxThreadsDim[i] = a[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + i];
            p->maxGridSize[i] = a[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + i];
        }
        p->sharedMemPerBlock = a[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK];
        p->totalConstantMemory = a[CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY];
        p->SIMDWidth = a[CU_DEVICE_ATTRIBUTE_WARP_SIZE];
        p->memPitch = a[CU_DEVICE_ATTRIBUTE_MAX_PITCH];
        p->regsPerBlock = a[CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK];
        p->clockRate = a[CU_DEVICE_ATTRIBUTE_CLOCK_RATE];
        p->textureAlign = a[CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT];
    }
    return status;
}

CUresult bf_cuDeviceGetTexture1DLinearMaxWidth(size_t *width, CUarray_format format,
                                               unsigned int channels, CUdevice ordinal)
{
    struct bf_device *device;
    CUresult status = begin(width, ordinal, &device);
    if (status == CUDA_SUCCESS && (!channels || channels > 4 || !format))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *width = (size_t)device->attributes[CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH];
    return status;
}
