// What a program sees of gpu-cuda over the strict driver.
#include "kernels.h"

static void says_where_its_memory_lies(void)
{
    CUdeviceptr p;
    OK(begin());
    OK(cuMemAlloc_v2(&p, 100));
    printf("0x%llx\n", (unsigned long long)p);
}

static void adds_numbers(void)
{
    CUfunction f;
    CUdeviceptr p;
    uint32_t out[3] = {0};
    OK(begin());
    OK(cuMemAlloc_v2(&p, sizeof out));
    OK(launch_fill(p, 5, 3, NULL));
    OK(cuMemcpyDtoH_v2(out, p, sizeof out));
    CHECK(out[0] == 5 && out[2] == 5);
    OK(kernel(&f, "count"));
}

static void loses_its_context(void)
{
    CUfunction f;
    CUdeviceptr p;
    OK(begin());
    OK(kernel(&f, "halt"));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    EXPECT(LAUNCH_FAILED, cuCtxSynchronize());
    EXPECT(LAUNCH_FAILED, cuMemAlloc_v2(&p, 100));
}

static void uses_two_devices_in_one_thread(void)
{
    CUcontext contexts[2];
    CUdeviceptr p[2];
    uint32_t out = 0;
    CUstream stream;
    OK(cuInit(0));
    for (int i = 0; i < 2; i++) {
        OK(cuDevicePrimaryCtxRetain(&contexts[i], i));
        OK(cuCtxSetCurrent(contexts[i]));
        OK(cuMemAlloc_v2(&p[i], i ? 600 << 20 : 100 << 20));
        OK(cuMemsetD32_v2(p[i], (unsigned)i + 1, 1));
    }
    for (int i = 0; i < 4; i++) {
        OK(cuCtxSetCurrent(contexts[i % 2]));
        OK(cuStreamCreate(&stream, 1));
        CUdeviceptr q;
        OK(cuMemAllocAsync(&q, 1000, stream));
        OK(cuMemcpyDtoH_v2(&out, p[i % 2], 4));
        CHECK(out == (unsigned)i % 2 + 1);
        OK(cuMemFreeAsync(q, stream));
        OK(cuStreamSynchronize(stream));
    }
}

static const struct test tests[] = {{"says_where_its_memory_lies", says_where_its_memory_lies},
                                    {"adds_numbers", adds_numbers},
                                    {"loses_its_context", loses_its_context},
                                    {"uses_two_devices_in_one_thread", uses_two_devices_in_one_thread},
                                    {0}};

int main(int argc, char **argv) { return run_tests(tests, argc, argv); }
