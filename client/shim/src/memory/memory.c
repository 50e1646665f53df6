/* Device memory: allocation, freeing, what is free. */
#include "memory/memory.h"

#include <stdlib.h>

#include "bf_requests.h"
#include "copies/late.h"
#include "memory/allocations.h"
#include "streams/progress.h"

enum { PITCH_ALIGNMENT = 512 };

static CUresult note(CUdeviceptr address, size_t bytes, enum bf_allocation_kind kind,
                     struct bf_context *context, uint64_t pool)
{
    struct bf_allocation allocation = {.base = address,
                                       .bytes = bytes,
                                       .kind = kind,
                                       .context = context,
                                       .owner = atomic_load(&context->wire),
                                       .pool = pool};
    return bf_allocation_given(allocation);
}

static CUresult allocate(struct bf_context *context, size_t bytes, CUdeviceptr *address)
{
    struct bf_mem_alloc_answer a;
    struct bf_connection *c = bf_connection_of(context);
    if (bytes > INT64_MAX) /* more than a worker's sizes can say */
        return CUDA_ERROR_OUT_OF_MEMORY;
    struct bf_mem_alloc m = {atomic_load(&context->wire), bytes, 0};
    CUresult status = bf_ask_mem_alloc(c, &m, &a);
    if (status == CUDA_SUCCESS)
        status = note(a.address, bytes, BF_PLAIN, context, 0);
    if (status == CUDA_SUCCESS)
        *address = a.address;
    return bf_outcome(context, status);
}

CUresult bf_cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!address || !bytes))
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? allocate(context, bytes, address) : status;
}

CUresult bf_cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width, size_t height,
                               unsigned int element)
{
    struct bf_context *context;
    size_t bytes;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!address || !pitch || !width || !height ||
                                   (element != 4 && element != 8 && element != 16)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    size_t row = (width + PITCH_ALIGNMENT - 1) / PITCH_ALIGNMENT * PITCH_ALIGNMENT;
    if (row < width || __builtin_mul_overflow(row, height, &bytes))
        return CUDA_ERROR_OUT_OF_MEMORY;
    status = allocate(context, bytes, address);
    if (status == CUDA_SUCCESS)
        *pitch = row;
    return status;
}

CUresult bf_cuMemFree_v2(CUdeviceptr address)
{
    struct bf_allocation allocation;
    CUresult status = bf_ready();
    if (status != CUDA_SUCCESS || !address)
        return status;
    if (!bf_allocation_find(address, &allocation))
        return CUDA_ERROR_INVALID_VALUE;
    status = bf_context_usable(allocation.context);
    if (status != CUDA_SUCCESS)
        return status;
    if (allocation.base == address) /* the worker does not know of it yet */
        bf_late_wait(address, address + allocation.bytes);
    if (!bf_allocation_remove(address, &allocation))
        return CUDA_ERROR_INVALID_VALUE;
    struct bf_mem_free m = {atomic_load(&allocation.context->wire), address};
    return bf_send_mem_free(bf_connection_of(allocation.context), &m);
}

CUresult bf_cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes)
{
    struct bf_context *context;
    struct bf_mem_info_answer a;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!free_bytes || !total_bytes))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_connection *c = bf_connection_of(context);
    struct bf_mem_info m = {atomic_load(&context->wire)};
    status = bf_ask_mem_info(c, &m, &a);
    if (status == CUDA_SUCCESS) {
        *free_bytes = a.free_bytes;
        *total_bytes = a.total_bytes;
    }
    return bf_outcome(context, status);
}

CUresult bf_cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr address)
{
    struct bf_allocation allocation;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !bf_allocation_find(address, &allocation))
        status = CUDA_ERROR_NOT_FOUND;
    if (status == CUDA_SUCCESS && base)
        *base = allocation.base;
    if (status == CUDA_SUCCESS && bytes)
        *bytes = allocation.bytes;
    return status;
}

CUresult bf_allocate_async(const struct bf_stream_use *use, uint64_t pool, size_t bytes,
                           CUdeviceptr *address)
{
    struct bf_mem_alloc_async_answer a;
    if (bytes > INT64_MAX)
        return CUDA_ERROR_OUT_OF_MEMORY;
    struct bf_mem_alloc_async m = {atomic_load(&use->context->wire), use->wire, pool, bytes};
    CUresult status = bf_ask_mem_alloc_async(use->connection, &m, &a);
    bf_progress_work(use);
    if (status == CUDA_SUCCESS)
        status = note(a.address, bytes, BF_STREAM_ORDERED, use->context, pool);
    if (status == CUDA_SUCCESS)
        *address = a.address;
    return bf_outcome(use->context, status);
}

CUresult bf_cuMemFreeAsync(CUdeviceptr address, CUstream stream)
{
    struct bf_stream_use use;
    struct bf_allocation allocation;
    CUresult status = bf_stream_use_at(stream, address, &use);
    if (status != CUDA_SUCCESS || !address)
        return status;
    if (!bf_allocation_find(address, &allocation) || allocation.base != address ||
        bf_connection_of(allocation.context) != use.connection ||
        !bf_allocation_remove(address, &allocation))
        return CUDA_ERROR_INVALID_VALUE;
    struct bf_mem_free_async m = {use.wire, address};
    status = bf_send_mem_free_async(use.connection, &m);
    bf_progress_work(&use);
    return status;
}

CUresult bf_cuMemGetAllocationGranularity(size_t *granularity,
                                          const CUmemAllocationProp *properties,
                                          CUmemAllocationGranularity_flags option)
{
    (void)option;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!granularity || !properties))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *granularity = 2u << 20;
    return status;
}
