// What is refused says so on stderr: one line, once per process and kind, that names it.
#include "kernels.h"
#include <fcntl.h>
#include <unistd.h>

CUresult cuGraphCreate(void **graph, unsigned flags);
CUresult cuStreamBeginCapture_v2(CUstream stream, int mode);
CUresult cuCtxGetLimit(size_t *value, int limit);
CUresult cuCtxSetLimit(int limit, size_t value);

static char said[8192];
static int saved, file;

/* From here on stderr goes to a file; said_so() puts it back and reads what came. */
static void listen_to_stderr(void)
{
    char name[] = "/tmp/stderrXXXXXX";
    file = mkstemp(name);
    unlink(name);
    saved = dup(2);
    dup2(file, 2);
}

static int count_of(const char *text)
{
    int n = 0;
    for (const char *at = said; (at = strstr(at, text)); at++) n++;
    return n;
}

static void read_stderr(void)
{
    dup2(saved, 2);
    ssize_t n = pread(file, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = 0;
}

static void what_is_not_carried_says_so_once_on_stderr(void)
{
    OK(begin());
    void *graph;
    CUstream stream;
    CUdeviceptr p;
    struct memcpy_2d array = {.source_type = 3, .type = 2, .width = 4, .height = 1};
    OK(cuStreamCreate(&stream, 1));
    listen_to_stderr();
    CUresult r[] = {cuGraphCreate(&graph, 0), cuGraphCreate(&graph, 0), cuStreamBeginCapture_v2(stream, 0),
                    cuMemAllocManaged(&p, 4096, 1), cuMemcpy2D_v2(&array), cuMemcpy2D_v2(&array)};
    read_stderr();
    for (size_t i = 0; i < sizeof r / sizeof r[0]; i++) EXPECT(NOT_SUPPORTED, r[i]);
    if (count_of("\n") != 4 || count_of("cuGraphCreate") != 1 || count_of("cuStreamBeginCapture") != 1 ||
        count_of("cuMemAllocManaged") != 1 || count_of("array") != 1)
        FAIL("stderr held: %.400s", said);
}

/* CUDA Driver API, cuMemHostAlloc: DEVICEMAP may be asked for where a device cannot map; the failure is left to
   cuMemHostGetDevicePointer. */
static void mapped_memory_is_refused_where_its_device_address_is_asked_for(void)
{
    OK(begin());
    CUdeviceptr p = 7;
    void *mapped, *plain, *registered = aligned_alloc(4096, 4096);
    int can = 1;
    OK(cuDeviceGetAttribute(&can, 19 /* CAN_MAP_HOST_MEMORY */, 0));
    CHECK(!can);
    OK(cuMemHostAlloc(&mapped, 4096, 2 /* DEVICEMAP */));
    OK(cuMemHostAlloc(&plain, 4096, 0));
    OK(cuMemHostRegister_v2(registered, 4096, 2 /* DEVICEMAP */));
    listen_to_stderr();
    CUresult r[] = {cuMemHostGetDevicePointer_v2(&p, mapped, 0), cuMemHostGetDevicePointer_v2(&p, plain, 0),
                    cuMemHostGetDevicePointer_v2(&p, registered, 0)};
    read_stderr();
    for (size_t i = 0; i < sizeof r / sizeof r[0]; i++) EXPECT(NOT_SUPPORTED, r[i]);
    CHECK(p == 7);
    if (count_of("\n") != 1 || count_of("cuMemHostGetDevicePointer") != 1) FAIL("stderr held: %.400s", said);
    EXPECT(INVALID_VALUE, cuPointerGetAttribute(&p, 3 /* DEVICE_POINTER */, (CUdeviceptr)(uintptr_t)mapped));
    OK(cuMemHostUnregister(registered));
    OK(cuMemFreeHost(mapped));
}

static void limits_that_the_driver_knows_are_answered(void)
{
    OK(begin());
    static const size_t defaults[] = {1024, 1 << 20, 8 << 20, 2, 2048, 64, 0, 0, 0, 0};
    for (int limit = 0; limit < 10; limit++) {
        size_t value = 77;
        OK(cuCtxGetLimit(&value, limit));
        if (value != defaults[limit]) FAIL("limit %d is %zu", limit, value);
    }
    size_t value;
    EXPECT(215, cuCtxGetLimit(&value, 10));
    OK(cuCtxSetLimit(4, 4096));
    OK(cuCtxGetLimit(&value, 4));
    CHECK(value == 4096);
    OK(cuCtxSetLimit(5, 1000)); /* a hint: the device gives what it has */
    OK(cuCtxGetLimit(&value, 5));
    CHECK(value == 128);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(what_is_not_carried_says_so_once_on_stderr),
                                        T(mapped_memory_is_refused_where_its_device_address_is_asked_for),
                                        T(limits_that_the_driver_knows_are_answered),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
