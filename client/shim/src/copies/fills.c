/* The memset family: one message each. */
#include "bf_requests.h"
#include "memory/allocations.h"
#include "copies/copies.h"
#include "streams/progress.h"

static CUresult fill(CUdeviceptr destination, size_t pitch, unsigned value, unsigned element,
                     size_t columns, size_t rows, CUstream stream)
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
    bool foreign = bf_stream_to_owner(&use, destination, &status);
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_mem_set m = {use.wire, destination, value, (uint8_t)element, pitch, columns, rows};
    status = bf_send_mem_set(use.connection, &m);
    bf_progress_work(&use);
    return status == CUDA_SUCCESS && foreign ? bf_stream_synchronize(&use) : status;
}

CUresult bf_cuMemsetD8_v2(CUdeviceptr destination, unsigned char value, size_t count,
                          CUstream default_stream)
{
    return fill(destination, 0, value, 1, count, 1, default_stream);
}

CUresult bf_cuMemsetD16_v2(CUdeviceptr destination, unsigned short value, size_t count,
                           CUstream default_stream)
{
    return fill(destination, 0, value, 2, count, 1, default_stream);
}

CUresult bf_cuMemsetD32_v2(CUdeviceptr destination, unsigned int value, size_t count,
                           CUstream default_stream)
{
    return fill(destination, 0, value, 4, count, 1, default_stream);
}

CUresult bf_cuMemsetD8Async(CUdeviceptr destination, unsigned char value, size_t count,
                            CUstream stream)
{
    return fill(destination, 0, value, 1, count, 1, stream);
}

CUresult bf_cuMemsetD16Async(CUdeviceptr destination, unsigned short value, size_t count,
                             CUstream stream)
{
    return fill(destination, 0, value, 2, count, 1, stream);
}

CUresult bf_cuMemsetD32Async(CUdeviceptr destination, unsigned int value, size_t count,
                             CUstream stream)
{
    return fill(destination, 0, value, 4, count, 1, stream);
}

CUresult bf_cuMemsetD2D8_v2(CUdeviceptr destination, size_t pitch, unsigned char value,
                            size_t width, size_t height, CUstream default_stream)
{
    return fill(destination, pitch, value, 1, width, height, default_stream);
}

CUresult bf_cuMemsetD2D16_v2(CUdeviceptr destination, size_t pitch, unsigned short value,
                             size_t width, size_t height, CUstream default_stream)
{
    return fill(destination, pitch, value, 2, width, height, default_stream);
}

CUresult bf_cuMemsetD2D32_v2(CUdeviceptr destination, size_t pitch, unsigned int value,
                             size_t width, size_t height, CUstream default_stream)
{
    return fill(destination, pitch, value, 4, width, height, default_stream);
}

CUresult bf_cuMemsetD2D8Async(CUdeviceptr destination, size_t pitch, unsigned char value,
                              size_t width, size_t height, CUstream stream)
{
    return fill(destination, pitch, value, 1, width, height, stream);
}

CUresult bf_cuMemsetD2D16Async(CUdeviceptr destination, size_t pitch, unsigned short value,
                               size_t width, size_t height, CUstream stream)
{
    return fill(destination, pitch, value, 2, width, height, stream);
}

CUresult bf_cuMemsetD2D32Async(CUdeviceptr destination, size_t pitch, unsigned int value,
                               size_t width, size_t height, CUstream stream)
{
    return fill(destination, pitch, value, 4, width, height, stream);
}
