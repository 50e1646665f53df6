/* How many blocks of a kernel run at once. The worker is asked once per function, block size,
 * shared memory, and what the program has set of the function's shared memory since. */
#include <limits.h>
#include <stdlib.h>

#include "bf_requests.h"
#include "launches/launches.h"
#include "program/ranks.h"

enum { CACHED = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    uint64_t function, shared_bytes;
    unsigned block, flags, settings;
    int blocks;
} cache[CACHED];

static size_t place(uint64_t function, unsigned block, uint64_t shared_bytes, unsigned flags)
{
    uint64_t mix =
        (function ^ (uint64_t)block << 20 ^ shared_bytes << 32 ^ flags) * 0x9E3779B97F4A7C15u;
    return (size_t)(mix >> 54) % CACHED;
}

CUresult bf_function_occupancy(struct bf_function *function, unsigned block, size_t shared_bytes,
                               unsigned flags, int *blocks)
{
    struct bf_function_occupancy_answer a;
    uint64_t handle = function->object.handle;
    size_t slot = place(handle, block, shared_bytes, flags);
    unsigned settings = atomic_load(&function->settings);
    bf_lock(&lock, BF_LEAF);
    bool known = cache[slot].function == handle && cache[slot].block == block &&
                 cache[slot].shared_bytes == shared_bytes && cache[slot].flags == flags &&
                 cache[slot].settings == settings;
    *blocks = cache[slot].blocks;
    bf_unlock(&lock, BF_LEAF);
    if (known)
        return CUDA_SUCCESS;
    struct bf_connection *c = bf_connection_of(function->module->context);
    struct bf_function_occupancy m = {handle, block, shared_bytes, flags};
    CUresult status = bf_ask_function_occupancy(c, &m, &a);
    if (status == CUDA_SUCCESS) {
        *blocks = (int)a.blocks;
        bf_lock(&lock, BF_LEAF);
        cache[slot].function = handle;
        cache[slot].block = block;
        cache[slot].shared_bytes = shared_bytes;
        cache[slot].flags = flags;
        cache[slot].settings = settings;
        cache[slot].blocks = *blocks;
        bf_unlock(&lock, BF_LEAF);
    }
    return bf_outcome(function->module->context, status);
}

CUresult bf_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction handle,
                                                                 int block, size_t shared_bytes,
                                                                 unsigned int flags)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS &&
        (!blocks || block <= 0 || flags > CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE))
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS
               ? bf_function_occupancy(function, (unsigned)block, shared_bytes, flags, blocks)
               : status;
}

CUresult bf_cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int block,
                                                        size_t shared_bytes)
{
    return bf_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, block,
                                                                   shared_bytes, 0);
}

/* The block size that keeps most threads running; the largest of those. */
CUresult bf_cuOccupancyMaxPotentialBlockSizeWithFlags(int *grid, int *block, CUfunction handle,
                                                      CUoccupancyB2DSize shared_of,
                                                      size_t shared_bytes, int limit,
                                                      unsigned int flags)
{
    struct bf_function *function;
    int most = 0, best = 0;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && (!grid || !block))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_function_attribute(function, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, &most);
    if (status != CUDA_SUCCESS)
        return status;
    const int32_t *a = function->module->context->device->attributes;
    int warp = a[CU_DEVICE_ATTRIBUTE_WARP_SIZE] ? a[CU_DEVICE_ATTRIBUTE_WARP_SIZE] : 32;
    most = limit > 0 && limit < most ? limit : most;
    for (int size = most; size > 0 && status == CUDA_SUCCESS;
         size = size % warp ? size / warp * warp : size - warp) {
        int blocks = 0;
        status = bf_function_occupancy(function, (unsigned)size,
                                       shared_of ? shared_of(size) : shared_bytes, flags, &blocks);
        if (status == CUDA_SUCCESS && blocks <= INT_MAX / size && blocks * size > best) {
            best = blocks * size;
            *block = size;
            *grid = blocks * a[CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT];
        }
        if (best >= a[CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR])
            break;
    }
    return status;
}

CUresult bf_cuOccupancyMaxPotentialBlockSize(int *grid, int *block, CUfunction function,
                                             CUoccupancyB2DSize shared_of, size_t shared_bytes,
                                             int limit)
{
    return bf_cuOccupancyMaxPotentialBlockSizeWithFlags(grid, block, function, shared_of,
                                                        shared_bytes, limit, 0);
}

CUresult bf_cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction handle, int blocks,
                                                    int block)
{
    struct bf_function *function;
    int fixed = 0, most = 0;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && (!bytes || blocks <= 0 || block <= 0))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_function_attribute(function, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, &fixed);
    if (status == CUDA_SUCCESS)
        status = bf_cuOccupancyMaxActiveBlocksPerMultiprocessor(&most, handle, block, 0);
    if (status != CUDA_SUCCESS)
        return status;
    const int32_t *a = function->module->context->device->attributes;
    int each = (a[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR] / blocks -
                a[CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK]) /
               128 * 128;
    int allowed = a[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN];
    each = each < allowed ? each : allowed;
    if (blocks > most)
        return CUDA_ERROR_INVALID_VALUE;
    *bytes = each > fixed ? (size_t)(each - fixed) : 0;
    return status;
}
