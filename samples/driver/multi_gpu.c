// Sums an array on all devices: each reduces its part, the first gathers and adds.
#include "driver.h"

enum { MAX_DEVICES = 16, BLOCKS = 16, THREADS = 128 };

struct part {
    CUcontext context;
    CUfunction sum;
    CUdeviceptr in, out;
};

int main(int argc, char **argv)
{
    int devices = driver_start();
    if (devices > MAX_DEVICES) devices = MAX_DEVICES;
    uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 200000, state = 1;
    uint32_t *numbers = allocate(n * sizeof *numbers);
    uint64_t expected = 0;
    for (uint32_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        numbers[i] = state >> 4;
        expected += numbers[i];
    }

    char *ptx = read_beside(argv[0], "multi_gpu.ptx");
    struct part parts[MAX_DEVICES];
    for (int d = 0; d < devices; d++) {
        struct part *p = &parts[d];
        uint32_t first = (uint32_t)((uint64_t)n * (uint64_t)d / (uint64_t)devices);
        uint32_t count = (uint32_t)((uint64_t)n * (uint64_t)(d + 1) / (uint64_t)devices) - first;
        CUmodule module;
        CHECK(cu.context_create(&p->context, 0, d));
        CHECK(cu.module_load(&module, ptx));
        CHECK(cu.module_function(&p->sum, module, "sum"));
        CHECK(cu.memory_alloc(&p->in, count * sizeof *numbers + 1));
        CHECK(cu.memory_alloc(&p->out, sizeof(uint64_t)));
        CHECK(cu.copy_to_device(p->in, numbers + first, count * sizeof *numbers));
        CHECK(cu.memory_set(p->out, 0, sizeof(uint64_t)));
        void *parameters[] = {&p->in, &p->out, &count};
        CHECK(cu.launch(p->sum, BLOCKS, 1, 1, THREADS, 1, 1, 0, NULL, parameters, NULL));
    }
    for (int d = 0; d < devices; d++) {
        CHECK(cu.context_set_current(parts[d].context));
        CHECK(cu.context_synchronize());
    }

    CHECK(cu.context_set_current(parts[0].context));
    CUdeviceptr gathered;
    uint64_t results[MAX_DEVICES], total = 0;
    CHECK(cu.memory_alloc(&gathered, sizeof results));
    for (int d = 0; d < devices; d++)
        CHECK(cu.copy_peer(gathered + (CUdeviceptr)d * sizeof(uint64_t), parts[0].context, parts[d].out,
                           parts[d].context, sizeof(uint64_t)));
    CHECK(cu.copy_to_host(results, gathered, (size_t)devices * sizeof(uint64_t)));
    for (int d = 0; d < devices; d++) total += results[d];
    for (int d = 0; d < devices; d++) CHECK(cu.context_destroy(parts[d].context));
    free(numbers);
    free(ptx);
    if (total != expected) fail("%llu, not %llu", (unsigned long long)total, (unsigned long long)expected);
    printf("multi-GPU: the sum of %u numbers on %d device%s is %llu\nPASSED\n", n, devices,
           devices == 1 ? "" : "s", (unsigned long long)total);
    return 0;
}
