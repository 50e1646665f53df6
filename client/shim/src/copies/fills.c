/* The memset family: one message each. */
#include "bf_requests.h"
#include "memory/allocations.h"
#include "copies/copies.h"
#include "copies/late.h"
#include "streams/progress.h"

struct fill {
    struct bf_context *context; /* of the memory */
    uint64_t wire;
    struct bf_mem_set message;
};

/* Of another server's memory than the stream's, once the stream has come to it. */
static CUresult fill_aside(const void *what)
{
    struct fill fill = *(const struct fill *)what;
    struct bf_stream_use aside;
    if (atomic_load(&fill.context->wire) != fill.wire)
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    CUresult status = bf_stream_aside(fill.context, &aside);
    if (status != CUDA_SUCCESS)
        return status;
    fill.message.stream = aside.wire;
    status = bf_send_mem_set(aside.connection, &fill.message);
    bf_progress_work(&aside);
    return status == CUDA_SUCCESS ? bf_stream_await(&aside) : status;
}

static CUresult fill(CUdeviceptr destination, size_t pitch, unsigned value, unsigned element,
                     size_t columns, size_t rows, CUstream stream, bool asynchronous)
{
    struct bf_stream_use use;
    size_t width, extent;
    CUresult status = bf_stream_use_at(stream, destination, &use);
    if (status != CUDA_SUCCESS || !columns || !rows)
        return status;
    if (__builtin_mul_overflow(columns, (size_t)element, &width) ||
        __builtin_mul_overflow(rows - 1, pitch, &extent) ||
        __builtin_add_overflow(extent, width, &extent) || (rows > 1 && pitch < width) ||
        destination % element || (rows > 1 && pitch % element) ||
        !bf_allocation_covers(destination, extent))
        return CUDA_ERROR_INVALID_VALUE;
    struct bf_mem_set m = {use.wire, destination, value, (uint8_t)element, pitch, columns, rows};
    struct bf_context *owner = bf_foreign_owner(&use, destination);
    if (owner) {
        const struct fill fill = {owner, atomic_load(&owner->wire), m};
        const struct bf_range touches[2] = {{destination, destination + extent}, {0, 0}};
        status = bf_late(&use, fill_aside, &fill, sizeof fill, touches, false);
        return status == CUDA_SUCCESS && !asynchronous ? bf_stream_synchronize(&use) : status;
    }
    status = bf_send_mem_set(use.connection, &m);
    bf_progress_work(&use);
    return status;
}

CUresult bf_cuMemsetD8_v2(CUdeviceptr destination, unsigned char value, size_t count,
                          CUstream default_stream)
{
    return fill(destination, 0, value, 1, count, 1, default_stream, false);
}

CUresult bf_cuMemsetD16_v2(CUdeviceptr destination, unsigned short value, size_t count,
                           CUstream default_stream)
{
    return fill(destination, 0, value, 2, count, 1, default_stream, false);
}

CUresult bf_cuMemsetD32_v2(CUdeviceptr destination, unsigned int value, size_t count,
                           CUstream default_stream)
{
    return fill(destination, 0, value, 4, count, 1, default_stream, false);
}

CUresult bf_cuMemsetD8Async(CUdeviceptr destination, unsigned char value, size_t count,
                            CUstream stream)
{
    return fill(destination, 0, value, 1, count, 1, stream, true);
}

CUresult bf_cuMemsetD16Async(CUdeviceptr destination, unsigned short value, size_t count,
                             CUstream stream)
{
    return fill(destination, 0, value, 2, count, 1, stream, true);
}

CUresult bf_cuMemsetD32Async(CUdeviceptr destination, unsigned int value, size_t count,
                             CUstream stream)
{
    return fill(destination, 0, value, 4, count, 1, stream, true);
}

CUresult bf_cuMemsetD2D8_v2(CUdeviceptr destination, size_t pitch, unsigned char value,
                            size_t width, size_t height, CUstream default_stream)
{
    return fill(destination, pitch, value, 1, width, height, default_stream, false);
}

CUresult bf_cuMemsetD2D16_v2(CUdeviceptr destination, size_t pitch, unsigned short value,
                             size_t width, size_t height, CUstream default_stream)
{
    return fill(destination, pitch, value, 2, width, height, default_stream, false);
}

CUresult bf_cuMemsetD2D32_v2(CUdeviceptr destination, size_t pitch, unsigned int value,
                             size_t width, size_t height, CUstream default_stream)
{
    return fill(destination, pitch, value, 4, width, height, default_stream, false);
}

CUresult bf_cuMemsetD2D8Async(CUdeviceptr destination, size_t pitch, unsigned char value,
                              size_t width, size_t height, CUstream stream)
{
    return fill(destination, pitch, value, 1, width, height, stream, true);
}

CUresult bf_cuMemsetD2D16Async(CUdeviceptr destination, size_t pitch, unsigned short value,
                               size_t width, size_t height, CUstream stream)
{
    return fill(destination, pitch, value, 2, width, height, stream, true);
}

CUresult bf_cuMemsetD2D32Async(CUdeviceptr destination, size_t pitch, unsigned int value,
                               size_t width, size_t height, CUstream stream)
{
    return fill(destination, pitch, value, 4, width, height, stream, true);
}
