// Devices of several servers in one process: one list, one address space, one order.
#include "four_devices.h"
#include <pthread.h>
#include <sys/mman.h>

enum { WORDS = (9 << 20) / 4, BYTES = WORDS * 4 };

static CUdeviceptr memory[4];

static CUresult begin_all(void)
{
    CUresult r = begin_devices();
    for (int i = 0; i < 4 && !r; i++) {
        r = cuCtxSetCurrent(context[i]);
        if (!r) r = cuMemAlloc_v2(&memory[i], BYTES);
        if (!r) r = cuMemsetD32_v2(memory[i], 100 + (unsigned)i, WORDS);
        if (!r) r = cuCtxSynchronize();
    }
    return r ? r : cuCtxSetCurrent(context[0]);
}

static void check_words(CUdeviceptr address, uint32_t value, int count)
{
    static uint32_t words[WORDS];
    OK(cuMemcpyDtoH_v2(words, address, (size_t)count * 4));
    for (int i = 0; i < count; i++)
        if (words[i] != value) FAIL("word %d of %d is %u, not %u", i, count, words[i], value);
}

static void their_devices_are_one_list_with_one_address_space(void)
{
    unsigned char uuid[4][16];
    OK(begin_all());
    for (int i = 0; i < 4; i++) {
        OK(cuDeviceGetUuid_v2(uuid[i], i));
        int ordinal = -1;
        OK(cuPointerGetAttribute(&ordinal, POINTER_DEVICE_ORDINAL, memory[i] + BYTES - 1));
        CHECK(ordinal == i);
        for (int j = 0; j < i; j++) {
            CHECK(memcmp(uuid[i], uuid[j], 16));
            CHECK(memory[i] + BYTES <= memory[j] || memory[j] + BYTES <= memory[i]);
        }
    }
    CUstream s = stream[0];
    OK(cuCtxSetCurrent(context[3]));
    OK(cuStreamSynchronize(s));                    /* a stream, */
    OK(cuMemsetD32_v2(memory[0], 8, WORDS));       /* an address say where, whatever context is current */
    OK(cuMemsetD32Async(memory[1], 9, WORDS, stream[3]));
    check_words(memory[0], 8, WORDS);
    check_words(memory[1], 9, WORDS);
}

static void a_copy_between_servers_takes_what_was_asked_for_before(void)
{
    OK(begin_all());
    OK(launch_fill(memory[0], 5, WORDS, stream[0]));
    OK(cuMemcpyPeerAsync(memory[2], context[2], memory[0], context[0], BYTES, stream[0]));
    OK(cuMemcpyPeerAsync(memory[1], context[1], memory[2], context[2], BYTES, stream[0]));
    OK(cuMemsetD32Async(memory[0], 6, WORDS, stream[0])); /* and nothing of what comes later */
    OK(cuStreamSynchronize(stream[0]));
    check_words(memory[2], 5, WORDS);
    check_words(memory[1], 5, WORDS);
    check_words(memory[0], 6, WORDS);
    OK(cuMemcpyDtoD_v2(memory[0], memory[3], BYTES)); /* the addresses say from where to where */
    check_words(memory[0], 103, WORDS);
}

static long peak_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &kib);
    if (status) fclose(status);
    return kib;
}

static void a_copy_between_servers_needs_little_memory_here(void)
{
    enum { LENGTH = 96 << 20 };
    CUdeviceptr source, destination;
    uint32_t values[2] = {0, 0};
    OK(begin_all());
    OK(cuMemAlloc_v2(&source, LENGTH));
    OK(cuMemsetD32_v2(source, 1, LENGTH / 4));
    OK(cuMemsetD32_v2(source + LENGTH - 4, 2, 1));
    OK(cuCtxSetCurrent(context[2]));
    OK(cuMemAlloc_v2(&destination, LENGTH));
    long before = peak_kib();
    OK(cuMemcpyDtoD_v2(destination, source, LENGTH));
    long grown = peak_kib() - before;
    OK(cuMemcpyDtoH_v2(&values[0], destination, 4));
    OK(cuMemcpyDtoH_v2(&values[1], destination + LENGTH - 4, 4));
    CHECK(values[0] == 1 && values[1] == 2);
    if (before < 0 || grown > 32 << 10) FAIL("%ld KiB more for a copy of %d KiB", grown, LENGTH >> 10);
}

/* Narrow rows, many to a piece; and rows of several pieces. */
static void a_copy_of_rows_between_servers_keeps_its_shape(void)
{
    OK(begin_all());
    const struct { size_t width, height, from_pitch, to_pitch; } shapes[] = {
        {12, 3000, 400, 1000}, {(3u << 20) / 2 + 4, 3, 2u << 20, (3u << 20) / 2 + 8}};
    uint8_t *source = malloc(BYTES), *back = malloc(BYTES);
    for (int i = 0; i < BYTES; i++) source[i] = (uint8_t)(i * 7 + i / 251);
    OK(cuMemcpyHtoD_v2(memory[0], source, BYTES));
    for (int s = 0; s < 2; s++) {
        OK(cuMemsetD8_v2(memory[2], 0xee, BYTES));
        struct memcpy_2d copy = {.source_type = 2, .source_device = memory[0], .source_pitch = shapes[s].from_pitch,
                                 .source_x = 4, .type = 2, .device = memory[2], .pitch = shapes[s].to_pitch,
                                 .width = shapes[s].width, .height = shapes[s].height};
        OK(cuMemcpy2D_v2(&copy));
        OK(cuMemcpyDtoH_v2(back, memory[2], BYTES));
        for (size_t y = 0; y < shapes[s].height; y++) {
            uint8_t *row = back + y * shapes[s].to_pitch;
            CHECK(!memcmp(row, source + y * shapes[s].from_pitch + 4, shapes[s].width));
            CHECK(row[shapes[s].width] == 0xee);
        }
    }
    free(source);
    free(back);
}

static void an_event_of_one_server_orders_a_stream_of_another(void)
{
    OK(begin_all());
    struct hold h;
    CUevent event;
    OK(hold(&h));
    OK(launch_fill(memory[0], 7, WORDS, h.held));
    OK(cuEventCreate(&event, 2));
    OK(cuEventRecord(event, h.held));
    OK(cuStreamWaitEvent(stream[2], event, 0));
    OK(cuMemcpyPeerAsync(memory[2], context[2], memory[0], context[0], BYTES, stream[2]));
    OK(let_go(&h));
    OK(cuStreamSynchronize(stream[2]));
    check_words(memory[2], 7, WORDS);
}

static _Atomic int let, given_up;

/* Holds its stream until "let"; but not for ever, for whoever is to let it go may be held up by it. */
static void waits_until_let(void *unused)
{
    (void)unused;
    struct timespec t = {0, 1000000};
    for (double end = now_ms() + 15000; !let && now_ms() < end;) nanosleep(&t, NULL);
    given_up |= !let;
}

/* CUDA Driver API, "API synchronization behavior": these are asynchronous, whatever stands before them. */
static void copies_between_servers_do_not_block_the_caller(void)
{
    uint32_t *pinned;
    CUevent event;
    OK(begin_all());
    OK(cuMemHostAlloc((void **)&pinned, 8, 1));
    pinned[0] = 11;
    OK(cuLaunchHostFunc(stream[0], waits_until_let, NULL));
    OK(launch_fill(memory[0], 5, WORDS, stream[0]));
    OK(cuMemcpyPeerAsync(memory[2], context[2], memory[0], context[0], BYTES, stream[0]));
    OK(launch_fill(memory[0], 6, WORDS, stream[0]));
    OK(cuMemcpyAsync(memory[3], memory[0], BYTES, stream[0]));
    OK(cuMemcpyDtoDAsync_v2(memory[1], memory[3], BYTES, stream[0])); /* and back again */
    OK(cuMemsetD32Async(memory[3] + 4, 10, 1, stream[0]));
    OK(cuMemcpyHtoDAsync_v2(memory[3] + 8, pinned, 4, stream[0])); /* to another server's memory */
    OK(cuMemcpyDtoHAsync_v2(pinned + 1, memory[2] + 4, 4, stream[0]));
    OK(cuEventCreate(&event, 2));
    OK(cuEventRecord(event, stream[0]));
    OK(cuCtxSetCurrent(context[2]));
    OK(cuStreamWaitEvent(stream[2], event, 0));
    OK(cuMemsetD32Async(memory[2], 9, 1, stream[2]));
    EXPECT(NOT_READY, cuEventQuery(event));
    EXPECT(NOT_READY, cuStreamQuery(stream[2]));
    let = 1;
    OK(cuStreamSynchronize(stream[2]));
    OK(cuEventQuery(event));
    if (given_up) FAIL("the caller was held up");
    uint32_t words[4];
    OK(cuMemcpyDtoH_v2(words, memory[2], 8));
    CHECK(words[0] == 9 && words[1] == 5);
    check_words(memory[2] + 4, 5, WORDS - 1);
    check_words(memory[1], 6, WORDS);
    OK(cuMemcpyDtoH_v2(words, memory[3], 16));
    CHECK(words[0] == 6 && words[1] == 10 && words[2] == 11 && words[3] == 6);
    CHECK(pinned[1] == 5);
    OK(cuMemFreeHost(pinned));
}

static CUresult send_much(void *pageable)
{
    CUresult r = cuCtxSetCurrent(context[0]);
    for (int i = 0; i < 5 && !r; i++) r = cuMemcpyHtoDAsync_v2(memory[0], pageable, BYTES, stream[0]);
    for (int i = 0; i < 400000 && !r; i++) r = cuMemsetD8Async(memory[0], 1, 4, stream[0]);
    return r;
}

static void *sends_more_than_has_room(void *pageable)
{
    return (void *)(uintptr_t)WATCHED(send_much(pageable));
}

static void *makes_a_copy_aside(void *unused)
{
    (void)unused;
    CUresult r = cuCtxSetCurrent(context[2]);
    if (!r) r = cuMemcpyDtoD_v2(memory[1], memory[3], BYTES);
    return (void *)(uintptr_t)r;
}

/* The copy that stands there needs a stream of its own, which another copy is making meanwhile. */
static void a_first_copy_aside_gets_through_where_there_is_no_more_room(void)
{
    pthread_t fills, copies;
    void *filled, *copied, *pageable = calloc(1, BYTES);
    struct timespec t = {0, 300000000};
    OK(begin_all());
    OK(cuLaunchHostFunc(stream[0], waits_until_let, NULL));
    OK(cuMemcpyPeerAsync(memory[2], context[2], memory[0], context[0], BYTES, stream[0]));
    CHECK(!pthread_create(&fills, NULL, sends_more_than_has_room, pageable));
    until_it_sleeps();
    CHECK(!pthread_create(&copies, NULL, makes_a_copy_aside, NULL));
    nanosleep(&t, NULL); /* it waits, or has come through: both must do */
    let = 1;
    pthread_join(copies, &copied);
    pthread_join(fills, &filled);
    CHECK(!copied && !filled);
    OK(cuStreamSynchronize(stream[0]));
    check_words(memory[1], 103, WORDS);
    if (given_up) FAIL("the caller was held up");
    free(pageable);
}

/* One of another server's memory in a stream of this one comes between. */
static void a_fault_of_a_copy_is_told_to_its_own_context(void)
{
    enum { FEW = 4096 };
    char *good, *bad = mmap(NULL, FEW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(begin_all());
    OK(cuCtxSetCurrent(context[2]));
    OK(cuMemHostAlloc((void **)&good, FEW, 1));
    OK(cuMemHostRegister_v2(bad, FEW, 1));
    CHECK(!mprotect(bad, FEW, PROT_READ));
    OK(cuMemcpyDtoHAsync_v2(bad, memory[2], FEW, stream[2]));
    OK(cuCtxSetCurrent(context[0]));
    OK(cuMemcpyDtoHAsync_v2(good, memory[2], FEW, stream[0]));
    OK(cuStreamSynchronize(stream[0]));
    OK(cuCtxSynchronize());
    OK(cuCtxSetCurrent(context[2]));
    EXPECT(INVALID_VALUE, cuStreamSynchronize(stream[2]));
    OK(cuCtxSynchronize());
}

/* CUDA Driver API, cuMemcpyPeer; Programming Guide, "Peer-to-Peer Memory Copy". */
static void a_copy_between_servers_in_the_null_stream_waits_for_both_and_both_for_it(void)
{
    CUstream blocking;
    OK(begin_all());
    OK(cuCtxSetCurrent(context[2]));
    OK(cuStreamCreate(&blocking, 0));
    OK(cuLaunchHostFunc(blocking, waits_until_let, NULL));
    OK(cuMemsetD32Async(memory[2], 6, WORDS, blocking));
    OK(cuCtxSetCurrent(context[0]));
    OK(cuMemcpyPeerAsync(memory[2], context[2], memory[0], context[0], BYTES, NULL));
    OK(cuMemsetD32Async(memory[0], 7, WORDS, NULL));
    OK(cuCtxSetCurrent(context[2]));
    OK(cuMemsetD32Async(memory[2], 8, 1, blocking));
    EXPECT(NOT_READY, cuStreamQuery(blocking));
    let = 1;
    OK(cuStreamSynchronize(blocking));
    if (given_up) FAIL("the caller was held up");
    check_words(memory[2], 8, 1);
    check_words(memory[2] + 4, 100, WORDS - 1);
    OK(cuCtxSetCurrent(context[0]));
    check_words(memory[0], 7, WORDS);
}

static void memory_is_freed_after_a_copy_between_servers_has_read_it(void)
{
    OK(begin_all());
    OK(launch_fill(memory[0], 5, WORDS, stream[0]));
    OK(cuMemcpyPeerAsync(memory[2], context[2], memory[0], context[0], BYTES, stream[0]));
    OK(cuMemFree_v2(memory[0]));
    OK(cuStreamSynchronize(stream[0]));
    check_words(memory[2], 5, WORDS);
}

static void waiting_for_another_server_s_event_does_not_block_the_caller(void)
{
    OK(begin_all());
    struct hold h;
    CUevent first, second;
    uint32_t value = 0;
    OK(hold(&h));
    OK(cuEventCreate(&first, 2));
    OK(cuEventRecord(first, h.held));
    OK(cuStreamWaitEvent(stream[2], first, 0));
    OK(cuCtxSetCurrent(context[2]));
    OK(cuMemsetD32Async(memory[2], 9, WORDS, stream[2]));
    OK(cuEventCreate(&second, 2));
    OK(cuEventRecord(second, stream[2]));
    OK(cuCtxSetCurrent(context[1]));
    OK(cuStreamWaitEvent(stream[1], second, 0)); /* and back again */
    EXPECT(NOT_READY, cuStreamQuery(stream[2]));
    EXPECT(NOT_READY, cuEventQuery(second));
    OK(cuMemcpyDtoHAsync_v2(&value, memory[3], 4, stream[3])); /* others are not held */
    CHECK(value == 103);
    OK(cuCtxSetCurrent(context[0]));
    OK(let_go(&h)); /* the same thread lets the event be reached */
    OK(cuStreamSynchronize(stream[1]));
    OK(cuEventQuery(second));
    check_words(memory[2], 9, WORDS);
}

static void a_wait_for_another_server_is_for_the_record_at_the_call(void)
{
    OK(begin_all());
    struct hold h, later;
    CUevent event;
    OK(hold(&h));
    OK(cuStreamCreate(&later.held, 1));
    OK(cuMemAlloc_v2(&later.flag, 4));
    OK(cuMemsetD32Async(later.flag, 0, 1, h.other));
    OK(cuStreamSynchronize(h.other));
    OK(launch_await(later.flag, later.held));
    OK(cuEventCreate(&event, 2));
    OK(cuEventRecord(event, h.held));
    OK(cuStreamWaitEvent(stream[3], event, 0));
    OK(cuEventRecord(event, later.held));
    OK(let_go(&h));
    OK(cuStreamSynchronize(stream[3]));
    EXPECT(NOT_READY, cuEventQuery(event));
    OK(cuStreamWaitEvent(stream[3], event, 0));
    OK(cuEventDestroy_v2(event)); /* a wait for it goes on */
    EXPECT(NOT_READY, cuStreamQuery(stream[3]));
    OK(cuMemsetD32Async(later.flag, 1, 1, h.other));
    OK(cuStreamSynchronize(stream[3]));
}

static void the_work_of_servers_overlaps(void)
{
    OK(begin_all());
    struct hold h;
    OK(hold(&h)); /* the first one stands still */
    OK(cuCtxSetCurrent(context[2]));
    OK(cuMemsetD32Async(memory[2], 9, WORDS, stream[2]));
    OK(cuStreamSynchronize(stream[2]));
    check_words(memory[2], 9, WORDS);
    EXPECT(NOT_READY, cuStreamQuery(h.held));
    OK(cuCtxSetCurrent(context[0]));
    OK(let_go(&h));
    OK(cuStreamSynchronize(h.held));
}

CUresult cuLibraryGetKernel(void **kernel, void *library, const char *name);

/* An entry of a fat binary: PTX for an architecture that stores a number. */
static size_t entry_for(uint8_t *out, uint32_t architecture, const char *target, uint64_t flags, int number)
{
    uint32_t kind = 1 | 0x0101 << 16, head = 64;
    uint64_t padded = 512;
    memset(out, 0, 64 + padded);
    memcpy(out, &kind, 4);
    memcpy(out + 4, &head, 4);
    memcpy(out + 8, &padded, 8);
    memcpy(out + 28, &architecture, 4);
    memcpy(out + 40, &flags, 8);
    snprintf((char *)out + 64, padded,
             ".version 8.0\n.target %s\n.address_size 64\n.visible .entry which(.param .u64 p)\n{\n"
             ".reg .b32 %%r0; .reg .b64 %%d0; ld.param.u64 %%d0, [p]; mov.u32 %%r0, %d; st.global.u32 [%%d0], %%r0; ret;\n}\n",
             target, number);
    return 64 + padded;
}

/* A server with devices of 8.0 and one of 9.0: what is for 9.0 alone goes to the latter only. */
static void each_device_gets_the_image_of_its_capability(void)
{
    static uint8_t code[4096];
    uint32_t magic = 0xBA55ED50u, version = 1 | 16 << 16;
    size_t bytes = 16;
    bytes += entry_for(code + bytes, 70, "sm_70", 0, 70);
    bytes += entry_for(code + bytes, 90, "sm_90a", 0x100000, 91);
    bytes += entry_for(code + bytes, 90, "sm_90", 0, 90);
    bytes += entry_for(code + bytes, 100, "sm_100", 0, 100);
    uint64_t total = bytes - 16;
    memcpy(code, &magic, 4);
    memcpy(code + 4, &version, 4);
    memcpy(code + 8, &total, 8);
    OK(begin_all());
    void *library, *which;
    int seen = 0;
    OK(cuLibraryLoadData(&library, code, 0, 0, 0, 0, 0, 0));
    OK(cuLibraryGetKernel(&which, library, "which"));
    for (int device = 3; device >= 0; device--) {
        int major = 0;
        uint32_t number = 0;
        void *a[] = {&memory[device]};
        OK(cuDeviceGetAttribute(&major, 75, device));
        OK(cuCtxSetCurrent(context[device]));
        OK(cuLaunchKernel(which, 1, 1, 1, 1, 1, 1, 0, stream[device], a, 0));
        OK(cuStreamSynchronize(stream[device]));
        OK(cuMemcpyDtoH_v2(&number, memory[device], 4));
        if (number != (major == 9 ? 91 : 70)) FAIL("device %d of %d.0 ran the code for %u", device, major, number);
        seen |= major == 9 ? 2 : 1;
    }
    CHECK(seen == 3);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(their_devices_are_one_list_with_one_address_space),
                                        T(a_copy_between_servers_takes_what_was_asked_for_before),
                                        T(a_copy_between_servers_needs_little_memory_here),
                                        T(a_copy_of_rows_between_servers_keeps_its_shape),
                                        T(copies_between_servers_do_not_block_the_caller),
                                        T(a_copy_between_servers_in_the_null_stream_waits_for_both_and_both_for_it),
                                        T(a_first_copy_aside_gets_through_where_there_is_no_more_room),
                                        T(a_fault_of_a_copy_is_told_to_its_own_context),
                                        T(memory_is_freed_after_a_copy_between_servers_has_read_it),
                                        T(an_event_of_one_server_orders_a_stream_of_another),
                                        T(waiting_for_another_server_s_event_does_not_block_the_caller),
                                        T(a_wait_for_another_server_is_for_the_record_at_the_call),
                                        T(the_work_of_servers_overlaps),
                                        T(each_device_gets_the_image_of_its_capability),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
