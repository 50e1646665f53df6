// Copies between the devices of two servers.
#include "four_devices.h"
#include <pthread.h>

CUresult cuMemcpy3DPeer(const void *copy);

struct memcpy_3d_end {
    size_t x, y, z, lod;
    int type;
    const void *host;
    CUdeviceptr device;
    void *array;
    void *context;
    size_t pitch, height;
};

struct memcpy_3d { /* CUDA_MEMCPY3D_PEER */
    struct memcpy_3d_end from, to;
    size_t width, height, depth;
};

static CUresult memory_of(CUdeviceptr *address, int device, size_t bytes)
{
    CUresult r = cuCtxSetCurrent(context[device]);
    if (!r) r = cuMemAlloc_v2(address, bytes);
    CUresult back = cuCtxSetCurrent(context[0]);
    return r ? r : back;
}

static void pattern(uint8_t *bytes, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)((i * 2654435761u + seed) >> 13);
}

static void copies_of_all_sizes_arrive(void)
{
    enum { MOST = (70 << 20) + 5, ROOM = MOST + 64 };
    const size_t sizes[] = {0, 1, 3, 4097, 65535, 65536, 65537, (1 << 20) + 1, MOST};
    uint8_t *source = malloc(ROOM), *back = malloc(ROOM);
    CUdeviceptr from, to;
    OK(begin_devices());
    OK(memory_of(&from, 0, ROOM));
    OK(memory_of(&to, 2, ROOM));
    pattern(source, ROOM, 1);
    OK(cuMemcpyHtoD_v2(from, source, ROOM));
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t x = 7 + i, y = 17 - i, n = sizes[i];
        OK(cuMemsetD8_v2(to, 0xee, ROOM));
        OK(cuMemcpyPeer(to + y, context[2], from + x, context[0], n));
        OK(cuMemcpyDtoH_v2(back, to, n + 32));
        CHECK(!memcmp(back + y, source + x, n));
        CHECK(back[y - 1] == 0xee && back[y + n] == 0xee);
    }
    free(source);
    free(back);
}

static void a_box_keeps_its_shape(void)
{
    enum { WIDTH = 301, HEIGHT = 50, DEPTH = 20, ROOM = 2 << 20 };
    struct memcpy_3d copy = {.from = {.x = 3, .y = 2, .z = 1, .type = 2, .pitch = 500, .height = 60},
                             .to = {.x = 5, .y = 4, .z = 2, .type = 2, .pitch = 400, .height = 70},
                             .width = WIDTH, .height = HEIGHT, .depth = DEPTH};
    uint8_t *source = malloc(ROOM), *back = malloc(ROOM), *expected = malloc(ROOM);
    OK(begin_devices());
    OK(memory_of(&copy.from.device, 1, ROOM));
    OK(memory_of(&copy.to.device, 3, ROOM));
    pattern(source, ROOM, 5);
    memset(expected, 0xee, ROOM);
    for (size_t z = 0; z < DEPTH; z++)
        for (size_t y = 0; y < HEIGHT; y++)
            memcpy(expected + ((z + 2) * 70 + y + 4) * 400 + 5, source + ((z + 1) * 60 + y + 2) * 500 + 3, WIDTH);
    OK(cuMemcpyHtoD_v2(copy.from.device, source, ROOM));
    OK(cuMemsetD8_v2(copy.to.device, 0xee, ROOM));
    OK(cuMemcpy3DPeer(&copy));
    OK(cuMemcpyDtoH_v2(back, copy.to.device, ROOM));
    CHECK(!memcmp(back, expected, ROOM));
    free(source);
    free(back);
    free(expected);
}

enum { THREADS = 6, COPIES = 5, PART = (1 << 20) + 12 };

static CUdeviceptr ends[4];
static _Atomic int failures;

/* Half of them from the first server to the second, the others back. */
static void *copies_again_and_again(void *number)
{
    int i = (int)(intptr_t)number, from = i % 2 ? 2 : 0, to = 2 - from;
    uint32_t value = 0;
    for (int c = 0; c < COPIES; c++) {
        CUdeviceptr source = ends[from] + (size_t)i * PART, destination = ends[to] + (size_t)(THREADS + i) * PART;
        if (cuCtxSetCurrent(context[from]) || cuMemsetD32Async(source, (unsigned)(100 * i + c), PART / 4, stream[from]) ||
            cuMemcpyPeerAsync(destination, context[to], source, context[from], PART, stream[from]) ||
            cuStreamSynchronize(stream[from]) || cuMemcpyDtoH_v2(&value, destination + PART - 4, 4) || value != (unsigned)(100 * i + c))
            failures++;
    }
    return NULL;
}

static void copies_of_many_threads_arrive(void)
{
    pthread_t threads[THREADS];
    OK(begin_devices());
    OK(memory_of(&ends[0], 0, 2 * THREADS * (size_t)PART));
    OK(memory_of(&ends[2], 2, 2 * THREADS * (size_t)PART));
    for (intptr_t i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, copies_again_and_again, (void *)i));
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK(!failures);
}

enum { OPPOSITE = 60, SMALL_PART = 1 << 17 };

/* In the default streams of both contexts, which stand still for the copy. */
static void *copies_in_the_null_stream(void *number)
{
    int i = (int)(intptr_t)number, from = i % 2 ? 2 : 0, to = 2 - from;
    CUdeviceptr source = ends[from] + (size_t)i * SMALL_PART, destination = ends[to] + (size_t)(4 + i) * SMALL_PART;
    for (unsigned c = 1; c <= OPPOSITE; c++) {
        uint32_t value = 0;
        if (cuCtxSetCurrent(context[from]) || cuMemsetD32_v2(source, c, SMALL_PART / 4) ||
            cuMemcpyPeer(destination, context[to], source, context[from], SMALL_PART) ||
            cuMemcpyDtoH_v2(&value, destination + SMALL_PART - 4, 4) || value != c)
            failures++;
    }
    return NULL;
}

static void opposite_copies_in_the_null_streams_do_not_wait_for_each_other(void)
{
    pthread_t threads[4];
    OK(begin_devices());
    OK(memory_of(&ends[0], 0, 8 * SMALL_PART));
    OK(memory_of(&ends[2], 2, 8 * SMALL_PART));
    for (intptr_t i = 0; i < 4; i++) CHECK(!pthread_create(&threads[i], NULL, copies_in_the_null_stream, (void *)i));
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK(!failures);
}

enum { WORDS = 1 << 18, BYTES = WORDS * 4 };

static void a_fault_of_the_source_is_told_by_the_copy(void)
{
    CUdeviceptr from, to;
    uint32_t value = 0;
    OK(begin_devices());
    OK(memory_of(&from, 0, BYTES));
    OK(memory_of(&to, 2, BYTES));
    OK(cuMemsetD32_v2(to, 9, WORDS));
    OK(launch_poke(0, 1));
    EXPECT(ILLEGAL_ADDRESS, cuMemcpyPeer(to, context[2], from, context[0], BYTES));
    EXPECT(ILLEGAL_ADDRESS, cuCtxSynchronize());
    OK(cuCtxSetCurrent(context[2]));
    OK(cuMemsetD32Async(to, 8, 1, NULL)); /* the other server is well, and stands still for nothing */
    OK(cuMemcpyDtoH_v2(&value, to, 4));
    CHECK(value == 8);
}

static void a_fault_of_the_destination_is_told_by_the_copy(void)
{
    CUdeviceptr from, to;
    uint32_t value = 0;
    OK(begin_devices());
    OK(memory_of(&from, 0, BYTES));
    OK(memory_of(&to, 2, BYTES));
    OK(cuMemsetD32_v2(from, 9, WORDS));
    OK(cuCtxSetCurrent(context[2]));
    OK(launch_poke(0, 1));
    OK(cuCtxSetCurrent(context[0]));
    EXPECT(ILLEGAL_ADDRESS, cuMemcpyPeer(to, context[2], from, context[0], BYTES));
    OK(cuCtxSynchronize());
    OK(cuMemcpyAsync(to, from, BYTES, stream[0])); /* one that nobody waits for: by what synchronises its stream */
    EXPECT(ILLEGAL_ADDRESS, cuStreamSynchronize(stream[0]));
    OK(cuStreamSynchronize(stream[0]));
    OK(cuMemcpyDtoH_v2(&value, from, 4));
    CHECK(value == 9);
}

enum { MOST_WORDS = 6 << 20, GUARD = 64 };

/* For BF_TEST_SECONDS: there and back, all words looked at; what breaks meanwhile is not noticed. */
static void copies_are_whole_whatever_breaks(void)
{
    const char *text = getenv("BF_TEST_SECONDS");
    double seconds = text ? atof(text) : 2;
    uint32_t *words = malloc((MOST_WORDS + GUARD) * 4ul), rounds = 0, seed = 1;
    CUdeviceptr from, to;
    OK(begin_devices());
    OK(memory_of(&from, 0, (MOST_WORDS + GUARD) * 4ul));
    OK(memory_of(&to, 2, (MOST_WORDS + GUARD) * 4ul));
    OK(launch_fill(from, 0, 1, stream[0]));
    puts("working");
    fflush(stdout);
    for (double end = now_ms() + 1000 * seconds; now_ms() < end || rounds < 4; rounds++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t count = 20000 + seed % (MOST_WORDS - 20000), value = rounds + 1;
        OK(cuMemsetD32_v2(to, ~value, count + GUARD));
        OK(launch_fill(from, value, count, stream[0]));
        OK(cuMemcpyPeerAsync(to, context[2], from, context[0], count * 4ul, stream[0]));
        OK(launch_fill(from, ~value, count, stream[0]));
        OK(cuStreamSynchronize(stream[0]));
        OK(cuMemcpyDtoH_v2(words, to, (count + GUARD) * 4ul));
        for (uint32_t i = 0; i < count + GUARD; i++) CHECK(words[i] == (i < count ? value : ~value));
    }
    printf("%u rounds\n", rounds);
    free(words);
}

/* One of the servers dies: the copy fails in time, the other server's device is well, and nothing there
 * stands still. */
static void copies_until_a_server_dies(void)
{
    enum { LENGTH = 48 << 20 };
    CUdeviceptr ends[2];
    CUresult r = SUCCESS;
    double begun = 0;
    int well = 0;
    OK(begin_devices());
    OK(memory_of(&ends[0], 0, LENGTH));
    OK(memory_of(&ends[1], 2, LENGTH));
    OK(cuMemcpyPeer(ends[1], context[2], ends[0], context[0], LENGTH));
    puts("working");
    fflush(stdout);
    while (!r) {
        begun = now_ms();
        r = cuMemcpyPeer(ends[1], context[2], ends[0], context[0], LENGTH);
    }
    printf("status %d after %d ms\n", r, (int)(now_ms() - begun));
    for (int i = 0; i < 2; i++) {
        uint32_t value = 0;
        cuCtxSetCurrent(context[2 * i]);
        if (cuMemsetD32Async(ends[i], 4 + (unsigned)i, 1, NULL) || cuMemcpyDtoH_v2(&value, ends[i], 4)) continue;
        CHECK(value == 4 + (unsigned)i);
        printf("well: %d\n", i);
        well++;
    }
    CHECK(r == DEVICE_UNAVAILABLE);
    CHECK(well == 1);
}

static _Atomic int gate;

static void waits_at_gate(void *unused)
{
    struct timespec t = {0, 1000000};
    (void)unused;
    while (!gate) nanosleep(&t, NULL);
}

static void does_nothing(void *unused) { (void)unused; }

/* Copies that are put off: while the second server's is on its way its network falls silent. */
static void a_copy_goes_on_while_another_server_is_silent(void)
{
    enum { LARGE = 256 << 20 };
    CUdeviceptr ends[2];
    CUevent event;
    struct hold h;
    void *pinned;
    char line[16];
    OK(begin_devices());
    OK(memory_of(&ends[0], 0, BYTES));
    OK(memory_of(&ends[1], 2, LARGE));
    OK(cuMemHostAlloc(&pinned, LARGE, 1));
    OK(hold(&h));
    OK(cuLaunchHostFunc(h.held, does_nothing, NULL));
    OK(cuMemcpyHtoDAsync_v2(ends[0], pinned, BYTES, h.held));
    OK(cuCtxSetCurrent(context[2]));
    OK(cuLaunchHostFunc(stream[2], waits_at_gate, NULL));
    OK(cuMemcpyHtoDAsync_v2(ends[1], pinned, LARGE, stream[2]));
    OK(cuEventCreate(&event, 2));
    OK(cuEventRecord(event, stream[2]));
    OK(cuCtxSetCurrent(context[0]));
    puts("working");
    fflush(stdout);
    gate = 1;
    CHECK(fgets(line, sizeof line, stdin));
    double begun = now_ms();
    OK(let_go(&h));
    OK(cuStreamSynchronize(h.held));
    if (now_ms() - begun > 5000) FAIL("it took %d ms", (int)(now_ms() - begun));
    EXPECT(NOT_READY, cuEventQuery(event));
}

/* Copies twice and says how long each took. */
static void copies_twice(void)
{
    CUdeviceptr from, to;
    uint32_t value = 0;
    OK(begin_devices());
    OK(memory_of(&from, 0, BYTES));
    OK(memory_of(&to, 2, BYTES));
    puts("working");
    fflush(stdout);
    char line[16];
    CHECK(fgets(line, sizeof line, stdin));
    for (unsigned i = 1; i <= 2; i++) {
        OK(cuMemsetD32_v2(from, i, WORDS));
        double begun = now_ms();
        OK(cuMemcpyPeer(to, context[2], from, context[0], BYTES));
        printf("copy %u: %d ms\n", i, (int)(now_ms() - begun));
        OK(cuMemcpyDtoH_v2(&value, to + BYTES - 4, 4));
        CHECK(value == i);
    }
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(copies_of_all_sizes_arrive), T(a_box_keeps_its_shape),
                                        T(copies_of_many_threads_arrive),
                                        T(opposite_copies_in_the_null_streams_do_not_wait_for_each_other), T(a_fault_of_the_source_is_told_by_the_copy),
                                        T(a_fault_of_the_destination_is_told_by_the_copy), {0, 0}};
    static const struct test special[] = {T(copies_are_whole_whatever_breaks), T(copies_until_a_server_dies),
                                          T(copies_twice), T(a_copy_goes_on_while_another_server_is_silent), {0, 0}};
    for (const struct test *t = special; argc > 1 && t->name; t++)
        if (!strcmp(argv[1], t->name)) return run_tests(special, argc, argv);
    return run_tests(tests, argc, argv);
}
