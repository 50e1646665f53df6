/* The kernels of the contract suite (appliance/gpu, kernels.ptx) and of the semantics programs (appliance/system-tests,
 * kernels.h), by name: what they compute, not how. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "strict.h"

static char output[1 << 16];
static size_t output_bytes;

/* What kernels have printed is written at synchronising calls. Under the lock. */
void kernel_flush_output(void)
{
    size_t written = 0;
    while (written < output_bytes) {
        ssize_t count = write(1, output + written, output_bytes - written);
        if (count <= 0)
            break;
        written += (size_t)count;
    }
    output_bytes = 0;
}

static uint64_t parameter(const struct work *work, unsigned index)
{
    uint64_t value = 0;
    struct parameter p = work->function->parameters[index];
    memcpy(&value, work->parameters + p.offset, p.bytes);
    return value;
}

static uint64_t threads(const struct work *work)
{
    return (uint64_t)work->grid[0] * work->grid[1] * work->grid[2] * work->block[0] * work->block[1] * work->block[2];
}

/* Answers NULL with *error set if a kernel may not touch these 4-byte words. */
static uint32_t *words(uint64_t address, uint64_t count, CUresult *error)
{
    if (*error)
        return NULL;
    if (address % 4)
        *error = CUDA_ERROR_MISALIGNED_ADDRESS;
    else if (!memory_covers(address, count * 4))
        *error = CUDA_ERROR_ILLEGAL_ADDRESS;
    return *error ? NULL : (uint32_t *)address;
}

static CUresult vector_add(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint64_t n = parameter(work, 3);
    n = n < threads(work) ? n : threads(work);
    const uint32_t *a = words(parameter(work, 0), n, &error), *b = words(parameter(work, 1), n, &error);
    uint32_t *c = words(parameter(work, 2), n, &error);
    for (uint64_t i = 0; !error && i < n; i++) {
        float left, right, sum;
        memcpy(&left, a + i, 4);
        memcpy(&right, b + i, 4);
        sum = left + right;
        memcpy(c + i, &sum, 4);
    }
    return error;
}

static uint32_t *variable(const struct work *work, const char *name)
{
    const struct variable *v = work->function->module->variables;
    while (v && strcmp(v->name, name))
        v = v->next;
    return v ? (uint32_t *)v->address : NULL;
}

/* Of a number that is named, or of the module's. */
static CUresult count(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint32_t *where = work->function->count ? words(parameter(work, 0), 1, &error) : variable(work, "counter");
    if (where)
        *where += (uint32_t)threads(work);
    return error;
}

/* Looks again and again, each time whether the memory is still there. */
static CUresult wait_for_flag(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint64_t generation = strict_generation;
    const struct timespec pause = {0, 20000};
    uint32_t seen = 0;
    while (!error && !seen && !strict_error && generation == strict_generation) {
        const uint32_t *flag = words(parameter(work, 0), 1, &error);
        seen = flag ? *flag : 0;
        if (!seen && !error) {
            pthread_mutex_unlock(&strict_lock);
            nanosleep(&pause, NULL);
            pthread_mutex_lock(&strict_lock);
        }
    }
    if (work->function->count > 1 && seen) {
        uint32_t *result = words(parameter(work, 1), 1, &error);
        if (result)
            *result = seen;
    }
    return error;
}

static CUresult store(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint32_t *where = words(parameter(work, 0), 1, &error);
    if (where)
        *where = (uint32_t)parameter(work, 1);
    return error;
}

static CUresult trap_now(const struct work *work)
{
    (void)work;
    return CUDA_ERROR_LAUNCH_FAILED;
}

static CUresult use_variables(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint32_t *counter = variable(work, "counter"), *factors = variable(work, "factors");
    uint32_t *where = words(parameter(work, 0), work->block[0], &error);
    for (unsigned i = 0; where && i < work->block[0]; i++)
        where[i] = factors[i % 4] * *counter;
    if (where)
        ++*counter;
    return error;
}

static CUresult reverse(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    unsigned n = work->block[0];
    uint32_t *where = words(parameter(work, 0), n, &error);
    for (unsigned i = 0; where && i < n / 2; i++) {
        uint32_t kept = where[i];
        where[i] = where[n - 1 - i];
        where[n - 1 - i] = kept;
    }
    return error;
}

static CUresult put(const struct work *work, const char *format)
{
    for (uint64_t i = 0; i < threads(work); i++) {
        char text[32];
        int bytes = snprintf(text, sizeof text, "%s %d\n", format, (int)parameter(work, 0));
        if (output_bytes + (size_t)bytes <= sizeof output) {
            memcpy(output + output_bytes, text, (size_t)bytes);
            output_bytes += (size_t)bytes;
        }
    }
    return CUDA_SUCCESS;
}

static CUresult print(const struct work *work)
{
    return put(work, "value");
}

static CUresult say(const struct work *work)
{
    return put(work, "kernel says");
}

static CUresult fill(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint64_t n = parameter(work, 2);
    n = n < threads(work) ? n : threads(work);
    uint32_t *p = words(parameter(work, 0), n, &error);
    for (uint64_t i = 0; p && i < n; i++)
        p[i] = (uint32_t)parameter(work, 1);
    return error;
}

static CUresult nothing(const struct work *work)
{
    (void)work;
    return CUDA_SUCCESS;
}

static CUresult last_word(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint32_t *out = words(parameter(work, 0), 1, &error);
    if (out)
        *out = 77;
    return error;
}

static CUresult grid_barrier(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    unsigned blocks = work->grid[0];
    uint32_t *where = words(parameter(work, 0), blocks * 2ull, &error);
    for (unsigned i = 0; where && i < blocks; i++) {
        where[i] = i + 1;
        where[blocks + i] = 1 + blocks * (blocks + 1) / 2;
    }
    return error;
}

static CUresult use_heap(const struct work *work)
{
    CUresult error = CUDA_SUCCESS;
    uint32_t *where = words(parameter(work, 0), work->block[0], &error);
    for (unsigned i = 0; where && i < work->block[0]; i++)
        where[i] = i;
    return error;
}

static const struct {
    const char *name;
    CUresult (*run)(const struct work *work);
} kernels[] = {
    {"vector_add", vector_add},
    {"count", count},
    {"wait_for_flag", wait_for_flag},
    {"store", store},
    {"trap_now", trap_now},
    {"use_variables", use_variables},
    {"reverse", reverse},
    {"print", print},
    {"grid_barrier", grid_barrier},
    {"use_heap", use_heap},
    {"fill", fill},
    {"await", wait_for_flag},
    {"poke", store},
    {"halt", trap_now},
    {"last_word", last_word},
    {"say", say},
};

static CUresult (*find(const struct function *function))(const struct work *work)
{
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        if (!strcmp(kernels[i].name, function->name))
            return kernels[i].run;
    }
    return function->empty ? nothing : NULL;
}

bool kernel_known(const struct function *function)
{
    return find(function) != NULL;
}

/* Under a lock for each look at memory, so that none is unmapped within it. */
CUresult kernel_run(const struct work *work)
{
    pthread_mutex_lock(&strict_lock);
    CUresult error = find(work->function)(work);
    pthread_mutex_unlock(&strict_lock);
    return error;
}
