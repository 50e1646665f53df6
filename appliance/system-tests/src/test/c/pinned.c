// Page-locked memory: copies that are put off, its end; and host memory that cannot be read.
#include "kernels.h"
#include <pthread.h>
#include <sys/mman.h>

enum { WORDS = 1 << 18, BYTES = WORDS * 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int open_now;

static void open_gate(void)
{
    pthread_mutex_lock(&lock);
    open_now = 1;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&lock);
}

/* A host function that waits for a thread of the program, then writes its argument. */
static void waits_at_gate(void *word)
{
    pthread_mutex_lock(&lock);
    while (!open_now) pthread_cond_wait(&opened, &lock);
    pthread_mutex_unlock(&lock);
    *(volatile uint32_t *)word = 4711;
}

static void a_host_function_may_wait_for_a_thread_that_copies(void)
{
    OK(begin());
    CUstream waiting, other;
    CUdeviceptr p, q;
    uint32_t *pinned, out = 0;
    OK(cuStreamCreate(&waiting, 1));
    OK(cuStreamCreate(&other, 1));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemAlloc_v2(&q, BYTES));
    OK(cuMemHostAlloc((void **)&pinned, 2 * BYTES, 0));
    memset(pinned, 0, 2 * BYTES);
    pinned[WORDS] = 815;
    OK(cuLaunchHostFunc(waiting, waits_at_gate, pinned));
    OK(cuMemcpyHtoDAsync_v2(p, pinned, BYTES, waiting));        /* has to wait for the function */
    OK(cuMemcpyHtoDAsync_v2(q, pinned + WORDS, BYTES, other));  /* has not */
    OK(cuStreamSynchronize(other));
    OK(cuMemcpyDtoHAsync_v2(&out, q, 4, other));
    CHECK(out == 815);
    EXPECT(NOT_READY, cuStreamQuery(waiting));
    open_gate();
    OK(cuStreamSynchronize(waiting));
    OK(cuMemcpyDtoH_v2(&out, p, 4));
    CHECK(out == 4711);
}

static void increments(void *word) { ++*(volatile uint32_t *)word; }

/* The value that each function leaves is copied before the next one runs. */
static void copies_put_off_keep_their_places(void)
{
    OK(begin());
    enum { ROUNDS = 200 };
    CUstream stream;
    CUdeviceptr p;
    uint32_t *pinned, out[ROUNDS];
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAlloc_v2(&p, sizeof out));
    OK(cuMemHostAlloc((void **)&pinned, 4096, 0));
    *pinned = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        OK(cuLaunchHostFunc(stream, increments, pinned));
        OK(cuMemcpyHtoDAsync_v2(p + 4 * i, pinned, 4, stream));
    }
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(out, p, sizeof out));
    for (unsigned i = 0; i < ROUNDS; i++) CHECK(out[i] == i + 1);
    OK(cuMemFreeHost(pinned));
}

static void holds_until_there_is_no_more_room(void *unused)
{
    (void)unused;
    until_it_sleeps();
}

/* What stands behind it in the stream fills more than the library may have under way. */
static void a_copy_put_off_gets_through_whatever_stands_behind_it(void)
{
    enum { LARGE = 200 << 20, MIDDLE = 24 << 20 };
    OK(begin());
    CUstream stream;
    CUdeviceptr p, q;
    uint32_t *pinned, *pageable = malloc(LARGE), out = 0;
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAlloc_v2(&p, MIDDLE));
    OK(cuMemAlloc_v2(&q, LARGE));
    OK(cuMemHostAlloc((void **)&pinned, MIDDLE, 0));
    for (int i = 0; i < MIDDLE / 4; i++) pinned[i] = 815;
    for (int i = 0; i < LARGE / 4; i++) pageable[i] = 4711;
    OK(cuLaunchHostFunc(stream, holds_until_there_is_no_more_room, 0));
    OK(cuMemcpyHtoDAsync_v2(p, pinned, MIDDLE, stream));
    OK(WATCHED(cuMemcpyHtoDAsync_v2(q, pageable, LARGE, stream)));
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(&out, p + MIDDLE - 4, 4));
    CHECK(out == 815);
    OK(cuMemcpyDtoH_v2(&out, q + LARGE - 4, 4));
    CHECK(out == 4711);
}

static CUcontext of_main_thread;
static CUresult freed = 999;

static void *frees(void *pinned)
{
    freed = cuCtxSetCurrent(of_main_thread);
    if (!freed) freed = WATCHED(cuMemFreeHost(pinned));
    return 0;
}

/* The copy that is put off reads the memory: who frees it waits. */
static void a_thread_cancelled_in_freeing_pinned_memory_holds_nobody_up(void)
{
    OK(begin());
    OK(cuCtxGetCurrent(&of_main_thread));
    CUstream stream;
    CUdeviceptr p;
    uint32_t *pinned, unused;
    pthread_t thread;
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemHostAlloc((void **)&pinned, BYTES, 0));
    OK(cuLaunchHostFunc(stream, waits_at_gate, &unused));
    OK(cuMemcpyHtoDAsync_v2(p, pinned, BYTES, stream));
    CHECK(!pthread_create(&thread, 0, frees, pinned));
    until_it_sleeps();
    CHECK(!pthread_cancel(thread));
    open_gate();
    OK(cuStreamSynchronize(stream));
    CHECK(!pthread_join(thread, 0));
    CHECK(!freed); /* it is cancelled behind the call, or not at all */
}

/* As munmap, but nobody else gets the place: the library's own memory may come to lie there. */
static void take_away(void *place, size_t bytes)
{
    CHECK(mmap(place, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == place);
}

/* Without these the program would never hear of it. */
static void a_copy_put_off_that_fails_is_told_by_the_next_synchronise(void)
{
    OK(begin());
    CUstream stream;
    CUdeviceptr p;
    uint32_t word;
    uint32_t *pinned = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pinned != MAP_FAILED);
    OK(cuMemHostRegister_v2(pinned, BYTES, 0));
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuLaunchHostFunc(stream, waits_at_gate, &word));
    OK(cuMemcpyHtoDAsync_v2(p, pinned, BYTES, stream));
    take_away(pinned, BYTES);
    open_gate();
    EXPECT(INVALID_VALUE, cuStreamSynchronize(stream));
    OK(cuStreamSynchronize(stream));
}

static void a_copy_to_memory_that_is_gone_is_told_by_the_next_synchronise(void)
{
    OK(begin());
    struct hold h;
    CUdeviceptr p;
    uint32_t *pinned = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pinned != MAP_FAILED);
    OK(cuMemHostRegister_v2(pinned, BYTES, 0));
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemsetD32_v2(p, 1, WORDS));
    OK(hold(&h));
    OK(cuMemcpyDtoHAsync_v2(pinned, p, BYTES, h.held));
    take_away(pinned, BYTES);
    OK(let_go(&h));
    EXPECT(INVALID_VALUE, cuCtxSynchronize());
    OK(cuCtxSynchronize());
}

static CUcontext primary;

static void *opens_later(void *hold)
{
    cuCtxSetCurrent(primary);
    until_it_sleeps();
    let_go(hold);
    return NULL;
}

/* The copy is behind a kernel that another thread lets end; the end of the memory waits for it. */
static void end_of_memory(int registered)
{
    OK(begin());
    OK(cuCtxGetCurrent(&primary));
    struct hold h;
    CUdeviceptr p;
    pthread_t thread;
    uint32_t *pinned = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pinned != MAP_FAILED);
    if (registered) OK(cuMemHostRegister_v2(pinned, BYTES, 0));
    else OK(cuMemHostAlloc((void **)&pinned, BYTES, 0));
    memset(pinned, 0, BYTES);
    OK(cuMemAlloc_v2(&p, BYTES));
    OK(cuMemsetD32_v2(p, 0xdeadbeefu, WORDS));
    OK(hold(&h));
    OK(cuMemcpyDtoHAsync_v2(pinned, p, BYTES, h.held));
    CHECK(!pthread_create(&thread, NULL, opens_later, &h));
    if (registered) {
        OK(WATCHED(cuMemHostUnregister(pinned)));
        for (int i = 0; i < WORDS; i++) CHECK(pinned[i] == 0xdeadbeefu);
    } else {
        OK(WATCHED(cuMemFreeHost(pinned)));
        uint32_t *again = mmap(pinned, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(again == pinned);
        OK(cuStreamSynchronize(h.held));
        for (int i = 0; i < WORDS; i++) CHECK(again[i] == 0);
    }
    CHECK(!pthread_join(thread, NULL));
}

static void freed_pinned_memory_is_written_no_more(void) { end_of_memory(0); }
static void unregistered_memory_has_what_was_copied_to_it(void) { end_of_memory(1); }

/* So many bytes can be read at the end of what is mapped; nothing behind them can. */
static char *edge(size_t readable)
{
    size_t mapped = (readable + 4095) / 4096 * 4096;
    char *at = mmap(0, mapped + (8 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || munmap(at + mapped, 8 << 20)) return NULL;
    return at + mapped - readable;
}

static void a_bad_host_pointer_fails_the_call_and_no_other(void)
{
    OK(begin());
    static const size_t readable[] = {0, 1, 100, 4096, 20000, 100000, 3 << 20}, sizes[] = {4, 8192, 65536, 1 << 20, 8 << 20};
    CUdeviceptr p, counted;
    CUstream stream;
    OK(cuStreamCreate(&stream, 1));
    OK(cuMemAlloc_v2(&p, 8 << 20));
    OK(cuMemAlloc_v2(&counted, 4096));
    for (unsigned i = 0; i < sizeof readable / sizeof *readable; i++) {
        for (unsigned j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            if (readable[i] >= sizes[j]) continue;
            for (unsigned before = 0; before < 4; before += 3) {
                uint32_t out[4] = {0};
                char *hole = edge(readable[i]);
                CHECK(hole);
                OK(cuMemsetD32_v2(counted, 0, 4));
                OK(cuCtxSynchronize()); /* the default stream's work is not the other's */
                for (unsigned k = 0; k < before; k++) OK(cuMemsetD32Async(counted + 4 * k, 11 + k, 1, stream));
                EXPECT(INVALID_VALUE, cuMemcpyHtoDAsync_v2(p, hole, sizes[j], stream));
                OK(cuStreamSynchronize(stream));
                EXPECT(INVALID_VALUE, cuMemcpyDtoH_v2(hole, p, sizes[j]));
                OK(cuMemcpyDtoH_v2(out, counted, sizeof out));
                for (unsigned k = 0; k < 4; k++) CHECK(out[k] == (k < before ? 11 + k : 0));
            }
        }
    }
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(a_host_function_may_wait_for_a_thread_that_copies),
                                        T(copies_put_off_keep_their_places),
                                        T(a_copy_put_off_gets_through_whatever_stands_behind_it),
                                        T(a_thread_cancelled_in_freeing_pinned_memory_holds_nobody_up),
                                        T(a_copy_put_off_that_fails_is_told_by_the_next_synchronise),
                                        T(a_copy_to_memory_that_is_gone_is_told_by_the_next_synchronise),
                                        T(freed_pinned_memory_is_written_no_more),
                                        T(unregistered_memory_has_what_was_copied_to_it),
                                        T(a_bad_host_pointer_fails_the_call_and_no_other),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
