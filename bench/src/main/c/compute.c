// What the processor does with the kernels' algorithms when gcc compiles them, on all cores.
#include <pthread.h>
#include <unistd.h>

#include "algorithms.h"
#include "measure.h"

enum { MAX_THREADS = 256 };

static float *in, *second, *out;

struct part {
    int which, first, end;
};

static void *run_part(void *argument)
{
    struct part *p = argument;
    switch (p->which) {
    case 0: matrix_multiply(in, second, out, MATRIX, p->first, p->end); break;
    case 1: attract(in, out, BODIES, p->first * 128, p->end * 128); break;
    default: reduce(in, out, p->first, p->end); break;
    }
    return NULL;
}

/* Seconds for one run over all blocks. */
static double run(int which, int blocks)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = cores > MAX_THREADS ? MAX_THREADS : (int)cores;
    pthread_t ids[MAX_THREADS];
    struct part parts[MAX_THREADS];
    double begin = seconds();
    for (int i = 0; i < threads; i++) {
        parts[i] = (struct part){which, blocks * i / threads, blocks * (i + 1) / threads};
        pthread_create(&ids[i], NULL, run_part, &parts[i]);
    }
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    return seconds() - begin;
}

static double matmul(void)
{
    return 2.0 * MATRIX * MATRIX * MATRIX / run(0, MATRIX / 16);
}

static double nbody(void)
{
    return (double)BODIES * BODIES / run(1, BODIES / 128);
}

static double reduction(void)
{
    return REDUCED * sizeof(float) / run(2, REDUCED / REDUCTION_CHUNK);
}

int main(void)
{
    static const struct measurement measurements[] = {{"matmul", matmul}, {"nbody", nbody}, {"reduction", reduction}, {NULL, NULL}};
    in = touched(REDUCED * sizeof(float));
    second = touched(REDUCED * sizeof(float));
    out = touched(REDUCED * sizeof(float));
    for (int i = 0; i < REDUCED; i++) in[i] = second[i] = (float)(i % 97) / 97 - 0.5f;
    return serve(measurements);
}
