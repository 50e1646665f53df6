// Multiplies two square matrices by 16 x 16 tiles through the driver API.
#include <math.h>

#include "driver.h"

int main(int argc, char **argv)
{
    driver_start();
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) / 16 * 16 : 128;
    size_t bytes = (size_t)n * n * sizeof(float);
    float *a = allocate(bytes), *b = allocate(bytes), *c = allocate(bytes);
    uint32_t state = 7;
    for (unsigned i = 0; i < n * n; i++) {
        a[i] = random_float(&state);
        b[i] = random_float(&state);
    }

    CUcontext context;
    CUmodule module;
    CUfunction multiply;
    CUdeviceptr da, db, dc;
    CHECK(cu.context_create(&context, 0, 0));
    char *ptx = read_beside(argv[0], "matrix_multiply.ptx");
    CHECK(cu.module_load(&module, ptx));
    CHECK(cu.module_function(&multiply, module, "multiply"));
    CHECK(cu.memory_alloc(&da, bytes));
    CHECK(cu.memory_alloc(&db, bytes));
    CHECK(cu.memory_alloc(&dc, bytes));
    CHECK(cu.copy_to_device(da, a, bytes));
    CHECK(cu.copy_to_device(db, b, bytes));
    void *parameters[] = {&da, &db, &dc, &n};
    CHECK(cu.launch(multiply, n / 16, n / 16, 1, 16, 16, 1, 0, NULL, parameters, NULL));
    CHECK(cu.context_synchronize());
    CHECK(cu.copy_to_host(c, dc, bytes));

    for (unsigned row = 0; row < n; row++)
        for (unsigned column = 0; column < n; column++) {
            double expected = 0;
            for (unsigned k = 0; k < n; k++) expected += (double)a[row * n + k] * (double)b[k * n + column];
            double actual = (double)c[row * n + column];
            if (fabs(actual - expected) > 1e-4) fail("c[%u][%u] is %g, not %g", row, column, actual, expected);
        }
    CHECK(cu.context_destroy(context));
    free(a);
    free(b);
    free(c);
    free(ptx);
    printf("matrix multiply: %u x %u\nPASSED\n", n, n);
    return 0;
}
