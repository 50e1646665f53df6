// Clocks, random data and the way in which every program here is asked: a word on stdin, a number on stdout.
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct measurement {
    const char *name;
    double (*measure)(void);
};

static inline int64_t nanoseconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline double seconds(void)
{
    return (double)nanoseconds(CLOCK_MONOTONIC) * 1e-9;
}

static inline void sleep_nanoseconds(long duration)
{
    struct timespec t = {0, duration};
    nanosleep(&t, NULL);
}

/* Memory whose pages all exist. */
static inline void *touched(size_t bytes)
{
    void *memory = NULL;
    if (posix_memalign(&memory, 4096, bytes)) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    memset(memory, 1, bytes);
    return memory;
}

static inline void randomise(void *memory, size_t bytes)
{
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15), *words = memory;
    for (size_t i = 0; i < bytes / sizeof *words; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        words[i] = state;
    }
}

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double percentile(double *values, size_t count, double p)
{
    qsort(values, count, sizeof *values, ascending);
    return values[(size_t)((double)(count - 1) * p)];
}

/* Answers the words on stdin until it ends. */
static inline int serve(const struct measurement *measurements)
{
    char word[64];
    while (scanf("%63s", word) == 1) {
        const struct measurement *m = measurements;
        while (m->name && strcmp(m->name, word) != 0) m++;
        if (!m->name) {
            fprintf(stderr, "no measurement %s\n", word);
            return 64;
        }
        printf("%.9g\n", m->measure());
        fflush(stdout);
    }
    return 0;
}

/* Sizes on the wire, so that references move the same bytes. */
enum {
    ANSWERED_REQUEST = 28,
    ANSWERED_REPLY = 24,
    MEMSET_FRAME = 61,
    LAUNCH_FRAME = 80,
    ONEWAY_CALLS = 500000,
    ANSWERED_CALLS = 10000,
    LAUNCHES = 20000,
    LATENCY_CALLS = 1500,
    BULK_BYTES = 256 << 20,
    SLOW_BYTES = 64 << 20, /* half a second at 1 Gbit/s */
    MATRIX = 512,
    BODIES = 4096,
    REDUCED = 16 << 20,
    REDUCTION_CHUNK = 4096
};

#endif
