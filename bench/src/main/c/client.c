// An ordinary driver-API program that measures what its calls cost, and checks what the kernels computed.
#include "../../../../samples/driver/driver.h"

#include <math.h>
#include <stdbool.h>

#include "algorithms.h"
#include "kernels.h"
#include "measure.h"

static CUcontext context;
static CUstream stream;
static CUmodule kernels;
static CUdeviceptr small;

static double open_session(void)
{
    double begin = seconds();
    driver_start();
    CHECK(cu.context_create(&context, 0, 0));
    return seconds() - begin;
}

/* When the first value has come back, in seconds since the epoch. */
static double first_result(void)
{
    uint32_t value = 0;
    open_session();
    CHECK(cu.memory_alloc(&small, 4096));
    CHECK(cu.memory_set_async(small, 7, 1024, NULL));
    CHECK(cu.copy_to_host(&value, small, sizeof value));
    if (value != 7) fail("7 has become %u", value);
    return (double)nanoseconds(CLOCK_REALTIME) * 1e-9;
}

static void prepare(void)
{
    open_session();
    char *ptx = compute_kernels();
    CHECK(cu.module_load(&kernels, ptx));
    CHECK(cu.stream_create(&stream, 1));
    CHECK(cu.memory_alloc(&small, 1 << 20));
    free(ptx);
}

static CUfunction kernel(const char *name)
{
    CUfunction function;
    CHECK(cu.module_function(&function, kernels, name));
    return function;
}

static void *host_floats(size_t count)
{
    float *values = touched(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = (float)(i % 97) / 97 - 0.5f;
    return values;
}

static CUdeviceptr device_copy(const void *host, size_t bytes)
{
    CUdeviceptr address;
    CHECK(cu.memory_alloc(&address, bytes));
    CHECK(cu.copy_to_device(address, host, bytes));
    return address;
}

/* ---- calls ---- */

/* Something that only the worker knows and that it answers by itself: how much of the pool is in use. */
static double answered(void)
{
    enum { USED_MEM_CURRENT = 7 };
    CUmemoryPool pool;
    uint64_t used;
    CHECK(cu.pool_default(&pool, 0));
    CHECK(cu.pool_attribute(pool, USED_MEM_CURRENT, &used));
    double begin = seconds();
    for (int i = 0; i < ANSWERED_CALLS; i++) CHECK(cu.pool_attribute(pool, USED_MEM_CURRENT, &used));
    return (seconds() - begin) / ANSWERED_CALLS;
}

static double memory_info(void)
{
    size_t available, total;
    double begin = seconds();
    for (int i = 0; i < ANSWERED_CALLS; i++) CHECK(cu.memory_info(&available, &total));
    return (seconds() - begin) / ANSWERED_CALLS;
}

static double oneway(void)
{
    double begin = seconds();
    for (unsigned i = 0; i < ONEWAY_CALLS; i++) CHECK(cu.memory_set_async(small + i % 1024 * 16, i, 4, stream));
    CHECK(cu.stream_synchronize(stream));
    return ONEWAY_CALLS / (seconds() - begin);
}

static double launch(void)
{
    static CUfunction empty;
    if (!empty) empty = kernel("empty");
    double begin = seconds();
    for (int i = 0; i < LAUNCHES; i++) CHECK(cu.launch(empty, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL));
    CHECK(cu.stream_synchronize(stream));
    return LAUNCHES / (seconds() - begin);
}

/* From before a lone launch to its kernel's own %globaltimer, which is this machine's real-time clock; 99th percentile. */
static double latency(void)
{
    static CUfunction stamp;
    static int64_t sent[LATENCY_CALLS], arrived[LATENCY_CALLS];
    static double delays[LATENCY_CALLS];
    if (!stamp) stamp = kernel("stamp");
    CHECK(cu.stream_synchronize(stream));
    for (int i = 0; i < LATENCY_CALLS; i++) {
        CUdeviceptr at = small + (CUdeviceptr)i * 8;
        void *parameters[] = {&at};
        sleep_nanoseconds(300000);
        sent[i] = nanoseconds(CLOCK_REALTIME);
        CHECK(cu.launch(stamp, 1, 1, 1, 1, 1, 1, 0, stream, parameters, NULL));
    }
    CHECK(cu.stream_synchronize(stream));
    CHECK(cu.copy_to_host(arrived, small, sizeof arrived));
    for (int i = 0; i < LATENCY_CALLS; i++) delays[i] = (double)(arrived[i] - sent[i]) * 1e-9;
    double p99 = percentile(delays, LATENCY_CALLS, 0.99);
    if (delays[0] < -1e-6 || p99 > 10) fail("the kernel's clock is not this machine's: %g s", delays[0]);
    return p99;
}

/* ---- copies ---- */

static CUdeviceptr bulk;
static char *bulk_host;

static void prepare_bulk(void)
{
    if (bulk) return;
    bulk_host = touched(BULK_BYTES);
    randomise(bulk_host, BULK_BYTES);
    bulk = device_copy(bulk_host, BULK_BYTES);
}

static double host_to_device(void)
{
    prepare_bulk();
    double begin = seconds();
    CHECK(cu.copy_to_device(bulk, bulk_host, BULK_BYTES));
    CHECK(cu.context_synchronize());
    return BULK_BYTES / (seconds() - begin);
}

static double device_to_host(void)
{
    prepare_bulk();
    double begin = seconds();
    CHECK(cu.copy_to_host(bulk_host, bulk, BULK_BYTES));
    return BULK_BYTES / (seconds() - begin);
}

/* To the device and back, bytes a second each way. */
static double there_and_back(const char *from)
{
    static CUdeviceptr device;
    static char *back;
    if (!device) {
        CHECK(cu.memory_alloc(&device, SLOW_BYTES));
        back = touched(SLOW_BYTES);
    }
    double begin = seconds();
    CHECK(cu.copy_to_device(device, from, SLOW_BYTES));
    CHECK(cu.context_synchronize());
    CHECK(cu.copy_to_host(back, device, SLOW_BYTES));
    double taken = seconds() - begin;
    if (memcmp(from, back, SLOW_BYTES)) fail("what came back is not what was sent");
    return 2.0 * SLOW_BYTES / taken;
}

static double random_bytes(void)
{
    static char *data;
    if (!data) randomise(data = touched(SLOW_BYTES), SLOW_BYTES);
    return there_and_back(data);
}

static double zeros(void)
{
    static char *data;
    if (!data) data = calloc(SLOW_BYTES, 1);
    return there_and_back(data);
}

/* A tensor of which 97 values repeat. */
static double floats(void)
{
    static char *data;
    if (!data) data = host_floats(SLOW_BYTES / sizeof(float));
    return there_and_back(data);
}

/* From the first device to the second, random bytes; bytes a second. */
static double between_devices(void)
{
    static CUcontext other;
    static CUdeviceptr from, to;
    uint64_t first[2], last[2];
    if (!other) {
        char *data = touched(SLOW_BYTES);
        randomise(data, SLOW_BYTES);
        CHECK(cu.memory_alloc(&from, BULK_BYTES));
        for (size_t at = 0; at < BULK_BYTES; at += SLOW_BYTES)
            CHECK(cu.copy_to_device(from + at, data, SLOW_BYTES));
        free(data);
        CHECK(cu.context_create(&other, 0, 1));
        CHECK(cu.memory_alloc(&to, BULK_BYTES));
        CHECK(cu.context_set_current(context));
    }
    CHECK(cu.memory_set(to, 0, BULK_BYTES));
    CHECK(cu.copy_to_host(last, to, 8)); /* waits for that */
    double begin = seconds();
    CHECK(cu.copy_peer(to, other, from, context, BULK_BYTES));
    CHECK(cu.context_synchronize());
    double taken = seconds() - begin;
    for (int i = 0; i < 2; i++) {
        CHECK(cu.copy_to_host(&first[i], (i ? to : from) + 8, 8));
        CHECK(cu.copy_to_host(&last[i], (i ? to : from) + BULK_BYTES - 8, 8));
    }
    if (first[0] != first[1] || last[0] != last[1]) fail("what came is not what was sent");
    return BULK_BYTES / taken;
}

/* ---- kernels ---- */

static double timed_launch(const char *name, unsigned gx, unsigned gy, unsigned bx, unsigned by, void **parameters)
{
    CUfunction function = kernel(name);
    double begin = seconds();
    CHECK(cu.launch(function, gx, gy, 1, bx, by, 1, 0, stream, parameters, NULL));
    CHECK(cu.stream_synchronize(stream));
    return seconds() - begin;
}

static void compare(const char *name, CUdeviceptr device, const float *expected, size_t count)
{
    float *actual = touched(count * sizeof *actual);
    CHECK(cu.copy_to_host(actual, device, count * sizeof *actual));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(actual[i] - expected[i]) <= 1e-3f * fmaxf(1, fabsf(expected[i]))))
            fail("%s: element %zu is %g, not %g", name, i, (double)actual[i], (double)expected[i]);
    free(actual);
}

static double matmul(void)
{
    static CUdeviceptr a, b, c;
    unsigned n = MATRIX;
    size_t count = (size_t)n * n;
    bool first = !a;
    float *host = first ? host_floats(count) : NULL;
    if (first) {
        a = device_copy(host, count * sizeof(float));
        b = device_copy(host, count * sizeof(float));
        c = device_copy(host, count * sizeof(float));
    }
    void *parameters[] = {&a, &b, &c, &n};
    double taken = timed_launch("multiply", n / 16, n / 16, 16, 16, parameters);
    if (first) {
        float *expected = touched(count * sizeof(float));
        matrix_multiply(host, host, expected, MATRIX, 0, MATRIX / 16);
        compare("multiply", c, expected, count);
        free(expected);
        free(host);
    }
    return 2.0 * n * n * n / taken;
}

static double nbody(void)
{
    static CUdeviceptr bodies, out;
    unsigned n = BODIES;
    size_t count = (size_t)n * 4;
    bool first = !bodies;
    float *host = first ? host_floats(count) : NULL;
    if (first) {
        bodies = device_copy(host, count * sizeof(float));
        out = device_copy(host, count * sizeof(float));
    }
    void *parameters[] = {&bodies, &out, &n};
    double taken = timed_launch("attract", n / 128, 1, 128, 1, parameters);
    if (first) {
        float *expected = touched(count * sizeof(float));
        attract(host, expected, BODIES, 0, BODIES);
        compare("attract", out, expected, count);
        free(expected);
        free(host);
    }
    return (double)n * n / taken;
}

static double reduction(void)
{
    static CUdeviceptr in, out;
    unsigned blocks = REDUCED / REDUCTION_CHUNK;
    bool first = !in;
    float *host = first ? host_floats(REDUCED) : NULL;
    if (first) {
        in = device_copy(host, REDUCED * sizeof(float));
        CHECK(cu.memory_alloc(&out, blocks * sizeof(float)));
    }
    void *parameters[] = {&in, &out};
    double taken = timed_launch("reduce", blocks, 1, 256, 1, parameters);
    if (first) {
        float *expected = touched(blocks * sizeof(float));
        reduce(host, expected, 0, (int)blocks);
        compare("reduce", out, expected, blocks);
        free(expected);
        free(host);
    }
    return REDUCED * sizeof(float) / taken;
}

/* Seconds from module load to the end of the first launch of a kernel of 10,000 lines that nobody has seen. */
static double first_launch(void)
{
    CUmodule module;
    CUfunction function;
    char *ptx = long_kernel(10000, (unsigned)nanoseconds(CLOCK_MONOTONIC));
    void *parameters[] = {&small};
    double begin = seconds();
    CHECK(cu.module_load(&module, ptx));
    CHECK(cu.module_function(&function, module, "long_kernel"));
    CHECK(cu.launch(function, 1, 1, 1, 32, 1, 1, 0, stream, parameters, NULL));
    CHECK(cu.stream_synchronize(stream));
    double taken = seconds() - begin;
    CHECK(cu.module_unload(module));
    free(ptx);
    return taken;
}

int main(int argc, char **argv)
{
    static const struct measurement measurements[] = {
        {"answered", answered}, {"meminfo", memory_info}, {"oneway", oneway},     {"launch", launch}, {"latency", latency}, {"h2d", host_to_device}, {"d2h", device_to_host},
        {"random", random_bytes}, {"zeros", zeros}, {"floats", floats}, {"peer", between_devices},
        {"matmul", matmul},     {"nbody", nbody},       {"reduction", reduction}, {"first", first_launch}, {NULL, NULL},
    };
    if (argc > 1 && !strcmp(argv[1], "open")) {
        printf("%.9g\n", open_session());
        return 0;
    }
    if (argc > 1 && !strcmp(argv[1], "result")) {
        printf("%.6f\n", first_result());
        return 0;
    }
    prepare();
    return serve(measurements);
}
