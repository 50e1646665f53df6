// Memory: addresses, pointer attributes, pageable and pinned copies, refusals.
#include "kernels.h"
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORDS = 1 << 18, BYTES = WORDS * 4 };

/* Whether a mapping of this process that grants no access covers the address. */
static int reserved_here(uint64_t address)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], access[8];
    unsigned long low, high;
    int found = 0;
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &low, &high, access) == 3 && low <= address && address < high)
            found = !strncmp(access, "---", 3);
    if (maps) fclose(maps);
    return found;
}

static void no_device_address_is_ever_a_host_address(void)
{
    OK(begin());
    for (size_t bytes = 16; bytes <= (64 << 20); bytes *= 4) {
        CUdeviceptr p;
        OK(cuMemAlloc_v2(&p, bytes));
        CHECK(reserved_here(p));
        CHECK(reserved_here(p + bytes - 1));
    }
}

static void addresses_of_two_devices_never_meet(void)
{
    OK(begin());
    CUcontext other;
    CUdeviceptr a[32], b[32];
    for (int i = 0; i < 32; i++) OK(cuMemAlloc_v2(&a[i], 1 << 20));
    OK(cuDevicePrimaryCtxRetain(&other, 1));
    OK(cuCtxSetCurrent(other));
    for (int i = 0; i < 32; i++) OK(cuMemAlloc_v2(&b[i], 1 << 20));
    for (int i = 0; i < 32; i++)
        for (int j = 0; j < 32; j++) CHECK(a[i] + (1 << 20) <= b[j] || b[j] + (1 << 20) <= a[i]);
    int ordinal = -1;
    OK(cuPointerGetAttribute(&ordinal, POINTER_DEVICE_ORDINAL, a[3] + 5));
    CHECK(ordinal == 0);
    OK(cuPointerGetAttribute(&ordinal, POINTER_DEVICE_ORDINAL, b[3] + 5));
    CHECK(ordinal == 1);
}

static void pointer_attributes_tell_device_pinned_and_pageable_apart(void)
{
    OK(begin());
    CUdeviceptr p, base;
    void *pinned;
    char *pageable = malloc(8192);
    unsigned type = 0;
    size_t size;
    OK(cuMemAlloc_v2(&p, 4096));
    OK(cuMemHostAlloc(&pinned, 4096, 0));
    OK(cuPointerGetAttribute(&type, POINTER_MEMORY_TYPE, p + 100));
    CHECK(type == 2);
    OK(cuPointerGetAttribute(&type, POINTER_MEMORY_TYPE, (CUdeviceptr)(uintptr_t)pinned));
    CHECK(type == 1);
    EXPECT(INVALID_VALUE, cuPointerGetAttribute(&type, POINTER_MEMORY_TYPE, (CUdeviceptr)(uintptr_t)pageable));
    OK(cuMemHostRegister_v2(pageable, 8192, 0));
    EXPECT(HOST_MEMORY_ALREADY_REGISTERED, cuMemHostRegister_v2(pageable, 8192, 0));
    OK(cuPointerGetAttribute(&type, POINTER_MEMORY_TYPE, (CUdeviceptr)(uintptr_t)pageable));
    CHECK(type == 1);
    OK(cuMemHostUnregister(pageable));
    EXPECT(HOST_MEMORY_NOT_REGISTERED, cuMemHostUnregister(pageable));
    OK(cuMemGetAddressRange_v2(&base, &size, p + 77));
    CHECK(base == p && size == 4096);
    OK(cuMemFreeHost(pinned));
}

static void a_default_copy_finds_its_direction(void)
{
    OK(begin());
    CUdeviceptr p, q;
    uint32_t *in = malloc(BYTES), *out = calloc(1, BYTES);
    for (int i = 0; i < WORDS; i++) in[i] = (uint32_t)i * 2654435761u;
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemAlloc_v2(&q, BYTES));
    OK(cuMemcpy(p, (CUdeviceptr)(uintptr_t)in, BYTES));
    OK(cuMemcpy(q, p, BYTES));
    OK(cuMemcpy((CUdeviceptr)(uintptr_t)out, q, BYTES));
    CHECK(!memcmp(in, out, BYTES));
    memset(out, 0, BYTES);
    OK(cuMemcpy((CUdeviceptr)(uintptr_t)out, (CUdeviceptr)(uintptr_t)in, BYTES));
    CHECK(!memcmp(in, out, BYTES));
}

static void a_pageable_source_is_free_once_the_call_returns(void)
{
    OK(begin());
    CUdeviceptr p;
    uint32_t *host = malloc(BYTES), *out = malloc(BYTES);
    OK(cuMemAlloc_v2(&p, BYTES));
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < WORDS; i++) host[i] = (uint32_t)(i ^ round);
        OK(cuMemcpyHtoDAsync_v2(p, host, BYTES, 0));
        memset(host, 0xee, BYTES);
        OK(cuMemcpyDtoH_v2(out, p, BYTES));
        for (int i = 0; i < WORDS; i++) CHECK(out[i] == (uint32_t)(i ^ round));
    }
}

static void a_pinned_source_written_by_a_pending_copy_is_sent_after_it(void)
{
    OK(begin());
    struct hold h;
    CUdeviceptr a, b;
    uint32_t *pinned, *out = malloc(BYTES);
    OK(cuMemAlloc_v2(&a, BYTES));
    OK(cuMemAlloc_v2(&b, BYTES));
    OK(cuMemHostAlloc((void **)&pinned, BYTES, 0));
    memset(pinned, 0, BYTES);
    OK(cuMemsetD32_v2(a, 0xabcd1234u, WORDS));
    OK(cuMemsetD32_v2(b, 0, WORDS));
    OK(hold(&h));
    OK(cuMemcpyDtoHAsync_v2(pinned, a, BYTES, h.held));
    OK(let_go(&h));
    OK(cuMemcpyHtoDAsync_v2(b, pinned, BYTES, h.held));
    OK(cuStreamSynchronize(h.held));
    OK(cuMemcpyDtoH_v2(out, b, BYTES));
    for (int i = 0; i < WORDS; i++) CHECK(out[i] == 0xabcd1234u);
}

static void set_word(void *data) { *(volatile uint32_t *)data = 4711; }

static void a_pinned_source_written_by_a_pending_host_function_is_sent_after_it(void)
{
    OK(begin());
    CUstream stream;
    CUdeviceptr p;
    uint32_t *pinned, out = 0;
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAlloc_v2(&p, 4));
    OK(cuMemHostAlloc((void **)&pinned, 4096, 0));
    *pinned = 0;
    OK(cuLaunchHostFunc(stream, set_word, pinned));
    OK(cuMemcpyHtoDAsync_v2(p, pinned, 4, stream));
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(&out, p, 4));
    CHECK(out == 4711);
}

static void a_copy_into_pinned_memory_does_not_block_and_has_landed_at_synchronise(void)
{
    OK(begin());
    struct hold h;
    CUdeviceptr p;
    uint32_t *pinned;
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemHostAlloc((void **)&pinned, BYTES, 0));
    memset(pinned, 0, BYTES);
    OK(cuMemsetD32_v2(p, 99, WORDS));
    OK(hold(&h));
    OK(cuMemcpyDtoHAsync_v2(pinned, p, BYTES, h.held));
    EXPECT(NOT_READY, cuStreamQuery(h.held));
    CHECK(((volatile uint32_t *)pinned)[0] == 0);
    OK(let_go(&h));
    OK(cuStreamSynchronize(h.held));
    for (int i = 0; i < WORDS; i++) CHECK(pinned[i] == 99);
}

static void a_landed_copy_is_there_when_query_or_event_say_so(void)
{
    OK(begin());
    CUstream stream;
    CUevent event;
    CUdeviceptr p;
    uint32_t *pinned;
    OK(cuStreamCreate(&stream, 1));
    OK(cuEventCreate(&event, 0));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemHostAlloc((void **)&pinned, BYTES, 0));
    for (unsigned round = 1; round < 20; round++) {
        OK(cuMemsetD32Async(p, round, WORDS, stream));
        OK(cuMemcpyDtoHAsync_v2(pinned, p, BYTES, stream));
        OK(cuEventRecord(event, stream));
        CUresult r;
        while ((r = round & 1 ? cuEventQuery(event) : cuStreamQuery(stream)) == NOT_READY) continue;
        CHECK(r == SUCCESS);
        CHECK(((volatile uint32_t *)pinned)[0] == round && ((volatile uint32_t *)pinned)[WORDS - 1] == round);
    }
}

static void a_copy_into_pageable_memory_has_landed_when_the_call_returns(void)
{
    OK(begin());
    CUstream stream;
    CUdeviceptr p;
    uint32_t *host = calloc(1, BYTES);
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(launch_fill(p, 31337, WORDS, stream));
    OK(cuMemcpyDtoHAsync_v2(host, p, BYTES, stream));
    for (int i = 0; i < WORDS; i++) CHECK(host[i] == 31337);
}

static void managed_and_mapped_memory_are_refused(void)
{
    OK(begin());
    CUdeviceptr p;
    void *pinned;
    EXPECT(NOT_SUPPORTED, cuMemAllocManaged(&p, 4096, 1));
    CUresult r = cuMemHostAlloc(&pinned, 4096, 2 /* DEVICEMAP */);
    CHECK(r == NOT_SUPPORTED || r == INVALID_VALUE || !r);
    if (!r) CHECK(cuMemHostGetDevicePointer_v2(&p, pinned, 0) != SUCCESS);
    OK(cuMemHostAlloc(&pinned, 4096, 0));
    CHECK(cuMemHostGetDevicePointer_v2(&p, pinned, 0) != SUCCESS);
}

static void stream_ordered_allocations_follow_their_stream(void)
{
    OK(begin());
    CUstream stream;
    CUdeviceptr p;
    uint32_t *host = calloc(1, BYTES);
    size_t before, after, total;
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemGetInfo_v2(&before, &total));
    for (int i = 0; i < 50; i++) {
        OK(cuMemAllocAsync(&p, BYTES, stream));
        OK(launch_fill(p, (unsigned)i, WORDS, stream));
        OK(cuMemcpyDtoHAsync_v2(host, p, BYTES, stream));
        OK(cuMemFreeAsync(p, stream));
        CHECK(host[0] == (unsigned)i && host[WORDS - 1] == (unsigned)i);
    }
    OK(cuStreamSynchronize(stream));
    OK(cuMemGetInfo_v2(&after, &total));
    CHECK(after + 64 * (size_t)BYTES >= before);
}

static void freed_memory_can_be_had_again(void)
{
    OK(begin());
    size_t free_bytes, total;
    OK(cuMemGetInfo_v2(&free_bytes, &total));
    for (int i = 0; i < 20; i++) {
        CUdeviceptr p;
        OK(cuMemAlloc_v2(&p, free_bytes / 2));
        OK(cuMemsetD8_v2(p, 1, 4096));
        OK(cuMemFree_v2(p));
    }
}

static CUcontext held_context;

static void *lets_go_later(void *held)
{
    CUresult r = cuCtxSetCurrent(held_context);
    until_it_sleeps();
    return (void *)(uintptr_t)(r ? r : let_go(held));
}

/* What was freed is held by work in flight, and by nothing else. */
static void freed_memory_can_be_had_again_in_a_stream(void)
{
    OK(begin());
    struct hold h;
    CUstream takes;
    CUdeviceptr p;
    pthread_t thread;
    void *result;
    size_t free_bytes, total;
    OK(cuCtxGetCurrent(&held_context));
    OK(cuStreamCreate(&takes, 1));
    OK(hold(&h));
    OK(cuMemGetInfo_v2(&free_bytes, &total));
    OK(cuMemAlloc_v2(&p, free_bytes / 8 * 5));
    OK(cuMemFree_v2(p));
    CHECK(!pthread_create(&thread, 0, lets_go_later, &h));
    CUresult r = WATCHED(cuMemAllocAsync(&p, free_bytes / 8 * 5, takes));
    pthread_join(thread, &result);
    CHECK(!result);
    OK(r);
    OK(cuMemFreeAsync(p, takes));
    OK(cuStreamSynchronize(takes));
}

/* Allocates 3/8 of the total, says so, waits for a line on stdin: run twice at once within one lease by the test. */
static void takes_half(void)
{
    OK(begin());
    size_t free_bytes, total;
    CUdeviceptr p;
    char line[16];
    OK(cuMemGetInfo_v2(&free_bytes, &total));
    OK(cuMemAlloc_v2(&p, total / 8 * 5));
    puts("holding");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin));
}

static void finds_the_other_half_taken(void)
{
    OK(begin());
    size_t free_bytes, total;
    CUdeviceptr p;
    OK(cuMemGetInfo_v2(&free_bytes, &total));
    CHECK(free_bytes <= total / 8 * 3);
    EXPECT(OUT_OF_MEMORY, cuMemAlloc_v2(&p, total / 2));
    OK(cuMemAlloc_v2(&p, total / 4));
}

/* Rows so narrow that they are packed before they are sent. */
static void a_copy_of_narrow_rows_from_a_bad_pointer_fails_the_call(void)
{
    OK(begin());
    enum { ROWS = 1000, WIDTH = 64, PITCH = 4096 };
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, ROWS * WIDTH));
    char *rows = mmap(0, ROWS * PITCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(rows != MAP_FAILED);
    for (int i = 0; i < ROWS; i++) memset(rows + i * PITCH, i, PITCH);
    struct memcpy_2d copy = {.source_type = 1, .source_host = rows, .source_pitch = PITCH,
                             .type = 2, .device = p, .pitch = WIDTH, .width = WIDTH, .height = ROWS};
    OK(cuMemcpy2D_v2(&copy));
    static unsigned char back[ROWS * WIDTH];
    OK(cuMemcpyDtoH_v2(back, p, sizeof back));
    for (int i = 0; i < ROWS * WIDTH; i++) CHECK(back[i] == (unsigned char)(i / WIDTH));
    CHECK(!munmap(rows + 700 * PITCH, PITCH));
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&copy));
    copy.source_host = (void *)(uintptr_t)4096;
    EXPECT(INVALID_VALUE, cuMemcpy2D_v2(&copy));
    OK(cuCtxSynchronize());
    OK(cuMemcpyDtoH_v2(back, p, sizeof back));
}

/* "A copy (in the implicit NULL stream) between the memories of two different devices does not start until all commands
   previously issued to either device have completed, and runs to completion before any commands issued after the copy to
   either device can start." */
static void a_copy_between_devices_in_the_null_stream_waits_for_both(void)
{
    enum { LENGTH = 96 << 20 };
    CUcontext contexts[2];
    CUdeviceptr source, destination;
    uint32_t values[2];
    OK(cuInit(0));
    for (int i = 0; i < 2; i++) OK(cuDevicePrimaryCtxRetain(&contexts[i], i));
    OK(cuCtxSetCurrent(contexts[1]));
    OK(cuMemAlloc_v2(&destination, LENGTH));
    OK(cuCtxSetCurrent(contexts[0]));
    OK(cuMemAlloc_v2(&source, LENGTH));
    for (uint32_t round = 1; round < 9; round++) {
        OK(cuCtxSetCurrent(contexts[0]));
        OK(cuMemsetD32_v2(source, round, LENGTH / 4));
        OK(cuMemsetD32_v2(source + LENGTH - 4, 100 + round, 1));
        OK(cuCtxSetCurrent(contexts[round & 1]));
        if (round & 2)
            OK(cuMemcpyDtoD_v2(destination, source, LENGTH));
        else
            OK(cuMemcpyPeer(destination, contexts[1], source, contexts[0], LENGTH));
        OK(cuCtxSetCurrent(contexts[0]));
        OK(cuMemsetD32_v2(source, 50, LENGTH / 4)); /* what comes later is not copied */
        OK(cuCtxSetCurrent(contexts[1]));
        OK(cuMemcpyDtoH_v2(&values[0], destination + LENGTH / 2, 4));
        OK(cuMemcpyDtoH_v2(&values[1], destination + LENGTH - 4, 4));
        if (values[0] != round || values[1] != 100 + round) FAIL("round %u: %u %u", round, values[0], values[1]);
    }
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(no_device_address_is_ever_a_host_address),
                                        T(addresses_of_two_devices_never_meet),
                                        T(pointer_attributes_tell_device_pinned_and_pageable_apart),
                                        T(a_default_copy_finds_its_direction),
                                        T(a_pageable_source_is_free_once_the_call_returns),
                                        T(a_pinned_source_written_by_a_pending_copy_is_sent_after_it),
                                        T(a_pinned_source_written_by_a_pending_host_function_is_sent_after_it),
                                        T(a_copy_into_pinned_memory_does_not_block_and_has_landed_at_synchronise),
                                        T(a_landed_copy_is_there_when_query_or_event_say_so),
                                        T(a_copy_into_pageable_memory_has_landed_when_the_call_returns),
                                        T(managed_and_mapped_memory_are_refused),
                                        T(stream_ordered_allocations_follow_their_stream),
                                        T(freed_memory_can_be_had_again),
                                        T(freed_memory_can_be_had_again_in_a_stream),
                                        T(a_copy_of_narrow_rows_from_a_bad_pointer_fails_the_call),
                                        T(a_copy_between_devices_in_the_null_stream_waits_for_both),
                                        {0, 0}};
    static const struct test pair[] = {T(takes_half), T(finds_the_other_half_taken), {0, 0}};
    if (argc > 1 && strcmp(argv[1], "--list") && (!strcmp(argv[1], pair[0].name) || !strcmp(argv[1], pair[1].name)))
        return run_tests(pair, argc, argv);
    return run_tests(tests, argc, argv);
}
