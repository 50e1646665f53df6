// Adds two vectors through the driver API.
#include "driver.h"

int main(int argc, char **argv)
{
    driver_start();
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 1u << 18;
    size_t bytes = n * sizeof(float);
    float *a = allocate(bytes), *b = allocate(bytes), *sum = allocate(bytes);
    uint32_t state = 42;
    for (unsigned i = 0; i < n; i++) {
        a[i] = random_float(&state);
        b[i] = random_float(&state);
    }

    CUcontext context;
    CUmodule module;
    CUfunction add;
    CUdeviceptr da, db, dsum;
    char name[128];
    CHECK(cu.device_name(name, sizeof name, 0));
    CHECK(cu.context_create(&context, 0, 0));
    char *ptx = read_beside(argv[0], "vector_add.ptx");
    CHECK(cu.module_load(&module, ptx));
    CHECK(cu.module_function(&add, module, "add"));
    CHECK(cu.memory_alloc(&da, bytes));
    CHECK(cu.memory_alloc(&db, bytes));
    CHECK(cu.memory_alloc(&dsum, bytes));
    CHECK(cu.copy_to_device(da, a, bytes));
    CHECK(cu.copy_to_device(db, b, bytes));
    void *parameters[] = {&da, &db, &dsum, &n};
    CHECK(cu.launch(add, (n + 255) / 256, 1, 1, 256, 1, 1, 0, NULL, parameters, NULL));
    CHECK(cu.copy_to_host(sum, dsum, bytes));

    for (unsigned i = 0; i < n; i++)
        if (sum[i] != a[i] + b[i]) fail("element %u is %g, not %g", i, (double)sum[i], (double)(a[i] + b[i]));
    CHECK(cu.memory_free(da));
    CHECK(cu.memory_free(db));
    CHECK(cu.memory_free(dsum));
    CHECK(cu.context_destroy(context));
    free(a);
    free(b);
    free(sum);
    free(ptx);
    printf("vector add on %s: %u elements\nPASSED\n", name, n);
    return 0;
}
