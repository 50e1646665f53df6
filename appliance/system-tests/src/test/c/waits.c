// What a call waits for: synchronous copies, events, queries, what is known of a stream.
#include "kernels.h"
#include <pthread.h>
#include <unistd.h>

CUresult cuMemcpyHtoD_v2_ptds(CUdeviceptr destination, const void *source, size_t bytes);
CUresult cuMemcpyHtoDAsync_v2_ptsz(CUdeviceptr destination, const void *source, size_t bytes, CUstream stream);

enum { WORDS = 1 << 16, BYTES = WORDS * 4 };

static CUcontext primary;
static CUdeviceptr flag, area, seen;
static CUstream other;

static CUresult begin_waits(void)
{
    CUfunction f;
    CUresult r = begin();
    if (!r) r = cuCtxGetCurrent(&primary);
    if (!r) r = cuMemAlloc_v2(&flag, 4);
    if (!r) r = cuMemAlloc_v2(&area, BYTES);
    if (!r) r = cuMemAlloc_v2(&seen, BYTES);
    if (!r) r = cuMemsetD32_v2(flag, 0, 1);
    if (!r) r = cuMemsetD32_v2(area, 0, WORDS);
    if (!r) r = cuStreamCreate(&other, 1);
    if (!r) r = kernel(&f, "await");
    return r ? r : cuCtxSynchronize();
}

static CUresult let_it_go(void) { return cuMemsetD32Async(flag, 1, 1, other); }

/* When the WATCHED call waits, or has returned: who does not wait as it should has done so by then. */
static void *lets_it_go_later(void *unused)
{
    (void)unused;
    cuCtxSetCurrent(primary);
    until_it_sleeps();
    let_it_go();
    return NULL;
}

enum form { HTOD, DEFAULT, TWO_D, OWN_STREAM, FORMS };

static CUresult copy_as(enum form form, CUdeviceptr to, uint32_t *from)
{
    struct memcpy_2d two = {.source_type = 1, .source_host = from, .source_pitch = 8, .type = 2, .device = to,
                            .pitch = 8, .width = 4, .height = 2};
    return form == HTOD      ? cuMemcpyHtoD_v2(to, from, 4)
           : form == DEFAULT ? cuMemcpy(to, (CUdeviceptr)(uintptr_t)from, 4)
           : form == TWO_D   ? cuMemcpy2D_v2(&two)
                             : cuMemcpyHtoD_v2_ptds(to, from, 4);
}

/* The copy stands behind a blocking stream's kernel; a stream that waits for nobody looks at its destination. */
static void a_synchronous_copy_from_pinned_memory_has_landed_when_it_returns(void)
{
    OK(begin_waits());
    uint32_t *pinned, out = 0;
    OK(cuMemHostAlloc((void **)&pinned, 4096, 0));
    for (int form = 0; form < FORMS; form++) {
        pthread_t thread;
        CUstream blocking;
        OK(cuStreamCreate(&blocking, 0));
        OK(cuMemsetD32_v2(flag, 0, 1));
        OK(cuCtxSynchronize());
        *pinned = 42 + (unsigned)form;
        OK(launch_await(flag, blocking));
        if (form == OWN_STREAM) OK(cuMemsetD32_v2(area + 4096, 1, 1)); /* its own stream waits for the default one */
        watched = 0;
        CHECK(!pthread_create(&thread, NULL, lets_it_go_later, NULL));
        OK(WATCHED(copy_as(form, area, pinned)));
        OK(cuMemcpyDtoDAsync_v2(seen, area, 4, other));
        OK(cuMemcpyDtoHAsync_v2(&out, seen, 4, other));
        pthread_join(thread, NULL);
        if (out != 42 + (unsigned)form) FAIL("form %d: %u", form, out);
    }
}

static void sets(void *word)
{
    until_it_sleeps();
    *(volatile int *)word = 1;
}

static void a_synchronous_copy_from_pageable_memory_waits_for_the_stream_s_work(void)
{
    OK(begin_waits());
    uint32_t words[4] = {1, 2, 3, 4};
    for (int form = 0; form < FORMS; form++) {
        volatile int done = 0;
        watched = 0;
        OK(cuLaunchHostFunc(form == OWN_STREAM ? (CUstream)2 : 0, sets, (void *)&done));
        OK(WATCHED(copy_as(form, area, words)));
        if (!done) FAIL("form %d returned before the host function", form);
    }
}

static void fault_before_copy(int is_pinned)
{
    OK(begin_waits());
    CUfunction f;
    uint32_t word = 1, *pinned;
    OK(cuMemHostAlloc((void **)&pinned, 4096, 0));
    OK(kernel(&f, "halt"));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    EXPECT(LAUNCH_FAILED, cuMemcpyHtoD_v2(area, is_pinned ? pinned : &word, 4));
}

static void a_synchronous_copy_from_pageable_memory_reports_a_fault_of_earlier_work(void) { fault_before_copy(0); }

static void a_synchronous_copy_from_pinned_memory_reports_a_fault_of_earlier_work(void) { fault_before_copy(1); }

/* Asks until it is no longer NOT_READY, for at most 10 s. */
static CUresult ask_event(CUevent event)
{
    double end = now_ms() + 10000;
    CUresult r;
    while ((r = cuEventQuery(event)) == NOT_READY && now_ms() < end) continue;
    return r;
}

static void polling_an_event_or_a_stream_gets_there(void)
{
    OK(begin_waits());
    CUstream held;
    CUevent event;
    OK(cuStreamCreate(&held, 1));
    OK(cuEventCreate(&event, 2));
    OK(cuEventQuery(event)); /* never recorded */
    for (int i = 0; i < 20; i++) {
        OK(cuMemsetD32_v2(flag, 0, 1));
        OK(cuCtxSynchronize());
        OK(launch_await(flag, held));
        OK(cuEventRecord(event, held));
        OK(cuMemsetD32Async(area, (unsigned)i, WORDS, held));
        EXPECT(NOT_READY, cuEventQuery(event));
        EXPECT(NOT_READY, cuStreamQuery(held));
        OK(let_it_go());
        OK(ask_event(event));
        double end = now_ms() + 10000;
        CUresult r;
        while ((r = cuStreamQuery(held)) == NOT_READY && now_ms() < end) continue;
        OK(r);
    }
}

static void an_event_recorded_again_is_not_reached_before_its_last_record(void)
{
    OK(begin_waits());
    CUstream held;
    CUevent event, behind;
    OK(cuStreamCreate(&held, 1));
    OK(cuEventCreate(&event, 2));
    OK(cuEventCreate(&behind, 2));
    OK(cuEventRecord(event, other));
    OK(launch_await(flag, held));
    OK(cuEventRecord(event, held));
    OK(cuEventRecord(behind, other));
    OK(cuEventSynchronize(behind)); /* so that the first record's word has come */
    EXPECT(NOT_READY, cuEventQuery(event));
    OK(let_it_go());
    OK(cuEventSynchronize(event));
    OK(cuEventQuery(event));
}

static void work_of_a_stream_that_is_gone_is_still_waited_for(void)
{
    OK(begin_waits());
    CUstream held;
    CUevent event;
    pthread_t thread;
    uint32_t value = 0, *pinned;
    OK(cuMemHostAlloc((void **)&pinned, 4096, 0));
    for (int way = 0; way < 2; way++) {
        *pinned = 0;
        OK(cuMemsetD32_v2(flag, 0, 1));
        OK(cuMemsetD32_v2(area, 5 + (unsigned)way, 1));
        OK(cuCtxSynchronize());
        OK(cuStreamCreate(&held, 1));
        OK(cuEventCreate(&event, 2));
        OK(launch_await(flag, held));
        OK(cuMemcpyDtoHAsync_v2(pinned, area, 4, held));
        OK(cuEventRecord(event, held));
        OK(cuStreamDestroy_v2(held));
        EXPECT(NOT_READY, cuEventQuery(event));
        watched = 0;
        CHECK(!pthread_create(&thread, NULL, lets_it_go_later, NULL));
        if (way == 0) OK(WATCHED(cuCtxSynchronize()));
        if (way == 1) OK(WATCHED(cuEventSynchronize(event)));
        value = *(volatile uint32_t *)pinned;
        pthread_join(thread, NULL);
        CHECK(value == 5 + (unsigned)way);
    }
}

static void the_default_stream_is_not_idle_while_a_blocking_stream_works(void)
{
    OK(begin_waits());
    CUstream blocking;
    pthread_t thread;
    uint32_t *pinned;
    OK(cuMemHostAlloc((void **)&pinned, 4096, 0));
    *pinned = 0;
    OK(cuMemsetD32_v2(area, 6, 1));
    OK(cuStreamCreate(&blocking, 0));
    OK(cuStreamSynchronize(0));
    OK(cuStreamQuery(0));
    OK(launch_await(flag, blocking));
    OK(cuMemcpyDtoHAsync_v2(pinned, area, 4, blocking));
    EXPECT(NOT_READY, cuStreamQuery(0));
    EXPECT(NOT_READY, cuStreamQuery(0));
    CHECK(!pthread_create(&thread, NULL, lets_it_go_later, NULL));
    OK(WATCHED(cuStreamSynchronize(0)));
    CHECK(*(volatile uint32_t *)pinned == 6);
    OK(cuStreamQuery(blocking));
    pthread_join(thread, NULL);
}

static void an_event_behind_a_fault_tells_it(void)
{
    OK(begin_waits());
    CUfunction f;
    CUevent event;
    OK(kernel(&f, "halt"));
    OK(cuEventCreate(&event, 2));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, other, 0, 0));
    OK(cuEventRecord(event, other));
    EXPECT(LAUNCH_FAILED, ask_event(event));
    EXPECT(LAUNCH_FAILED, cuEventSynchronize(event));
    EXPECT(LAUNCH_FAILED, cuStreamSynchronize(other));
}

static void what_a_kernel_printed_is_there_when_its_event_is_reached(void)
{
    OK(begin_waits());
    CUfunction f;
    CUevent event;
    char text[64] = "";
    int n = 17;
    void *a[] = {&n};
    FILE *file = tmpfile();
    int before = dup(1);
    CHECK(file && before >= 0);
    OK(kernel(&f, "say"));
    OK(cuEventCreate(&event, 2));
    fflush(stdout);
    dup2(fileno(file), 1);
    CUresult launched = cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, other, a, 0);
    CUresult recorded = cuEventRecord(event, other);
    CUresult asked = ask_event(event);
    fflush(stdout);
    dup2(before, 1);
    OK(launched);
    OK(recorded);
    OK(asked);
    rewind(file);
    CHECK(fgets(text, sizeof text, file));
    CHECK(!strcmp(text, "kernel says 17\n"));
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(a_synchronous_copy_from_pinned_memory_has_landed_when_it_returns),
                                        T(a_synchronous_copy_from_pageable_memory_waits_for_the_stream_s_work),
                                        T(a_synchronous_copy_from_pageable_memory_reports_a_fault_of_earlier_work),
                                        T(a_synchronous_copy_from_pinned_memory_reports_a_fault_of_earlier_work),
                                        T(polling_an_event_or_a_stream_gets_there),
                                        T(an_event_recorded_again_is_not_reached_before_its_last_record),
                                        T(work_of_a_stream_that_is_gone_is_still_waited_for),
                                        T(the_default_stream_is_not_idle_while_a_blocking_stream_works),
                                        T(an_event_behind_a_fault_tells_it),
                                        T(what_a_kernel_printed_is_there_when_its_event_is_reached),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
