// Programs whose connection to the server breaks while they run.
#include "kernels.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 6 << 20, CALLBACKS = 3 };

static uint64_t seed = 88172645463325252u;

static uint32_t number(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 20) % below;
}

static _Atomic uint32_t called;

static void count_call(void *data)
{
    (void)data;
    called++;
}

static void randomise(char *data, size_t bytes)
{
    for (size_t i = 0; i + 4 <= bytes; i += 4) {
        uint32_t value = number(i & 2048 ? 3 : 0x7fffffff); /* half of it can be compressed */
        memcpy(data + i, &value, 4);
    }
}

/* Copies in both directions in all ways, kernels, host functions and bursts of small calls, for
 * BF_TEST_SECONDS; each launch counts in device memory, so that one that is lost or done twice is
 * seen at the end. */
static void every_call_is_executed_once(void)
{
    const char *text = getenv("BF_TEST_SECONDS");
    double seconds = text ? atof(text) : 3;
    CUdeviceptr device, small, counter;
    CUfunction count;
    CUstream stream;
    char *source, *pinned, *landed = malloc(MOST);
    size_t bytes;
    uint32_t launches = 0, functions = 0, rounds = 0;
    OK(begin());
    OK(cuMemAlloc_v2(&device, MOST));
    OK(cuMemAlloc_v2(&small, 4096));
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAllocHost_v2((void **)&source, MOST));
    OK(cuMemAllocHost_v2((void **)&pinned, MOST));
    OK(kernel(&count, "count"));
    OK(cuModuleGetGlobal_v2(&counter, &bytes, module_, "counter"));
    OK(cuLaunchKernel(count, 1, 1, 1, 1, 1, 1, 0, stream, 0, 0));
    OK(launch_fill(small, 1, 16, stream));
    OK(cuStreamSynchronize(stream));
    puts("working");
    fflush(stdout);
    for (double end = now_ms() + 1000 * seconds; now_ms() < end || rounds < 8; rounds++) {
        size_t size = 4 + number(rounds % 4 ? 50000 : MOST - 4) / 4 * 4;
        randomise(source, size);
        if (rounds % 2)
            OK(cuMemcpyHtoDAsync_v2(device, source, size, stream));
        else
            OK(cuMemcpyHtoD_v2(device, source, size));
        for (uint32_t i = number(200); i; i--, launches++)
            OK(cuLaunchKernel(count, 1, 1, 1, 1, 1, 1, 0, stream, 0, 0));
        for (int i = 0; i < CALLBACKS; i++, functions++)
            OK(cuLaunchHostFunc(stream, count_call, 0));
        uint32_t mark = number(1000000), seen = 0;
        OK(launch_fill(small, mark, 16, stream));
        if (rounds % 3) {
            OK(cuMemcpyDtoHAsync_v2(pinned, device, size, stream));
            OK(cuStreamSynchronize(stream));
            CHECK(!memcmp(pinned, source, size));
        } else {
            OK(cuStreamSynchronize(stream));
            OK(cuMemcpyDtoH_v2(landed, device, size));
            CHECK(!memcmp(landed, source, size));
        }
        OK(cuMemcpyDtoH_v2(&seen, small, 4));
        CHECK(seen == mark);
        CHECK(called == functions);
    }
    uint32_t counted = 0;
    OK(cuMemcpyDtoH_v2(&counted, counter, 4));
    CHECK(counted == launches + 1 + 7);
}

/* Returns from main with much under way for a server that takes nothing any more. */
static void ends_with_much_to_send(void)
{
    enum { BYTES = 48 << 20 };
    OK(begin());
    CUdeviceptr p;
    CUstream stream;
    void *pinned;
    char line[16];
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemAllocHost_v2(&pinned, BYTES));
    OK(cuStreamCreate(&stream, 1));
    puts("working");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin));
    OK(cuMemcpyHtoDAsync_v2(p, pinned, BYTES, stream));
    for (int i = 0; i < 1000; i++) OK(cuMemsetD32Async(p, 1, 16, stream));
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(every_call_is_executed_once), T(ends_with_much_to_send), {0, 0}};
    return run_tests(tests, argc, argv);
}
