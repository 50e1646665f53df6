// A test is a function; CHECK notes the first failure and leaves it. `program NAME` runs one test, `program --list` names them.
#ifndef CHECK_H
#define CHECK_H

#include "cuda_api.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
