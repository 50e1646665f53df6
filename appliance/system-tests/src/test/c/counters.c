// Programs whose round trips CountersIT counts by what BF_STATS=1 prints at their end.
#include "kernels.h"

enum { WORDS = 1 << 16, BYTES = WORDS * 4, LAUNCHES = 10000 };

/* One module load, two allocations, one copy there, one launch, one copy back. */
static void copies_and_fills(void)
{
    OK(begin());
    CUdeviceptr a, b;
    uint32_t *host = calloc(WORDS, 4);
    OK(cuMemAlloc_v2(&a, BYTES));
    OK(cuMemAlloc_v2(&b, BYTES));
    OK(cuMemcpyHtoD_v2(a, host, BYTES));
    OK(launch_fill(b, 9, WORDS, 0));
    OK(cuMemcpyDtoDAsync_v2(a, b, BYTES, 0));
    OK(cuMemcpyDtoH_v2(host, a, BYTES));
    CHECK(host[0] == 9 && host[WORDS - 1] == 9);
    OK(cuMemFree_v2(a));
    OK(cuMemFree_v2(b));
}

/* One module load, one launch, one synchronisation. */
static void launches_once(void)
{
    CUfunction f;
    OK(begin());
    OK(kernel(&f, "count"));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    OK(cuCtxSynchronize());
}

static void launches_ten_thousand_times(void)
{
    CUfunction f;
    CUdeviceptr counter;
    size_t bytes;
    uint32_t value = 0;
    OK(begin());
    OK(kernel(&f, "count"));
    for (int i = 0; i < LAUNCHES; i++) OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    OK(cuCtxSynchronize());
    OK(cuModuleGetGlobal_v2(&counter, &bytes, module_, "counter"));
    OK(cuMemcpyDtoH_v2(&value, counter, 4));
    CHECK(value == 7 + LAUNCHES);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(copies_and_fills), T(launches_once), T(launches_ten_thousand_times), {0, 0}};
    return run_tests(tests, argc, argv);
}
