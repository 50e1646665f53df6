// The process: fork, exit, dlclose, printf, signals.
#include "kernels.h"
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int child_status(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_forked_child_is_not_initialised_and_the_parent_goes_on(void)
{
    OK(begin());
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 4096));
    OK(launch_fill(p, 1, 1024, 0));
    for (int i = 0; i < 3; i++) {
        fflush(0);
        pid_t child = fork();
        CHECK(child >= 0);
        if (!child) {
            CUdeviceptr q;
            int count;
            int ok = cuMemAlloc_v2(&q, 16) == NOT_INITIALIZED && cuDeviceGetCount(&count) == NOT_INITIALIZED &&
                     cuInit(0) == NOT_INITIALIZED && cuCtxSynchronize() == NOT_INITIALIZED;
            if (i == 1) exit(ok ? 0 : 1); /* with atexit handlers and destructors */
            _exit(ok ? 0 : 1);
        }
        CHECK(child_status(child) == 0);
        uint32_t value = 0;
        OK(launch_fill(p, (unsigned)i + 10, 1024, 0));
        OK(cuMemcpyDtoH_v2(&value, p, 4));
        CHECK(value == (uint32_t)i + 10);
    }
}

static void a_forked_child_can_exec_a_program_of_its_own(void)
{
    OK(begin());
    fflush(0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (!child) {
        execl("/proc/self/exe", "process", "exit_leaves_nothing_behind", (char *)0);
        _exit(127);
    }
    CHECK(child_status(child) == 0);
    OK(cuCtxSynchronize());
}

static CUcontext calling_context;
static volatile int calling;

static void *calls_all_the_time(void *result)
{
    CUdeviceptr p;
    uint32_t value = 0;
    CUresult r = cuCtxSetCurrent(calling_context);
    if (!r) r = cuMemAlloc_v2(&p, 4096);
    for (unsigned i = 0; calling && !r; i++) {
        r = cuMemsetD32_v2(p, i, 1024);
        if (!r) r = cuMemcpyDtoH_v2(&value, p, 4);
        if (!r && value != i) r = 999;
    }
    *(CUresult *)result = r;
    return 0;
}

/* What the children find of the parent's connection is in the middle of something. */
static void children_of_a_program_whose_threads_call_leave_its_session_alone(void)
{
    enum { THREADS = 3, CHILDREN = 60 };
    pthread_t threads[THREADS];
    CUresult results[THREADS];
    OK(begin());
    OK(cuCtxGetCurrent(&calling_context));
    calling = 1;
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], 0, calls_all_the_time, &results[i]));
    fflush(0);
    int good = 0;
    for (int i = 0; i < CHILDREN; i++) {
        pid_t child = fork();
        if (!child) {
            alarm(20); /* a lock that nobody gives back */
            int ok = cuCtxSynchronize() == NOT_INITIALIZED;
            if (i % 2) exit(ok ? 0 : 1);
            _exit(ok ? 0 : 1);
        }
        good += child_status(child) == 0;
    }
    calling = 0;
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
    CHECK(good == CHILDREN);
    for (int i = 0; i < THREADS; i++) OK(results[i]);
    OK(cuCtxSynchronize());
}

static void late(void)
{
    /* cudart's own destructors call the driver after ours might have run */
    CUdeviceptr p;
    CUresult r = cuMemAlloc_v2(&p, 64);
    if (!r) r = cuMemFree_v2(p);
    if (!r) r = cuModuleUnload(module_);
    if (!r) r = cuDevicePrimaryCtxRelease_v2(0);
    if (r) _exit(3);
}

__attribute__((destructor)) static void very_late(void) { (void)cuCtxSynchronize(); }

static void calls_from_exit_handlers_and_destructors_work(void)
{
    CUfunction f;
    OK(begin());
    OK(kernel(&f, "count"));
    CHECK(!atexit(late));
}

static void exit_leaves_nothing_behind(void)
{
    CUdeviceptr p;
    OK(begin());
    OK(cuMemAlloc_v2(&p, 1 << 20));
    OK(launch_fill(p, 3, 1 << 18, 0));
}

static void dlclose_is_harmless(void)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    CHECK(library);
    CUresult (*init)(unsigned) = (CUresult(*)(unsigned))dlsym(library, "cuInit");
    CHECK(init);
    OK(init(0));
    CHECK(!dlclose(library));
    OK(begin());
    CHECK(dlopen("libcuda.so", RTLD_NOW));
}

static void kernel_printf_goes_through_the_program_s_stdout_in_order(void)
{
    OK(begin());
    char text[512] = "", *buffer = 0;
    size_t size = 0;
    FILE *memory = open_memstream(&buffer, &size), *saved = stdout;
    CUfunction f;
    unsigned n = 5;
    void *a[] = {&n};
    OK(kernel(&f, "say"));
    stdout = memory;
    printf("before\n");
    CUresult r = cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, a, 0);
    if (!r) r = cuCtxSynchronize();
    printf("after\n");
    fflush(memory);
    stdout = saved;
    snprintf(text, sizeof text, "%s", buffer);
    OK(r);
    if (strcmp(text, "before\nkernel says 5\nafter\n")) FAIL("stdout held: %.400s", text);
}

static CUstream printing;
static CUcontext printing_context;

static void *waits_for_the_text(void *unused)
{
    (void)unused;
    cuCtxSetCurrent(printing_context);
    (void)WATCHED(cuStreamSynchronize(printing));
    return 0;
}

/* One thread holds stdout and makes calls while the text of another thread's kernel arrives. */
static void kernel_printf_does_not_hold_up_who_holds_stdout(void)
{
    OK(begin());
    OK(cuCtxGetCurrent(&printing_context));
    CUstream other;
    CUdeviceptr flag;
    CUfunction f;
    pthread_t thread;
    unsigned n = 6;
    void *a[] = {&n};
    OK(cuStreamCreate(&printing, 1));
    OK(cuStreamCreate(&other, 1));
    OK(cuMemAlloc_v2(&flag, 4));
    OK(cuMemsetD32_v2(flag, 0, 1));
    OK(kernel(&f, "say"));
    OK(launch_await(flag, printing));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, printing, a, 0));
    CHECK(!pthread_create(&thread, 0, waits_for_the_text, 0));
    until_it_sleeps(); /* it waits for the worker now */
    alarm(30);
    flockfile(stdout);
    CUresult r = cuMemsetD32Async(flag, 1, 1, other);
    for (double end = now_ms() + 300; now_ms() < end && !r;) {
        CUdeviceptr p;
        r = cuMemAlloc_v2(&p, 16);
        if (!r) r = cuMemFree_v2(p);
    }
    funlockfile(stdout);
    OK(r);
    pthread_join(thread, 0);
}

/* What a failed attempt to open several servers leaves is not taken for the child's devices. */
static void a_child_of_a_process_whose_servers_failed_starts_anew(void)
{
    const char *good = getenv("BF_ADAPTOR_CONFIG");
    CHECK(good);
    char path[] = "/tmp/adaptorXXXXXX", line[1024];
    int count = 0, descriptor = mkstemp(path);
    FILE *from = fopen(good, "r"), *to = fdopen(descriptor, "w");
    CHECK(from && to);
    while (fgets(line, sizeof line, from)) fputs(line, to);
    fputs("\n127.0.0.1:1\n", to);
    fclose(from);
    fclose(to);
    pid_t child = fork();
    if (!child) _exit(cuInit(0) || cuDeviceGetCount(&count) ? 99 : count);
    int devices = child_status(child);
    good = strdup(good);
    setenv("BF_ADAPTOR_CONFIG", path, 1);
    CUresult r = cuInit(0);
    unlink(path);
    EXPECT(NO_DEVICE, r);
    CHECK(devices > 0 && devices < 99);
    setenv("BF_ADAPTOR_CONFIG", good, 1);
    child = fork();
    if (!child) _exit(cuInit(0) || cuDeviceGetCount(&count) ? 99 : count);
    CHECK(child_status(child) == devices);
}

/* So no thread of the library reads the environment while the program changes it. */
static void the_log_s_settings_are_read_once(void)
{
    extern CUresult cuGraphCreate(void **graph, unsigned flags);
    char first[] = "/tmp/logXXXXXX", later[] = "/tmp/logXXXXXX", text[4096] = "";
    void *graph;
    CHECK(!close(mkstemp(first)) && !close(mkstemp(later)));
    setenv("BF_LOG_FILE", first, 1);
    CUresult r = begin();
    setenv("BF_LOG_FILE", later, 1);
    cuGraphCreate(&graph, 0);
    FILE *log = fopen(first, "r");
    size_t held = log ? fread(text, 1, sizeof text - 1, log) : 0;
    if (log) fclose(log);
    unlink(first);
    unlink(later);
    OK(r);
    CHECK(held && strstr(text, "cuGraphCreate"));
}

static volatile int signalled;
static void on_signal(int number) { signalled = number; }

static int threads_that_block(int number)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *e;
    int open_to_it = 0;
    while (tasks && (e = readdir(tasks))) {
        char path[300], line[256];
        unsigned long long mask = 0;
        if (e->d_name[0] == '.' || atoi(e->d_name) == getpid()) continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
        FILE *status = fopen(path, "r");
        while (status && fgets(line, sizeof line, status))
            if (!strncmp(line, "SigBlk:", 7)) mask = strtoull(line + 7, 0, 16);
        if (status) fclose(status);
        if (!(mask >> (number - 1) & 1)) open_to_it++;
    }
    if (tasks) closedir(tasks);
    return open_to_it;
}

static void nothing_of_it(void *unused) { (void)unused; }

static void our_threads_block_all_signals(void)
{
    OK(begin());
    CUstream stream;
    OK(cuStreamCreate(&stream, 1));
    OK(cuLaunchHostFunc(stream, nothing_of_it, 0));
    OK(cuStreamSynchronize(stream));
    signal(SIGUSR1, on_signal);
    CHECK(threads_that_block(SIGUSR1) == 0 && threads_that_block(SIGTERM) == 0 && threads_that_block(SIGCHLD) == 0);
    kill(getpid(), SIGUSR1);
    CHECK(signalled == SIGUSR1);
}

/* Descriptors above the standard ones that are no files: what an inherited log or directory is not. */
static int sockets_and_events(void)
{
    int n = 0;
    DIR *all = opendir("/proc/self/fd");
    struct dirent *e;
    while (all && (e = readdir(all))) {
        char path[300], target[256] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%s", e->d_name);
        if (atoi(e->d_name) > 2 && readlink(path, target, sizeof target - 1) > 0)
            n += !strncmp(target, "socket:", 7) || !strncmp(target, "anon_inode:", 11);
    }
    if (all) closedir(all);
    return n;
}

static int tasks(void)
{
    int n = 0;
    DIR *all = opendir("/proc/self/task");
    while (all && readdir(all)) n++;
    if (all) closedir(all);
    return n;
}

static void a_program_that_never_calls_pays_nothing(void)
{
    CHECK(tasks() == 3); /* ".", "..", this thread */
    CHECK(sockets_and_events() == 0);
}

/* For the fault tests: works until it is told to stop or a call fails; prints the status and how long it took. */
static void works_until_it_fails(void)
{
    OK(begin());
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 64 << 20));
    puts("working");
    fflush(stdout);
    for (double end = now_ms() + 60000; now_ms() < end;) {
        double start = now_ms();
        CUresult r = cuMemsetD8_v2(p, 1, 1024);
        if (!r) r = cuCtxSynchronize();
        if (r) {
            printf("status %d after %.0f ms\n", r, now_ms() - start);
            fflush(stdout);
            start = now_ms();
            r = cuMemAlloc_v2(&p, 16);
            printf("again %d after %.0f ms\n", r, now_ms() - start);
            return;
        }
        struct timespec pause = {0, 2000000};
        nanosleep(&pause, 0);
    }
    FAIL("nothing failed for a minute");
}

/* For the fault tests: a stream of the second server waits for an event of the first, which dies. */
static void waits_for_a_server_that_dies(void)
{
    OK(begin());
    struct hold h;
    CUevent event;
    CUcontext other;
    CUstream stream;
    CUdeviceptr p;
    uint32_t value = 0;
    OK(hold(&h));
    OK(cuEventCreate(&event, 2));
    OK(cuEventRecord(event, h.held));
    OK(cuDevicePrimaryCtxRetain(&other, 2));
    OK(cuCtxSetCurrent(other));
    OK(cuMemAlloc_v2(&p, 4));
    OK(cuStreamCreate(&stream, 1));
    OK(cuStreamWaitEvent(stream, event, 0));
    EXPECT(NOT_READY, cuStreamQuery(stream));
    puts("working");
    fflush(stdout);
    EXPECT(DEVICE_UNAVAILABLE, cuStreamSynchronize(stream));
    OK(cuMemsetD32Async(p, 5, 1, stream)); /* told once; the second server is well */
    OK(cuStreamSynchronize(stream));
    OK(cuMemcpyDtoH_v2(&value, p, 4));
    CHECK(value == 5);
}

static sem_t told;
static CUresult told_status;
static volatile int host_function_ran;

static void hears_the_end(CUstream stream, CUresult status, void *data)
{
    (void)stream;
    (void)data;
    told_status = status;
    sem_post(&told);
}

static void runs_in_vain(void *unused)
{
    (void)unused;
    host_function_ran = 1;
}

/* For the fault tests: a callback behind work that never ends, and a host function that CUDA does not run after an error
   (cuLaunchHostFunc). */
static void waits_for_a_callback_of_a_server_that_dies(void)
{
    OK(begin());
    struct hold h;
    struct timespec end;
    OK(hold(&h));
    CHECK(!sem_init(&told, 0, 0));
    OK(cuLaunchHostFunc(h.held, runs_in_vain, 0));
    OK(cuStreamAddCallback(h.held, hears_the_end, 0, 0));
    puts("working");
    fflush(stdout);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20;
    CHECK(!sem_timedwait(&told, &end));
    EXPECT(DEVICE_UNAVAILABLE, told_status);
    EXPECT(DEVICE_UNAVAILABLE, cuStreamSynchronize(h.held));
    CHECK(!host_function_ran);
}

/* For the fault tests: holds memory until a line comes, then proves that it can still work. */
static void waits_then_works(void)
{
    OK(begin());
    CUdeviceptr p;
    char line[16];
    uint32_t value = 0;
    OK(cuMemAlloc_v2(&p, 64 << 20));
    puts("working");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin));
    OK(launch_fill(p, 6, 1024, 0));
    OK(cuMemcpyDtoH_v2(&value, p, 4));
    CHECK(value == 6);
    CUdeviceptr q;
    OK(cuMemAlloc_v2(&q, 1 << 20));
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(a_forked_child_is_not_initialised_and_the_parent_goes_on),
                                        T(a_forked_child_can_exec_a_program_of_its_own),
                                        T(children_of_a_program_whose_threads_call_leave_its_session_alone),
                                        T(calls_from_exit_handlers_and_destructors_work),
                                        T(exit_leaves_nothing_behind),
                                        T(dlclose_is_harmless),
                                        T(kernel_printf_goes_through_the_program_s_stdout_in_order),
                                        T(kernel_printf_does_not_hold_up_who_holds_stdout),
                                        T(a_child_of_a_process_whose_servers_failed_starts_anew),
                                        T(the_log_s_settings_are_read_once),
                                        T(our_threads_block_all_signals),
                                        T(a_program_that_never_calls_pays_nothing),
                                        {0, 0}};
    static const struct test special[] = {T(works_until_it_fails), T(waits_then_works), T(waits_for_a_server_that_dies),
                                          T(waits_for_a_callback_of_a_server_that_dies), {0, 0}};
    for (const struct test *t = special; argc > 1 && t->name; t++)
        if (!strcmp(argv[1], t->name)) return run_tests(special, argc, argv);
    return run_tests(tests, argc, argv);
}
