/* What a pointer is: device memory, page-locked host memory, or neither. */
#include <string.h>

#include "memory/allocations.h"
#include "memory/pinned.h"

struct pointer {
    bool device, pinned;
    struct bf_allocation allocation;
    struct bf_pinned range;
    CUdeviceptr address;
};

static struct pointer look_at(CUdeviceptr address)
{
    struct pointer p = {.address = address};
    p.device = bf_allocation_find(address, &p.allocation);
    p.pinned = !p.device && bf_pinned_find((const void *)(uintptr_t)address, &p.range);
    return p;
}

static const struct bf_device *device_of(const struct pointer *p)
{
    const struct bf_context *context =
        p->device ? p->allocation.context : bf_object_find(BF_CONTEXT, p->range.context);
    return context ? context->device : NULL;
}

/* What of a pointer of ours can be answered without regard to its kind. */
static CUresult plain_attribute(const struct pointer *p, CUpointer_attribute attribute, void *data)
{
    const struct bf_device *device = device_of(p);
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
        *(CUcontext *)data =
            (CUcontext)(uintptr_t)(p->device ? p->allocation.kind == BF_STREAM_ORDERED
                                                   ? 0
                                                   : p->allocation.context->object.handle
                                             : p->range.context);
        break;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *(unsigned *)data = p->device ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST;
        break;
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
        *(unsigned long long *)data = p->device ? p->allocation.id : p->range.id;
        break;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        *(int *)data = device ? bf_ordinal_of(device) : 0;
        break;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
        *(CUdeviceptr *)data = p->device ? p->allocation.base : p->range.base;
        break;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
        *(size_t *)data = p->device ? p->allocation.bytes : p->range.bytes;
        break;
    case CU_POINTER_ATTRIBUTE_MAPPED:
        *(unsigned *)data = 1;
        break;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
        *(unsigned *)data = 0;
        break;
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
        *(unsigned long long *)data = 0;
        break;
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
        *(unsigned *)data = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
        break;
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
        *(CUmemoryPool *)data = (CUmemoryPool)(uintptr_t)(p->device ? p->allocation.pool : 0);
        break;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

static CUresult attribute_of(const struct pointer *p, CUpointer_attribute attribute, void *data)
{
    CUresult status = CUDA_SUCCESS;
    if (!p->device && !p->pinned)
        status = CUDA_ERROR_INVALID_VALUE;
    else if (attribute == CU_POINTER_ATTRIBUTE_DEVICE_POINTER && p->device)
        *(CUdeviceptr *)data = p->address;
    else if (attribute == CU_POINTER_ATTRIBUTE_DEVICE_POINTER)
        status = CUDA_ERROR_INVALID_VALUE; /* host memory is not mapped into the device */
    else if (attribute == CU_POINTER_ATTRIBUTE_HOST_POINTER && p->pinned)
        *(void **)data = (void *)(uintptr_t)p->address;
    else if (attribute == CU_POINTER_ATTRIBUTE_HOST_POINTER)
        status = CUDA_ERROR_INVALID_VALUE;
    else
        status = plain_attribute(p, attribute, data);
    return status;
}

CUresult bf_cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr address)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !data)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct pointer p = look_at(address);
        status = attribute_of(&p, attribute, data);
    }
    return status;
}

/* What an attribute of unknown memory, or one that does not apply, reads as. */
static void no_value(CUpointer_attribute attribute, void *data)
{
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
        memset(data, 0, 8);
        break;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        *(int *)data = -2;
        break;
    default:
        memset(data, 0, 4);
    }
}

CUresult bf_cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes, void **data,
                                   CUdeviceptr address)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!count || !attributes || !data))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    struct pointer p = look_at(address);
    for (unsigned i = 0; i < count; i++) {
        if ((int)attributes[i] < CU_POINTER_ATTRIBUTE_CONTEXT ||
            (int)attributes[i] > CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE ||
            attributes[i] == CU_POINTER_ATTRIBUTE_P2P_TOKENS || !data[i])
            return CUDA_ERROR_INVALID_VALUE;
        if (attribute_of(&p, attributes[i], data[i]) != CUDA_SUCCESS)
            no_value(attributes[i], data[i]);
    }
    return CUDA_SUCCESS;
}

CUresult bf_cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
                                  CUdeviceptr address)
{
    CUresult status = bf_ready();
    struct bf_allocation allocation;
    if (status == CUDA_SUCCESS && (!value || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS ||
                                   !bf_allocation_find(address, &allocation)))
        status = CUDA_ERROR_INVALID_VALUE;
    return status;
}
