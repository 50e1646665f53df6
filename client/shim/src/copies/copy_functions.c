/* The program's copy functions, each a case of bf_copy. */
#include "memory/allocations.h"
#include "copies/copies.h"
#include "program/refusals.h"

static CUresult linear(CUstream stream, bool to_device, CUdeviceptr to, bool from_device,
                       CUdeviceptr from, size_t bytes, bool asynchronous)
{
    struct bf_place destination = {to_device, to, bytes, bytes};
    struct bf_place source = {from_device, from, bytes, bytes};
    struct bf_extent extent = {bytes, 1, 1};
    return bf_copy(stream, destination, source, extent, asynchronous);
}

static CUdeviceptr host(const void *pointer)
{
    return (CUdeviceptr)(uintptr_t)pointer;
}

CUresult bf_cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream default_stream)
{
    return linear(default_stream, bf_is_device_address(to), to, bf_is_device_address(from), from,
                  bytes, false);
}

CUresult bf_cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    return linear(stream, bf_is_device_address(to), to, bf_is_device_address(from), from, bytes,
                  true);
}

CUresult bf_cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream default_stream)
{
    return linear(default_stream, true, to, false, host(from), bytes, false);
}

CUresult bf_cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    return linear(stream, true, to, false, host(from), bytes, true);
}

CUresult bf_cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes, CUstream default_stream)
{
    return linear(default_stream, false, host(to), true, from, bytes, false);
}

CUresult bf_cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    return linear(stream, false, host(to), true, from, bytes, true);
}

CUresult bf_cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream default_stream)
{
    return linear(default_stream, true, to, true, from, bytes, false);
}

CUresult bf_cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    return linear(stream, true, to, true, from, bytes, true);
}

static CUresult peer(CUdeviceptr to, CUcontext to_context, CUdeviceptr from, CUcontext from_context,
                     size_t bytes, CUstream stream, bool asynchronous)
{
    struct bf_context *context;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = bf_context_of(to_context, &context);
    if (status == CUDA_SUCCESS)
        status = bf_context_of(from_context, &context);
    return status == CUDA_SUCCESS ? linear(stream, true, to, true, from, bytes, asynchronous)
                                  : status;
}

CUresult bf_cuMemcpyPeer(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
                         CUcontext from_context, size_t bytes, CUstream default_stream)
{
    return peer(to, to_context, from, from_context, bytes, default_stream, false);
}

CUresult bf_cuMemcpyPeerAsync(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
                              CUcontext from_context, size_t bytes, CUstream stream)
{
    return peer(to, to_context, from, from_context, bytes, stream, true);
}

/* One end of a 2D or 3D copy, as the structures give it. */
struct end {
    CUmemorytype type;
    const void *host;
    CUdeviceptr device;
    size_t x, y, z, pitch, height;
};

/* *sum += a * b; false if that wraps. */
static bool add_product(size_t *sum, size_t a, size_t b)
{
    size_t product;
    return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(*sum, product, sum);
}

/* False if it is no memory that can be copied: rows and slices must not overlap (CUDA Driver API,
 * cuMemcpy3D: the pitch is at least WidthInBytes + XInBytes, the height at least Height + Y), and
 * no address may wrap. */
static bool place_of(const struct end *end, struct bf_extent extent, struct bf_place *place)
{
    size_t height = end->height ? end->height : extent.height;
    size_t row = end->x, rows = end->y;
    CUdeviceptr address = end->type == CU_MEMORYTYPE_HOST ? host(end->host) : end->device;
    bool good = end->type == CU_MEMORYTYPE_HOST || end->type == CU_MEMORYTYPE_DEVICE ||
                end->type == CU_MEMORYTYPE_UNIFIED;
    place->device = end->type == CU_MEMORYTYPE_DEVICE ||
                    (end->type == CU_MEMORYTYPE_UNIFIED && bf_is_device_address(address));
    place->pitch = end->pitch ? end->pitch : extent.width;
    size_t at = address;
    good = good && address && add_product(&row, extent.width, 1) &&
           add_product(&rows, extent.height, 1);
    if (good && (extent.height > 1 || extent.depth > 1))
        good = place->pitch >= row;
    if (good && extent.depth > 1)
        good = height >= (end->height ? rows : extent.height);
    if (__builtin_mul_overflow(place->pitch, height, &place->slice_pitch)) {
        good = good && extent.depth == 1 && !end->z;
        place->slice_pitch = place->pitch;
    }
    good = good && add_product(&at, end->x, 1) && add_product(&at, end->y, place->pitch) &&
           add_product(&at, end->z, place->slice_pitch);
    place->address = at;
    return good;
}

static CUresult copy_2d(const CUDA_MEMCPY2D *c, CUstream stream, bool asynchronous)
{
    struct bf_place to, from;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !c)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    if (c->srcMemoryType == CU_MEMORYTYPE_ARRAY || c->dstMemoryType == CU_MEMORYTYPE_ARRAY)
        return bf_refused("a copy of a CUDA array (cuMemcpy2D)");
    struct bf_extent extent = {c->WidthInBytes, c->Height, 1};
    if (!extent.width || !extent.height)
        return CUDA_SUCCESS;
    struct end destination = {c->dstMemoryType, c->dstHost, c->dstDevice, c->dstXInBytes,
                              c->dstY,          0,          c->dstPitch,  0};
    struct end source = {c->srcMemoryType, c->srcHost, c->srcDevice, c->srcXInBytes,
                         c->srcY,          0,          c->srcPitch,  0};
    if (!place_of(&destination, extent, &to) || !place_of(&source, extent, &from))
        return CUDA_ERROR_INVALID_VALUE;
    return bf_copy(stream, to, from, extent, asynchronous);
}

CUresult bf_cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy, CUstream default_stream)
{
    return copy_2d(copy, default_stream, false);
}

CUresult bf_cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *copy, CUstream default_stream)
{
    return copy_2d(copy, default_stream, false);
}

CUresult bf_cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream)
{
    return copy_2d(copy, stream, true);
}

static CUresult copy_3d(const CUDA_MEMCPY3D_PEER *c, CUstream stream, bool asynchronous)
{
    struct bf_place to, from;
    if (c->srcMemoryType == CU_MEMORYTYPE_ARRAY || c->dstMemoryType == CU_MEMORYTYPE_ARRAY)
        return bf_refused("a copy of a CUDA array (cuMemcpy3D)");
    struct bf_extent extent = {c->WidthInBytes, c->Height, c->Depth};
    if (!extent.width || !extent.height || !extent.depth)
        return CUDA_SUCCESS;
    struct end destination = {c->dstMemoryType, c->dstHost, c->dstDevice, c->dstXInBytes,
                              c->dstY,          c->dstZ,    c->dstPitch,  c->dstHeight};
    struct end source = {c->srcMemoryType, c->srcHost, c->srcDevice, c->srcXInBytes,
                         c->srcY,          c->srcZ,    c->srcPitch,  c->srcHeight};
    if (c->srcLOD || c->dstLOD || !place_of(&destination, extent, &to) ||
        !place_of(&source, extent, &from))
        return CUDA_ERROR_INVALID_VALUE;
    return bf_copy(stream, to, from, extent, asynchronous);
}

static CUresult copy_3d_checked(const void *copy, CUstream stream, bool asynchronous)
{
    /* both structures have the same members; the contexts of the one are reserved in the other */
    _Static_assert(sizeof(CUDA_MEMCPY3D) == sizeof(CUDA_MEMCPY3D_PEER), "layouts");
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !copy)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? copy_3d(copy, stream, asynchronous) : status;
}

CUresult bf_cuMemcpy3D_v2(const CUDA_MEMCPY3D *copy, CUstream default_stream)
{
    return copy_3d_checked(copy, default_stream, false);
}

CUresult bf_cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *copy, CUstream stream)
{
    return copy_3d_checked(copy, stream, true);
}

CUresult bf_cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER *copy, CUstream default_stream)
{
    return copy_3d_checked(copy, default_stream, false);
}

CUresult bf_cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER *copy, CUstream stream)
{
    return copy_3d_checked(copy, stream, true);
}

CUresult bf_cuMemcpyBatchAsync_v2(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count,
                                  CUmemcpyAttributes *attributes, size_t *attribute_indices,
                                  size_t attribute_count, CUstream stream)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS &&
        (!to || !from || !sizes || !count || !attributes || !attribute_indices ||
         !attribute_count || attribute_count > count ||
         (uintptr_t)stream <= (uintptr_t)CU_STREAM_LEGACY))
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++)
        status = bf_cuMemcpyAsync(to[i], from[i], sizes[i], stream);
    return status;
}

CUresult bf_cuMemcpyBatchAsync(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count,
                               CUmemcpyAttributes *attributes, size_t *attribute_indices,
                               size_t attribute_count, size_t *failed, CUstream stream)
{
    if (failed)
        *failed = SIZE_MAX;
    return bf_cuMemcpyBatchAsync_v2(to, from, sizes, count, attributes, attribute_indices,
                                    attribute_count, stream);
}
