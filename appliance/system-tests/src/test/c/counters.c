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

/* 32 MiB each way, of which nearly nothing is not zero. */
static void zeros_there_and_back(void)
{
    enum { LENGTH = 32 << 20 };
    OK(begin());
    CUdeviceptr device;
    uint32_t *host = calloc(LENGTH, 1), *back = malloc(LENGTH);
    for (uint32_t i = 0; i < LENGTH / 4; i += 100000) host[i] = i;
    OK(cuMemAlloc_v2(&device, LENGTH));
    OK(cuMemcpyHtoD_v2(device, host, LENGTH));
    OK(cuMemcpyDtoH_v2(back, device, LENGTH));
    CHECK(!memcmp(host, back, LENGTH));
}

/* Everything is known to be idle: nothing is waited for. */
static void what_is_known_is_not_asked(void)
{
    OK(begin());
    CUdeviceptr p;
    CUstream stream;
    CUevent event;
    uint32_t word = 3, *pinned;
    CUfunction f;
    OK(kernel(&f, "count"));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemHostAlloc((void **)&pinned, BYTES, 0));
    OK(cuStreamCreate(&stream, 0));
    OK(cuEventCreate(&event, 2));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, stream, 0, 0));
    OK(cuEventRecord(event, stream));
    OK(cuEventSynchronize(event)); /* one wait */
    for (int i = 0; i < 100; i++) {
        OK(cuEventQuery(event));
        OK(cuEventSynchronize(event));
        OK(cuStreamQuery(stream));
        OK(cuStreamSynchronize(stream));
        OK(cuStreamQuery(0));
        OK(cuStreamSynchronize(0));
        OK(cuCtxSynchronize());
    }
    for (int i = 0; i < 100; i++) {
        OK(cuMemcpyHtoD_v2(p, &word, 4));
        OK(cuMemcpyHtoD_v2(p + 4, pinned, BYTES - 4));
        OK(cuMemcpyHtoD_v2(p, pinned, 4));
    }
}

/* Ten thousand questions while a kernel runs, and as many as it takes until it is done. */
static void polls(void)
{
    OK(begin());
    struct hold h;
    CUevent event;
    OK(hold(&h));
    OK(cuEventCreate(&event, 2));
    OK(cuEventRecord(event, h.held));
    for (int i = 0; i < 10000; i++) {
        EXPECT(NOT_READY, cuEventQuery(event));
        EXPECT(NOT_READY, cuStreamQuery(h.held));
    }
    OK(let_go(&h));
    while (cuEventQuery(event) == NOT_READY) continue;
    while (cuStreamQuery(h.held) == NOT_READY) continue;
}

/* As an eager training framework does: 290 launches, fills, queries of events, one value read back. */
static CUresult training_step(CUfunction f, CUdeviceptr p, CUevent *events, CUstream side, float *loss)
{
    CUresult r = SUCCESS;
    for (int i = 0; i < 290 && !r; i++) {
        r = cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
        if (!r && i % 30 == 0) r = cuMemsetD32Async(p, 0, 16, 0);
        if (!r && i % 70 == 0) r = cuEventRecord(events[i / 70 % 4], i % 140 ? 0 : side);
        if (!r && i % 70 == 69) {
            r = cuEventQuery(events[i / 70 % 4]);
            r = r == NOT_READY ? SUCCESS : r;
        }
    }
    if (!r) r = cuMemcpyDtoHAsync_v2(loss, p, 4, 0);
    return r ? r : cuStreamSynchronize(0);
}

static void training_steps(int count)
{
    OK(begin());
    CUfunction f;
    CUdeviceptr p;
    CUevent events[4];
    CUstream side;
    float loss;
    OK(kernel(&f, "count"));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuStreamCreate(&side, 1));
    for (int i = 0; i < 4; i++) OK(cuEventCreate(&events[i], 2));
    for (int i = 0; i < count; i++) OK(training_step(f, p, events, side, &loss));
}

static void one_training_step(void) { training_steps(1); }

static void eleven_training_steps(void) { training_steps(11); }

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(copies_and_fills), T(launches_once),
                                        T(zeros_there_and_back), T(launches_ten_thousand_times),
                                        T(what_is_known_is_not_asked), T(polls), T(one_training_step), T(eleven_training_steps), {0, 0}};
    return run_tests(tests, argc, argv);
}
