// The program's descriptors, and children that no handler of fork tells what they are.
#include "kernels.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64 };

static int is_socket(int descriptor)
{
    char path[64], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return readlink(path, target, sizeof target - 1) > 0 && !strncmp(target, "socket:", 7);
}

static int all_sockets(int *found)
{
    int n = 0;
    DIR *all = opendir("/proc/self/fd");
    struct dirent *e;
    while (all && (e = readdir(all)))
        if (e->d_name[0] != '.' && n < MOST && is_socket(atoi(e->d_name))) found[n++] = atoi(e->d_name);
    if (all) closedir(all);
    return n;
}

static void a_program_without_standard_descriptors_gets_none_of_ours(void)
{
    int saved[3], ours[MOST], lowest = 1 << 30;
    for (int i = 0; i < 3; i++) {
        saved[i] = fcntl(i, F_DUPFD, 300);
        close(i);
    }
    CUresult r = begin();
    CUdeviceptr p;
    if (!r) r = cuMemAlloc_v2(&p, 4096);
    int n = all_sockets(ours);
    for (int i = 0; i < n; i++) lowest = ours[i] < lowest ? ours[i] : lowest;
    /* what the program prints goes nowhere, and least of all to the worker */
    ssize_t written = write(1, "text", 4) + write(2, "text", 4);
    uint32_t value = 0;
    if (!r) r = cuMemsetD32_v2(p, 5, 4);
    if (!r) r = cuMemcpyDtoH_v2(&value, p, 4);
    for (int i = 0; i < 3; i++) dup2(saved[i], i);
    OK(r);
    CHECK(n > 0 && lowest > 2 && written < 0 && value == 5);
}

static void a_closed_descriptor_is_an_error_and_its_successor_gets_no_frame(void)
{
    OK(begin());
    CUdeviceptr p, q;
    int ours[MOST], pairs[MOST][2], foreign = 0;
    char text[8] = "";
    OK(cuMemAlloc_v2(&p, 1 << 20));
    int n = all_sockets(ours);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]));
        CHECK(dup2(pairs[i][0], ours[i]) == ours[i]); /* closes ours, and takes its number */
        CHECK(write(pairs[i][1], "for me", 6) == 6);
    }
    alarm(20);
    cuMemsetD8_v2(p, 1, 1 << 20);
    double start = now_ms();
    CUresult r = cuMemAlloc_v2(&q, 4096);
    double took = now_ms() - start;
    CUresult again = cuCtxSynchronize();
    for (int i = 0; i < n; i++) {
        int bytes = 0;
        ioctl(pairs[i][1], FIONREAD, &bytes);
        foreign += bytes;
        CHECK(read(ours[i], text, sizeof text) == 6); /* nothing of it was read by us */
    }
    CHECK(!foreign);
    CHECK(r == again && (r == DEVICE_UNAVAILABLE || r == SUCCESS)); /* an error, or a new connection */
    CHECK(took < 2000);
}

/* A clone(2) of its own: no handler runs, neither in the parent nor in the child. */
static pid_t raw_clone(void) { return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }

static int ended_well(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status);
}

static int refused_all(void)
{
    CUdeviceptr q;
    int count;
    return cuMemAlloc_v2(&q, 16) == NOT_INITIALIZED && cuDeviceGetCount(&count) == NOT_INITIALIZED &&
           cuCtxSynchronize() == NOT_INITIALIZED && cuInit(0) == NOT_INITIALIZED &&
           cuMemAlloc_v2(&q, 16) == NOT_INITIALIZED;
}

static void a_child_made_by_clone_is_not_initialised_and_the_parent_goes_on(void)
{
    OK(begin());
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 4096));
    for (unsigned i = 0; i < 4; i++) {
        OK(launch_fill(p, i, 1024, 0)); /* may be buffered when the child is made */
        OK(launch_fill(p, i + 10, 1024, 0));
        fflush(0);
        pid_t child = raw_clone();
        CHECK(child >= 0);
        if (!child) {
            alarm(10);
            if (i & 1) exit(0); /* destructors find what the parent has buffered */
            _exit(refused_all() ? 0 : 1);
        }
        CHECK(ended_well(child));
        uint32_t value = 0;
        OK(cuMemcpyDtoH_v2(&value, p, 4));
        CHECK(value == i + 10);
    }
}

static void a_child_made_by_clone_before_the_first_call_may_initialise(void)
{
    int count = 0;
    CHECK(cuDeviceGetCount(&count) == NOT_INITIALIZED);
    pid_t child = raw_clone();
    if (!child) _exit(begin() || cuDeviceGetCount(&count) || count < 1);
    CHECK(ended_well(child));
    OK(begin());
}

static volatile int stop;
static CUcontext shared_context;

static void *copies_all_the_time(void *result)
{
    static uint32_t host[1 << 16];
    CUdeviceptr p;
    CUresult r = cuCtxSetCurrent(shared_context);
    if (!r) r = cuMemAlloc_v2(&p, sizeof host);
    for (uint32_t k = 1; !stop && !r; k++) {
        r = cuMemsetD32_v2(p, k, 1 << 16);
        if (!r) r = cuMemcpyDtoH_v2(host, p, sizeof host);
        for (int i = 0; i < 1 << 16 && !r; i++) r = host[i] == k ? SUCCESS : INVALID_VALUE;
    }
    *(CUresult *)result = r;
    return 0;
}

static void children_made_by_clone_do_not_disturb_a_busy_parent(void)
{
    OK(begin());
    pthread_t thread;
    CUresult r = SUCCESS;
    int bad = 0;
    OK(cuCtxGetCurrent(&shared_context));
    CHECK(!pthread_create(&thread, 0, copies_all_the_time, &r));
    for (int i = 0; i < 20; i++) {
        pid_t child = raw_clone();
        if (!child) {
            alarm(10);
            _exit(refused_all() ? 0 : 1);
        }
        bad += !ended_well(child);
    }
    stop = 1;
    alarm(20);
    pthread_join(thread, 0);
    OK(r);
    CHECK(!bad);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(a_program_without_standard_descriptors_gets_none_of_ours),
                                        T(a_closed_descriptor_is_an_error_and_its_successor_gets_no_frame),
                                        T(a_child_made_by_clone_is_not_initialised_and_the_parent_goes_on),
                                        T(a_child_made_by_clone_before_the_first_call_may_initialise),
                                        T(children_made_by_clone_do_not_disturb_a_busy_parent),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
