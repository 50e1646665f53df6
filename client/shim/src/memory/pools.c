/* Memory pools and stream-ordered allocation. */
#include <string.h>

#include "bf_requests.h"
#include "memory/memory.h"
#include "program/refusals.h"
#include "program/ranks.h"

static CUmemoryPool handle_of(const struct bf_pool *pool)
{
    return (CUmemoryPool)(uintptr_t)pool->object.handle;
}

static CUresult find(CUmemoryPool handle, struct bf_pool **pool)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS) {
        *pool = bf_object_find(BF_POOL, (uint64_t)(uintptr_t)handle);
        status = *pool ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    }
    return status;
}

/* The device's default pool, made known with its first use. */
static CUresult default_pool(struct bf_device *device, struct bf_pool **out)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    CUresult status = CUDA_SUCCESS;
    bf_lock(&lock, BF_POOLS);
    struct bf_pool *pool = bf_object_find(BF_POOL, atomic_load(&device->default_pool));
    if (!pool) {
        pool = bf_object_new(BF_POOL, device->worker->index);
        status = pool ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
        if (status == CUDA_SUCCESS) {
            pool->device = device;
            pool->is_default = true;
            struct bf_pool_use_default m = {pool->object.handle, device->index};
            status = bf_send_pool_use_default(&device->worker->connection, &m);
        }
        if (status == CUDA_SUCCESS) {
            bf_object_publish(pool);
            atomic_store(&device->default_pool, pool->object.handle);
        }
    }
    bf_unlock(&lock, BF_POOLS);
    *out = pool;
    return status;
}

/* The pool that cuMemAllocAsync takes from. */
static CUresult current_pool(struct bf_device *device, struct bf_pool **pool)
{
    *pool = bf_object_find(BF_POOL, atomic_load(&device->pool));
    return *pool ? CUDA_SUCCESS : default_pool(device, pool);
}

static CUresult give(CUmemoryPool *out, CUdevice ordinal,
                     CUresult (*which)(struct bf_device *device, struct bf_pool **pool))
{
    struct bf_device *device;
    struct bf_pool *pool;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !out)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status == CUDA_SUCCESS)
        status = which(device, &pool);
    if (status == CUDA_SUCCESS)
        *out = handle_of(pool);
    return status;
}

CUresult bf_cuDeviceGetDefaultMemPool(CUmemoryPool *out, CUdevice ordinal)
{
    return give(out, ordinal, default_pool);
}

CUresult bf_cuDeviceGetMemPool(CUmemoryPool *out, CUdevice ordinal)
{
    return give(out, ordinal, current_pool);
}

CUresult bf_cuDeviceSetMemPool(CUdevice ordinal, CUmemoryPool handle)
{
    struct bf_device *device;
    struct bf_pool *pool;
    CUresult status = find(handle, &pool);
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status == CUDA_SUCCESS && pool->device != device)
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS)
        atomic_store(&device->pool, pool->object.handle);
    return status;
}

static CUresult location(const CUmemLocation *where, CUmemAllocationType type)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !where)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS &&
        (where->type != CU_MEM_LOCATION_TYPE_DEVICE || type != CU_MEM_ALLOCATION_TYPE_PINNED))
        status = bf_refused("a memory pool that is not of a device");
    return status;
}

CUresult bf_cuMemGetDefaultMemPool(CUmemoryPool *out, CUmemLocation *where,
                                   CUmemAllocationType type)
{
    CUresult status = location(where, type);
    return status == CUDA_SUCCESS ? give(out, where->id, default_pool) : status;
}

CUresult bf_cuMemGetMemPool(CUmemoryPool *out, CUmemLocation *where, CUmemAllocationType type)
{
    CUresult status = location(where, type);
    return status == CUDA_SUCCESS ? give(out, where->id, current_pool) : status;
}

CUresult bf_cuMemSetMemPool(CUmemLocation *where, CUmemAllocationType type, CUmemoryPool pool)
{
    CUresult status = location(where, type);
    return status == CUDA_SUCCESS ? bf_cuDeviceSetMemPool(where->id, pool) : status;
}

CUresult bf_cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *properties)
{
    struct bf_device *device;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS &&
        (!out || !properties || properties->allocType != CU_MEM_ALLOCATION_TYPE_PINNED))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && (properties->handleTypes != CU_MEM_HANDLE_TYPE_NONE ||
                                   properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE))
        status =
            bf_refused("a memory pool for other processes, or not of a device (cuMemPoolCreate)");
    if (status == CUDA_SUCCESS)
        status = bf_device_of(properties->location.id, &device);
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_pool *pool = bf_object_new(BF_POOL, device->worker->index);
    if (!pool)
        return CUDA_ERROR_OUT_OF_MEMORY;
    pool->device = device;
    struct bf_pool_create m = {pool->object.handle, device->index, properties->maxSize};
    status = bf_send_pool_create(&device->worker->connection, &m);
    if (status == CUDA_SUCCESS) {
        bf_object_publish(pool);
        *out = handle_of(pool);
    } else {
        bf_object_release(BF_POOL, pool);
    }
    return status;
}

CUresult bf_cuMemPoolDestroy(CUmemoryPool handle)
{
    struct bf_pool *pool;
    CUresult status = find(handle, &pool);
    if (status == CUDA_SUCCESS && (pool->is_default || !bf_object_close(pool)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct bf_pool_destroy m = {pool->object.handle};
        status = bf_send_pool_destroy(&pool->device->worker->connection, &m);
        bf_object_release(BF_POOL, pool);
    }
    return status;
}

CUresult bf_cuMemPoolTrimTo(CUmemoryPool handle, size_t bytes)
{
    struct bf_pool *pool;
    CUresult status = find(handle, &pool);
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_pool_trim m = {pool->object.handle, bytes};
    return bf_send_pool_trim(&pool->device->worker->connection, &m);
}

/* The first three attributes are int, the others are counts of bytes. */
static bool is_switch(CUmemPool_attribute attribute)
{
    return (int)attribute <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES;
}

static bool is_attribute(CUmemPool_attribute attribute)
{
    return (int)attribute >= CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES &&
           (int)attribute <= CU_MEMPOOL_ATTR_USED_MEM_HIGH;
}

CUresult bf_cuMemPoolGetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void *value)
{
    struct bf_pool *pool;
    struct bf_pool_attribute_answer a;
    CUresult status = find(handle, &pool);
    if (status == CUDA_SUCCESS && (!value || !is_attribute(attribute)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_connection *c = &pool->device->worker->connection;
    struct bf_pool_attribute m = {pool->object.handle, (uint32_t)attribute};
    status = bf_ask_pool_attribute(c, &m, &a);
    if (status == CUDA_SUCCESS && is_switch(attribute))
        *(int *)value = (int)a.value;
    else if (status == CUDA_SUCCESS)
        *(cuuint64_t *)value = a.value;
    return status;
}

CUresult bf_cuMemPoolSetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void *value)
{
    struct bf_pool *pool;
    CUresult status = find(handle, &pool);
    if (status == CUDA_SUCCESS && (!value || !is_attribute(attribute)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    uint64_t number =
        is_switch(attribute) ? (uint64_t)(*(const int *)value != 0) : *(const cuuint64_t *)value;
    bool high = attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH ||
                attribute == CU_MEMPOOL_ATTR_USED_MEM_HIGH;
    bool current = attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT ||
                   attribute == CU_MEMPOOL_ATTR_USED_MEM_CURRENT;
    if (current || (high && number)) /* a high-water mark can only be reset */
        return CUDA_ERROR_INVALID_VALUE;
    struct bf_pool_set_attribute m = {pool->object.handle, (uint32_t)attribute, number};
    return bf_send_pool_set_attribute(&pool->device->worker->connection, &m);
}

CUresult bf_cuMemPoolSetAccess(CUmemoryPool handle, const CUmemAccessDesc *map, size_t count)
{
    struct bf_pool *pool;
    struct bf_device *device;
    CUresult status = find(handle, &pool);
    if (status == CUDA_SUCCESS && count && !map)
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++) {
        if (map[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE)
            return CUDA_ERROR_INVALID_VALUE;
        status = bf_device_of(map[i].location.id, &device);
        bool reaches = status == CUDA_SUCCESS && device->worker == pool->device->worker &&
                       (device == pool->device || (device->peers >> pool->device->index & 1));
        if (status == CUDA_SUCCESS && (!reaches || (device == pool->device && !map[i].flags)))
            status = CUDA_ERROR_INVALID_DEVICE;
        if (status == CUDA_SUCCESS && device != pool->device) {
            struct bf_pool_set_access m = {pool->object.handle, device->index,
                                           (uint32_t)map[i].flags};
            atomic_store(&pool->access[map[i].location.id], (unsigned)map[i].flags);
            status = bf_send_pool_set_access(&pool->device->worker->connection, &m);
        }
    }
    return status;
}

CUresult bf_cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool handle, CUmemLocation *where)
{
    struct bf_pool *pool;
    struct bf_device *device;
    CUresult status = find(handle, &pool);
    if (status == CUDA_SUCCESS && (!flags || !where || where->type != CU_MEM_LOCATION_TYPE_DEVICE))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_device_of(where->id, &device);
    if (status == CUDA_SUCCESS)
        *flags = device == pool->device ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE
                                        : (CUmemAccess_flags)atomic_load(&pool->access[where->id]);
    return status;
}

CUresult bf_cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream stream)
{
    struct bf_stream_use use;
    struct bf_pool *pool;
    CUresult status = bf_stream_use(stream, &use);
    if (status == CUDA_SUCCESS && (!address || !bytes))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = current_pool(use.context->device, &pool);
    return status == CUDA_SUCCESS ? bf_allocate_async(&use, pool->object.handle, bytes, address)
                                  : status;
}

CUresult bf_cuMemAllocFromPoolAsync(CUdeviceptr *address, size_t bytes, CUmemoryPool handle,
                                    CUstream stream)
{
    struct bf_stream_use use;
    struct bf_pool *pool;
    CUresult status = bf_stream_use(stream, &use);
    if (status == CUDA_SUCCESS && (!address || !bytes))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = find(handle, &pool);
    if (status == CUDA_SUCCESS && pool->device->worker != use.context->device->worker)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? bf_allocate_async(&use, pool->object.handle, bytes, address)
                                  : status;
}
