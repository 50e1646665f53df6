// A test is a function; CHECK notes the first failure and leaves it. `program NAME` runs one test, `program --list` names them.
#ifndef CHECK_H
#define CHECK_H

#include "cuda_api.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char failure[512];

#define FAIL(...) \
    do { \
        if (!failure[0]) snprintf(failure, sizeof failure, __VA_ARGS__); \
        return; \
    } while (0)
#define CHECK(condition) \
    do { \
        if (!(condition)) FAIL("%s:%d: %s does not hold", __FILE__, __LINE__, #condition); \
    } while (0)
#define EXPECT(status, call) \
    do { \
        CUresult result_ = (call); \
        if (result_ != (status)) \
            FAIL("%s:%d: %s answered %d (expected: %d)", __FILE__, __LINE__, #call, result_, (int)(status)); \
    } while (0)
#define OK(call) EXPECT(SUCCESS, call)

struct test {
    const char *name;
    void (*run)(void);
};

static inline double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static _Atomic int watched; /* the thread that is in a WATCHED call; 0: none yet, -1: it has returned */

static inline int watched_begins(void)
{
    watched = (int)syscall(SYS_gettid);
    return 1;
}

static inline CUresult watched_has_returned(CUresult result)
{
    watched = -1;
    return result;
}

/* The call, which another thread of the program looks at by until_it_sleeps(). */
#define WATCHED(call) (watched_begins() ? watched_has_returned(call) : SUCCESS)

/* How often a thread has gone to sleep, if it sleeps now; else -1. */
static inline long sleeps_of(int thread)
{
    char path[64], line[128], state = 0;
    long count = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "State: %c", &state);
        sscanf(line, "voluntary_ctxt_switches: %ld", &count);
    }
    if (status) fclose(status);
    return state == 'S' ? count : -1;
}

/* Returns when the WATCHED call has gone to sleep and slept on, as one does that waits for what is to come;
 * or when it has returned. */
static inline void until_it_sleeps(void)
{
    struct timespec look = {0, 1000000};
    long before = -1;
    int same = 0;
    for (double end = now_ms() + 20000; now_ms() < end && same < 8 && watched >= 0;) {
        long sleeps = watched ? sleeps_of(watched) : -1;
        same = sleeps >= 0 && sleeps == before ? same + 1 : 0;
        before = sleeps;
        nanosleep(&look, NULL);
    }
}

/* Makes the primary context of device 0 current; most tests begin so. */
static inline CUresult begin(void)
{
    CUcontext context;
    CUdevice device;
    CUresult r = cuInit(0);
    if (!r) r = cuDeviceGet(&device, 0);
    if (!r) r = cuDevicePrimaryCtxRetain(&context, device);
    if (!r) r = cuCtxSetCurrent(context);
    return r;
}

static inline int run_tests(const struct test *tests, int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s NAME | --list\n", argv[0]);
        return 64;
    }
    for (; tests->name; tests++) {
        if (!strcmp(argv[1], "--list")) {
            puts(tests->name);
        } else if (!strcmp(argv[1], tests->name)) {
            tests->run();
            if (failure[0]) fprintf(stderr, "FAILED %s: %s\n", tests->name, failure);
            else printf("PASSED %s\n", tests->name);
            return failure[0] != 0;
        }
    }
    return !strcmp(argv[1], "--list") ? 0 : 64;
}

#endif
