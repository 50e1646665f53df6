// What a client of an earlier release needs of a server of today.
#include "kernels.h"

enum { LARGE = 700 * 1024 };

static _Atomic int called;

static void call(void *data)
{
    (void)data;
    called++;
}

/* The kernels, in an image that is worth asking the server for. */
static char *large_image(void)
{
    char *image = malloc(LARGE + sizeof kernels_ptx + 2);
    size_t at = (size_t)snprintf(image, sizeof kernels_ptx, "%s", kernels_ptx);
    memset(image + at, ' ', LARGE);
    memcpy(image + at, "// ", 3);
    image[at + LARGE] = '\n';
    image[at + LARGE + 1] = 0;
    return image;
}

static void a_large_image_is_loaded_twice(void)
{
    char *image = large_image();
    OK(begin());
    for (int i = 0; i < 2; i++) {
        CUmodule module;
        CUfunction fill;
        CUdeviceptr p;
        unsigned value = 40 + (unsigned)i, n = 8, seen[8] = {0};
        void *parameters[] = {&p, &value, &n};
        OK(cuModuleLoadData(&module, image));
        OK(cuModuleGetFunction(&fill, module, "fill"));
        OK(cuMemAlloc_v2(&p, sizeof seen));
        OK(cuLaunchKernel(fill, 1, 1, 1, 8, 1, 1, 0, 0, parameters, 0));
        OK(cuMemcpyDtoH_v2(seen, p, sizeof seen));
        CHECK(seen[0] == value && seen[7] == value);
        OK(cuMemFree_v2(p));
        OK(cuModuleUnload(module));
    }
    free(image);
}

static void streams_events_and_host_functions_work(void)
{
    CUstream one, other;
    CUevent event;
    CUdeviceptr p;
    unsigned seen[4096];
    OK(begin());
    OK(cuStreamCreate(&one, 1));
    OK(cuStreamCreate(&other, 1));
    OK(cuEventCreate(&event, 2));
    OK(cuMemAllocAsync(&p, sizeof seen, one));
    for (unsigned i = 1; i <= 300; i++) {
        OK(launch_fill(p, i, 4096, one));
        OK(cuEventRecord(event, one));
        OK(cuStreamWaitEvent(other, event, 0));
        OK(cuLaunchHostFunc(other, call, 0));
        OK(cuMemcpyDtoHAsync_v2(seen, p, sizeof seen, other));
        OK(cuStreamSynchronize(other));
        CHECK(seen[0] == i && seen[4095] == i && called == (int)i);
    }
    OK(cuMemFreeAsync(p, one));
    OK(cuStreamSynchronize(one));
    CHECK(cuEventQuery(event) == SUCCESS);
}

static void an_error_of_a_kernel_is_told(void)
{
    CUfunction halt;
    OK(begin());
    OK(kernel(&halt, "halt"));
    OK(cuLaunchKernel(halt, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    CHECK(cuCtxSynchronize() == 719);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(a_large_image_is_loaded_twice),
                                        T(streams_events_and_host_functions_work),
                                        T(an_error_of_a_kernel_is_told),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
