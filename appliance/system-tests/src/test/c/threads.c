// Threads, order, progress; streams, events, contexts.
#include "kernels.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

enum { WORDS = 1 << 16, BYTES = WORDS * 4 };

static CUcontext shared_context;
static CUdeviceptr flag, area;
static sem_t ready;

static CUresult begin_shared(void)
{
    CUfunction f;
    CUresult r = begin();
    sem_init(&ready, 0, 0);
    if (!r) r = cuCtxGetCurrent(&shared_context);
    if (!r) r = cuMemAlloc_v2(&flag, 4);
    if (!r) r = cuMemAlloc_v2(&area, BYTES);
    if (!r) r = cuMemsetD32_v2(flag, 0, 1);
    if (!r) r = kernel(&f, "await");
    if (!r) r = cuCtxSynchronize();
    return r;
}

static void *sets_the_area_then_the_flag(void *unused)
{
    (void)unused;
    cuCtxSetCurrent(shared_context);
    for (unsigned i = 1; i <= 200; i++) {
        launch_fill(area, i, WORDS, 0);
        sem_post(&ready);
    }
    return 0;
}

static void program_order_holds_across_threads(void)
{
    OK(begin_shared());
    pthread_t thread;
    uint32_t *host = malloc(BYTES);
    CHECK(!pthread_create(&thread, 0, sets_the_area_then_the_flag, 0));
    for (unsigned i = 1; i <= 200; i++) {
        sem_wait(&ready);
        OK(cuMemcpyDtoH_v2(host, area, BYTES));
        CHECK(host[0] >= i && host[0] == host[WORDS - 1]);
    }
    pthread_join(thread, 0);
}

static void *lets_go_later(void *stream)
{
    cuCtxSetCurrent(shared_context);
    until_it_sleeps();
    cuMemsetD32Async(flag, 1, 1, stream);
    return 0;
}

static void one_thread_s_wait_does_not_hold_up_another_s_work(void)
{
    OK(begin_shared());
    CUstream held, other;
    pthread_t thread;
    OK(cuStreamCreate(&held, 1));
    OK(cuStreamCreate(&other, 1));
    OK(launch_await(flag, held));
    CHECK(!pthread_create(&thread, 0, lets_go_later, other));
    OK(WATCHED(cuStreamSynchronize(held)));
    pthread_join(thread, 0);
}

static void waits_on_device_to_host_events_and_the_context_let_others_work(void)
{
    OK(begin_shared());
    CUstream held, other;
    CUevent event;
    pthread_t thread;
    uint32_t value = 0;
    OK(cuStreamCreate(&held, 1));
    OK(cuStreamCreate(&other, 1));
    OK(cuEventCreate(&event, 0));
    for (int way = 0; way < 3; way++) {
        OK(cuMemsetD32_v2(flag, 0, 1));
        OK(cuCtxSynchronize());
        OK(launch_await(flag, held));
        OK(cuEventRecord(event, held));
        watched = 0;
        CHECK(!pthread_create(&thread, 0, lets_go_later, other));
        if (way == 0) OK(WATCHED(cuMemcpyDtoHAsync_v2(&value, flag, 4, held)));
        if (way == 1) OK(WATCHED(cuEventSynchronize(event)));
        if (way == 2) OK(WATCHED(cuCtxSynchronize()));
        pthread_join(thread, 0);
    }
    CHECK(value == 1);
}

struct transfer {
    CUdeviceptr device;
    char *host;
    size_t bytes;
    int up;
    CUresult result;
};

static void *moves(void *data)
{
    struct transfer *t = data;
    cuCtxSetCurrent(shared_context);
    t->result = t->up ? cuMemcpyHtoD_v2(t->device, t->host, t->bytes) : cuMemcpyDtoH_v2(t->host, t->device, t->bytes);
    return 0;
}

/* The test runs this in a network namespace whose sockets have 64 KiB buffers. */
static void a_gibibyte_each_way_at_once_finishes(void)
{
    OK(begin_shared());
    struct transfer t[2] = {{0, 0, 1u << 30, 1, -1}, {0, 0, 1u << 30, 0, -1}};
    pthread_t thread[2];
    for (int i = 0; i < 2; i++) {
        OK(cuMemAlloc_v2(&t[i].device, t[i].bytes));
        t[i].host = malloc(t[i].bytes);
        memset(t[i].host, 3 + i, t[i].bytes);
        OK(cuMemsetD8_v2(t[i].device, 9, t[i].bytes));
    }
    OK(cuCtxSynchronize());
    for (int i = 0; i < 2; i++) CHECK(!pthread_create(&thread[i], 0, moves, &t[i]));
    for (int i = 0; i < 2; i++) pthread_join(thread[i], 0);
    OK(t[0].result);
    OK(t[1].result);
    CHECK(t[1].host[0] == 9 && t[1].host[t[1].bytes - 1] == 9);
    char last = 0;
    OK(cuMemcpyDtoH_v2(&last, t[0].device + t[0].bytes - 1, 1));
    CHECK(last == 3);
}

static _Atomic int called;
static _Atomic pthread_t caller;

static void note_call(void *unused)
{
    (void)unused;
    caller = pthread_self();
    called = 1;
}

static void a_lone_one_way_call_reaches_the_worker_without_a_further_call(void)
{
    OK(begin_shared());
    CUstream stream;
    OK(cuStreamCreate(&stream, 1));
    OK(cuStreamSynchronize(stream));
    for (int i = 0; i < 20; i++) {
        called = 0;
        double start = now_ms();
        OK(cuLaunchHostFunc(stream, note_call, 0));
        while (!called && now_ms() - start < 5000) sched_yield();
        CHECK(called);
    }
}

static void holds_until_it_is_waited_for(void *data)
{
    until_it_sleeps();
    *(volatile int *)data = 1;
}

static void a_host_function_runs_here_and_holds_its_stream_until_it_returns(void)
{
    OK(begin_shared());
    CUstream stream;
    volatile int done = 0;
    uint32_t host = 0;
    OK(cuStreamCreate(&stream, 1));
    OK(launch_fill(area, 1, WORDS, stream));
    OK(cuLaunchHostFunc(stream, holds_until_it_is_waited_for, (void *)&done));
    OK(launch_fill(area, 2, WORDS, stream));
    OK(WATCHED(cuStreamSynchronize(stream)));
    CHECK(done);
    OK(cuMemcpyDtoH_v2(&host, area, 4));
    CHECK(host == 2);
    done = watched = 0;
    OK(cuLaunchHostFunc(stream, holds_until_it_is_waited_for, (void *)&done));
    EXPECT(NOT_READY, cuStreamQuery(stream));
    OK(WATCHED(cuCtxSynchronize()));
    CHECK(done);
}

static CUresult callback_status = -1;

static void note_status(CUstream stream, CUresult status, void *data)
{
    (void)stream;
    (void)data;
    callback_status = status;
}

static void a_stream_callback_is_told_the_status(void)
{
    OK(begin_shared());
    CUstream stream;
    OK(cuStreamCreate(&stream, 0));
    OK(cuStreamAddCallback(stream, note_status, 0, 0));
    OK(cuStreamSynchronize(stream));
    CHECK(callback_status == SUCCESS);
}

static void *lets_go_in_its_own_default_stream(void *unused)
{
    (void)unused;
    cuCtxSetCurrent(shared_context);
    until_it_sleeps();
    cuMemsetD32Async_ptsz(flag, 1, 1, 0);
    return 0;
}

static void per_thread_default_streams_are_streams_of_their_own(void)
{
    OK(begin_shared());
    pthread_t thread;
    CUfunction f;
    OK(kernel(&f, "await"));
    void *a[] = {&flag};
    OK(cuLaunchKernel_ptsz(f, 1, 1, 1, 1, 1, 1, 0, 0, a, 0));
    CHECK(!pthread_create(&thread, 0, lets_go_in_its_own_default_stream, 0));
    OK(WATCHED(cuStreamSynchronize_ptsz(0)));
    pthread_join(thread, 0);
}

static void the_legacy_default_stream_waits_for_blocking_streams(void)
{
    OK(begin_shared());
    CUstream blocking, other;
    uint32_t host = 0;
    OK(cuStreamCreate(&blocking, 0));
    OK(cuStreamCreate(&other, 1));
    OK(cuMemsetD32_v2(area, 0, WORDS));
    OK(cuCtxSynchronize());
    OK(launch_await(flag, blocking));
    OK(cuMemsetD32Async(area, 5, WORDS, blocking));
    OK(cuMemsetD32Async(flag, 1, 1, other));
    OK(cuMemcpyDtoHAsync_v2(&host, area, 4, 0));
    CHECK(host == 5);
}

static void events_order_streams_and_measure_time(void)
{
    OK(begin_shared());
    CUstream first, second, other;
    CUevent start, end;
    uint32_t host = 0;
    float ms = -1;
    OK(cuStreamCreate(&first, 1));
    OK(cuStreamCreate(&second, 1));
    OK(cuStreamCreate(&other, 1));
    OK(cuEventCreate(&start, 0));
    OK(cuEventCreate(&end, 0));
    OK(cuEventRecord(start, first));
    OK(launch_await(flag, first));
    OK(cuMemsetD32Async(area, 8, WORDS, first));
    OK(cuEventRecord(end, first));
    OK(cuStreamWaitEvent(second, end, 0));
    OK(launch_fill(area, 9, 4, second));
    EXPECT(NOT_READY, cuEventQuery(end));
    EXPECT(NOT_READY, cuEventElapsedTime(&ms, start, end));
    struct timespec t = {0, 30000000};
    nanosleep(&t, 0);
    OK(cuMemsetD32Async(flag, 1, 1, other));
    OK(cuStreamSynchronize(second));
    OK(cuMemcpyDtoH_v2(&host, area, 4));
    CHECK(host == 9);
    OK(cuEventElapsedTime(&ms, start, end));
    CHECK(ms >= 29 && ms < 60000);
}

static void contexts_are_pushed_and_popped_per_thread(void)
{
    OK(begin_shared());
    CUcontext created, current, popped;
    CUdevice device = -1;
    OK(cuCtxCreate_v2(&created, 0, 1));
    OK(cuCtxGetCurrent(&current));
    CHECK(current == created);
    OK(cuCtxGetDevice(&device));
    CHECK(device == 1);
    OK(cuCtxPopCurrent_v2(&popped));
    CHECK(popped == created);
    OK(cuCtxGetCurrent(&current));
    CHECK(current == shared_context);
    OK(cuCtxPushCurrent_v2(created));
    OK(cuCtxDestroy_v2(created));
    OK(cuCtxGetCurrent(&current));
    CHECK(current == shared_context);
    CHECK(cuCtxPushCurrent_v2(created) != SUCCESS);
    OK(cuCtxSetCurrent(0));
    OK(cuCtxGetCurrent(&current));
    CHECK(!current);
    CUdeviceptr p;
    EXPECT(INVALID_CONTEXT, cuMemAlloc_v2(&p, 16));
}

static void the_primary_context_counts_its_references(void)
{
    OK(cuInit(0));
    unsigned flags = 99;
    int active = -1;
    CUcontext a, b;
    OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    CHECK(!active && flags == 0);
    OK(cuDevicePrimaryCtxSetFlags_v2(0, 4));
    OK(cuDevicePrimaryCtxRetain(&a, 0));
    OK(cuDevicePrimaryCtxRetain(&b, 0));
    CHECK(a == b);
    OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    CHECK(active == 1 && flags == 4);
    OK(cuDevicePrimaryCtxRelease_v2(0));
    OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    CHECK(active == 1);
    OK(cuDevicePrimaryCtxRelease_v2(0));
    OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    CHECK(!active);
    EXPECT(INVALID_CONTEXT, cuDevicePrimaryCtxRelease_v2(0));
}

static void *adds(void *unused)
{
    (void)unused;
    CUfunction f;
    cuCtxSetCurrent(shared_context);
    for (int i = 0; i < 500; i++)
        if (kernel(&f, "count") || cuLaunchKernel(f, 1, 1, 1, 4, 1, 1, 0, 0, 0, 0)) return (void *)1;
    return cuCtxSynchronize() ? (void *)1 : 0;
}

static void many_threads_launch_at_once(void)
{
    OK(begin_shared());
    pthread_t thread[8];
    void *bad;
    CUdeviceptr counter;
    size_t bytes;
    uint32_t value = 0;
    OK(cuModuleGetGlobal_v2(&counter, &bytes, module_, "counter"));
    CHECK(bytes == 4);
    for (int i = 0; i < 8; i++) CHECK(!pthread_create(&thread[i], 0, adds, 0));
    for (int i = 0; i < 8; i++) {
        pthread_join(thread[i], &bad);
        CHECK(!bad);
    }
    OK(cuMemcpyDtoH_v2(&value, counter, 4));
    CHECK(value == 7 + 8 * 500 * 4);
}

static void *waits_for_ever(void *stream)
{
    cuCtxSetCurrent(shared_context);
    (void)WATCHED(cuStreamSynchronize(stream));
    return 0;
}

static void a_cancelled_thread_does_not_hold_up_the_others(void)
{
    OK(begin_shared());
    CUstream held, other;
    pthread_t thread;
    OK(cuStreamCreate(&held, 1));
    OK(cuStreamCreate(&other, 1));
    OK(launch_await(flag, held));
    CHECK(!pthread_create(&thread, 0, waits_for_ever, held));
    until_it_sleeps(); /* it waits for the worker now */
    alarm(30);
    CHECK(!pthread_cancel(thread));
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 16));
    OK(cuMemsetD32Async(flag, 1, 1, other));
    OK(cuCtxSynchronize());
    pthread_join(thread, 0);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(program_order_holds_across_threads),
                                        T(one_thread_s_wait_does_not_hold_up_another_s_work),
                                        T(waits_on_device_to_host_events_and_the_context_let_others_work),
                                        T(a_lone_one_way_call_reaches_the_worker_without_a_further_call),
                                        T(a_host_function_runs_here_and_holds_its_stream_until_it_returns),
                                        T(a_stream_callback_is_told_the_status),
                                        T(per_thread_default_streams_are_streams_of_their_own),
                                        T(the_legacy_default_stream_waits_for_blocking_streams),
                                        T(events_order_streams_and_measure_time),
                                        T(contexts_are_pushed_and_popped_per_thread),
                                        T(the_primary_context_counts_its_references),
                                        T(many_threads_launch_at_once),
                                        T(a_cancelled_thread_does_not_hold_up_the_others),
                                        {0, 0}};
    static const struct test special[] = {T(a_gibibyte_each_way_at_once_finishes), {0, 0}};
    if (argc > 1 && !strcmp(argv[1], special[0].name)) return run_tests(special, argc, argv);
    return run_tests(tests, argc, argv);
}
