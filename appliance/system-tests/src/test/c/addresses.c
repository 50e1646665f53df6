// Calls whose context the address tells, and sizes that a program can make wrap.
#include "kernels.h"

enum { HOST = 1, DEVICE = 2, BYTES = 1 << 20 };

struct memcpy_3d { /* CUDA_MEMCPY3D */
    size_t source_x, source_y, source_z, source_level;
    int source_type;
    const void *source_host;
    CUdeviceptr source_device;
    void *source_array, *reserved0;
    size_t source_pitch, source_height;
    size_t x, y, z, level;
    int type;
    void *host;
    CUdeviceptr device;
    void *array, *reserved1;
    size_t pitch, height;
    size_t width_bytes, rows, depth;
};
CUresult cuMemcpy3D_v2(const struct memcpy_3d *copy);
CUresult cuMemcpy2DAsync_v2(const struct memcpy_2d *copy, CUstream stream);
CUresult cuMemsetD16_v2(CUdeviceptr destination, unsigned short value, size_t count);
CUresult cuMemsetD2D8_v2(CUdeviceptr destination, size_t pitch, unsigned char value, size_t width, size_t height);
CUresult cuMemsetD2D32_v2(CUdeviceptr destination, size_t pitch, unsigned value, size_t width, size_t height);
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int block, size_t shared);
CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t bytes);
CUresult cuMemPoolSetAttribute(CUmemoryPool pool, int attribute, void *value);
CUresult cuMemPoolGetAttribute(CUmemoryPool pool, int attribute, void *value);
CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device);

/* What is asked for without a current context (numba's cuda.close() pops all of them first). */
static void memory_is_used_without_a_current_context(void)
{
    OK(begin());
    CUdeviceptr p, q, base;
    CUcontext context;
    CUstream stream;
    uint32_t host[16] = {7, 8, 9}, back[16] = {0};
    size_t bytes;
    int type = 0;
    OK(cuMemAlloc_v2(&p, 4096));
    OK(cuMemAllocAsync(&q, 4096, 0));
    OK(cuStreamCreate(&stream, 1));
    OK(cuStreamSynchronize(0));
    OK(cuCtxPopCurrent_v2(&context));
    EXPECT(INVALID_CONTEXT, cuMemAlloc_v2(&base, 16)); /* there is none */
    OK(cuMemcpyHtoD_v2(p, host, sizeof host));
    OK(cuMemcpyDtoD_v2(q, p, sizeof host));
    OK(cuMemcpyDtoH_v2(back, q, sizeof back));
    CHECK(back[0] == 7 && back[2] == 9);
    OK(cuMemsetD32_v2(q, 5, 16));
    OK(cuMemsetD8_v2(q, 6, 4));
    OK(cuMemcpy((CUdeviceptr)(uintptr_t)back, q, sizeof back));
    CHECK(back[0] == 0x06060606 && back[1] == 5);
    struct memcpy_2d rows = {.source_type = DEVICE, .source_device = p, .source_pitch = 8, .type = HOST, .host = back,
                             .pitch = 4, .width = 4, .height = 2};
    OK(cuMemcpy2D_v2(&rows));
    CHECK(back[0] == 7 && back[1] == 9);
    OK(cuMemGetAddressRange_v2(&base, &bytes, p + 100));
    CHECK(base == p && bytes == 4096);
    OK(cuPointerGetAttribute(&type, 2, p));
    CHECK(type == DEVICE);
    OK(cuMemcpyHtoDAsync_v2(q, host, 16, stream));
    OK(cuStreamSynchronize(stream));
    OK(cuMemFreeAsync(q, 0));
    OK(cuMemFree_v2(p));
    EXPECT(INVALID_VALUE, cuMemFree_v2(p));
    EXPECT(INVALID_CONTEXT, cuMemcpyHtoD_v2(p, host, 16)); /* nothing tells one */
}

static void objects_are_ended_without_a_current_context(void)
{
    OK(begin());
    CUcontext context;
    CUstream stream;
    CUevent event;
    CUfunction f;
    void *pinned;
    int blocks = 0;
    char *registered = calloc(2, 4096);
    OK(cuStreamCreate(&stream, 1));
    OK(cuEventCreate(&event, 0));
    OK(cuMemAllocHost_v2(&pinned, 4096));
    OK(cuMemHostRegister_v2(registered, 4096, 0));
    OK(kernel(&f, "limited"));
    OK(cuCtxPopCurrent_v2(&context));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, stream, 0, 0));
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 64, 0));
    CHECK(blocks > 0);
    OK(cuEventRecord(event, stream));
    OK(cuEventSynchronize(event));
    OK(cuModuleUnload(module_));
    OK(cuEventDestroy_v2(event));
    OK(cuStreamDestroy_v2(stream));
    OK(cuMemFreeHost(pinned));
    OK(cuMemHostUnregister(registered));
}

static void sizes_that_wrap_are_refused(void)
{
    OK(begin());
    CUdeviceptr p, q;
    size_t pitch;
    void *h;
    static char b[4096];
    OK(cuMemAlloc_v2(&p, BYTES));
    EXPECT(INVALID_VALUE, cuMemsetD32_v2(p, 1, (size_t)1 << 62));
    EXPECT(INVALID_VALUE, cuMemsetD16_v2(p, 1, ((size_t)1 << 63) + 1));
    EXPECT(INVALID_VALUE, cuMemsetD8_v2(p, 1, (size_t)-1));
    EXPECT(INVALID_VALUE, cuMemsetD2D32_v2(p, (size_t)1 << 60, 7, 4, 17));
    EXPECT(INVALID_VALUE, cuMemsetD2D8_v2(p, 64, 7, 64, (size_t)1 << 58));
    EXPECT(INVALID_VALUE, cuMemsetD2D32_v2(p, 64, 7, (size_t)1 << 62, 1));
    EXPECT(INVALID_VALUE, cuMemcpyHtoD_v2(p, b, (size_t)-1));
    EXPECT(INVALID_VALUE, cuMemcpyDtoDAsync_v2(p, p + 4096, -(size_t)4096, 0));
    EXPECT(INVALID_VALUE, cuMemcpyDtoH_v2(b, (CUdeviceptr)-8, 16));
    EXPECT(OUT_OF_MEMORY, cuMemAlloc_v2(&q, (size_t)-1));
    EXPECT(OUT_OF_MEMORY, cuMemAllocPitch_v2(&q, &pitch, ((size_t)1 << 32) + 8, (size_t)1 << 32, 4));
    EXPECT(OUT_OF_MEMORY, cuMemAllocAsync(&q, (size_t)-1, 0));
    EXPECT(OUT_OF_MEMORY, cuMemHostAlloc(&h, (size_t)-1, 0));
    EXPECT(INVALID_VALUE, cuMemHostRegister_v2(b, (size_t)-1, 0));
    OK(cuMemcpyHtoD_v2(p, b, sizeof b));
    OK(cuCtxSynchronize());
}

static void places_of_a_2d_copy_that_wrap_are_refused(void)
{
    OK(begin());
    CUdeviceptr p;
    static char b[4096];
    uint32_t first = 1;
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemsetD8_v2(p, 3, BYTES));
    const struct memcpy_2d good = {.source_type = HOST, .source_host = b, .source_pitch = 64, .type = DEVICE, .device = p,
                                   .pitch = 64, .width = 8, .height = 2};
    struct memcpy_2d d = good;
    d.pitch = (size_t)1 << 61, d.height = 9; /* 8 * 2^61 wraps to 0 */
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&d));
    d = good, d.height = (size_t)1 << 58;
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&d));
    d = good, d.x = (size_t)-8;
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&d));
    d = good, d.x = (size_t)-8, d.height = 1, d.device = p + 8; /* one row: lands at p */
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&d));
    d = good, d.y = (size_t)1 << 58; /* 64 * 2^58 wraps to 0 */
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&d));
    EXPECT(INVALID_VALUE, cuMemcpy2DAsync_v2(&d, 0));
    d = good, d.source_y = (size_t)1 << 58;
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&d));
    d = good, d.width = 65;
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&d));
    OK(cuMemcpyDtoH_v2(&first, p, 4));
    CHECK(first == 0x03030303); /* none of them wrote */
    d = good, d.height = 1, d.pitch = (size_t)1 << 61, d.source_pitch = (size_t)1 << 61; /* no second row */
    OK(cuMemcpy2D_v2(&d));
    OK(cuMemcpyDtoH_v2(&first, p, 4));
    CHECK(first == 0);
}

static void places_of_a_3d_copy_that_wrap_are_refused(void)
{
    OK(begin());
    CUdeviceptr p;
    static char b[4096];
    uint32_t first = 1;
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemsetD8_v2(p, 3, BYTES));
    const struct memcpy_3d good = {.source_type = HOST, .source_host = b, .source_pitch = 64, .source_height = 8,
                                   .type = DEVICE, .device = p, .pitch = 64, .height = 8, .width_bytes = 8, .rows = 1,
                                   .depth = 2};
    struct memcpy_3d e = good;
    e.pitch = e.height = (size_t)1 << 32; /* a slice of 2^64 bytes */
    EXPECT(INVALID_VALUE, cuMemcpy3D_v2(&e));
    e = good, e.depth = (size_t)1 << 55;
    EXPECT(INVALID_VALUE, cuMemcpy3D_v2(&e));
    e = good, e.z = (size_t)1 << 55; /* 512 * 2^55 wraps to 0 */
    EXPECT(INVALID_VALUE, cuMemcpy3D_v2(&e));
    e = good, e.height = 1, e.rows = 8; /* slices over each other */
    EXPECT(INVALID_VALUE, cuMemcpy3D_v2(&e));
    e = good, e.rows = (size_t)1 << 32, e.depth = (size_t)1 << 32; /* rows * depth wraps to 0 */
    EXPECT(INVALID_VALUE, cuMemcpy3D_v2(&e));
    OK(cuMemcpyDtoH_v2(&first, p, 4));
    CHECK(first == 0x03030303);
    OK(cuMemcpy3D_v2(&good));
    OK(cuMemcpyDtoH_v2(&first, p + 512, 4));
    CHECK(first == 0);
}

/* size_t values beyond what a signed number holds. */
static void pools_take_the_largest_sizes(void)
{
    OK(begin());
    CUmemoryPool pool;
    CUdeviceptr p;
    uint64_t threshold = UINT64_MAX, reserved = 0, after = 0;
    OK(cuDeviceGetDefaultMemPool(&pool, 0));
    OK(cuMemPoolSetAttribute(pool, 4, &threshold));
    OK(cuMemAllocAsync(&p, 8 << 20, 0));
    OK(cuMemFreeAsync(p, 0));
    OK(cuCtxSynchronize());
    OK(cuMemPoolGetAttribute(pool, 5, &reserved));
    CHECK(reserved >= 8 << 20);
    OK(cuMemPoolTrimTo(pool, SIZE_MAX)); /* keep all */
    OK(cuMemPoolGetAttribute(pool, 5, &after));
    CHECK(after == reserved);
    OK(cuMemPoolTrimTo(pool, 0));
    OK(cuMemPoolGetAttribute(pool, 5, &after));
    CHECK(after == 0);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(memory_is_used_without_a_current_context),
                                        T(objects_are_ended_without_a_current_context),
                                        T(sizes_that_wrap_are_refused),
                                        T(places_of_a_2d_copy_that_wrap_are_refused),
                                        T(places_of_a_3d_copy_that_wrap_are_refused),
                                        T(pools_take_the_largest_sizes),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
