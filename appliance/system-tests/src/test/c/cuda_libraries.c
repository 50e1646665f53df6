/*
 * NVIDIA's libraries of CUDA 11.8 as a program uses them, each result against the same sum done here; with
 * BF_TEST_CUDA=13 cuBLAS of CUDA 13. They are opened by name, so that the program builds without them; the prototypes
 * are those of CUDA's documentation.
 */
#include "check.h"
#include <dlfcn.h>
#include <math.h>

typedef int status;

static void *open_library(const char *name)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
    if (!library) fprintf(stderr, "%s\n", dlerror());
    return library;
}

static void *open_one_of(const char *eleven, const char *thirteen)
{
    const char *wanted = getenv("BF_TEST_CUDA");
    return open_library(wanted && !strcmp(wanted, "13") ? thirteen : eleven);
}

/* Declares a pointer of the function's name and type, and finds it. */
#define USE(library, name, ...) \
    status (*name)(__VA_ARGS__) = (status(*)(__VA_ARGS__))(uintptr_t)dlsym(library, #name); \
    CHECK(name)
#define RIGHT(call) EXPECT(0, call)

#define RUNTIME \
    void *runtime = open_one_of("libcudart.so.11.0", "libcudart.so.13"); \
    CHECK(runtime); \
    USE(runtime, cudaMalloc, void **, size_t); \
    USE(runtime, cudaMemcpy, void *, const void *, size_t, int); \
    USE(runtime, cudaDeviceSynchronize, void)

enum { N = 64, UP = 1, DOWN = 2, TRANSPOSED = 1 };
static const float one = 1, two = 2, zero = 0;
static float A[N * N], B[N * N], C[N * N], R[N * N];

static void fill(void)
{
    for (int i = 0; i < N * N; i++) {
        A[i] = sinf((float)i * .37f);
        B[i] = cosf((float)i * .11f);
        C[i] = (float)(i % 7);
    }
}

static int near(double expected, double found) { return fabs(expected - found) <= 1e-5 * (1 + fabs(expected)); }

#define BLAS \
    RUNTIME; \
    void *blas = open_one_of("libcublas.so.11", "libcublas.so.13"), *handle; \
    float *a, *b, *c; \
    CHECK(blas); \
    USE(blas, cublasCreate_v2, void **); \
    USE(blas, cublasDestroy_v2, void *); \
    RIGHT(cudaMalloc((void **)&a, sizeof A)); \
    RIGHT(cudaMalloc((void **)&b, sizeof B)); \
    RIGHT(cudaMalloc((void **)&c, sizeof C)); \
    RIGHT(cublasCreate_v2(&handle)); \
    fill()
#define GIVE() \
    RIGHT(cudaMemcpy(a, A, sizeof A, UP)); \
    RIGHT(cudaMemcpy(b, B, sizeof B, UP)); \
    RIGHT(cudaMemcpy(c, C, sizeof C, UP))
#define TAKE(from) RIGHT(cudaMemcpy(R, from, sizeof R, DOWN))

static void cublas_works_on_vectors(void)
{
    BLAS;
    USE(blas, cublasSaxpy_v2, void *, int, const float *, const float *, int, float *, int);
    USE(blas, cublasSscal_v2, void *, int, const float *, float *, int);
    USE(blas, cublasSdot_v2, void *, int, const float *, int, const float *, int, float *);
    USE(blas, cublasSnrm2_v2, void *, int, const float *, int, float *);
    USE(blas, cublasIsamax_v2, void *, int, const float *, int, int *);
    float found = 0;
    double dot = 0, square = 0;
    int at = 0, best = 0;
    for (int i = 0; i < N; i++) {
        dot += A[i] * B[i];
        square += A[i] * A[i];
        if (fabsf(A[i]) > fabsf(A[best])) best = i;
    }
    GIVE();
    RIGHT(cublasSdot_v2(handle, N, a, 1, b, 1, &found));
    CHECK(near(dot, found));
    RIGHT(cublasSnrm2_v2(handle, N, a, 1, &found));
    CHECK(near(sqrt(square), found));
    RIGHT(cublasIsamax_v2(handle, N, a, 1, &at));
    CHECK(at == best + 1);
    RIGHT(cublasSaxpy_v2(handle, N, &two, a, 1, b, 1));
    TAKE(b);
    for (int i = 0; i < N; i++) CHECK(near(B[i] + 2 * A[i], R[i]));
    RIGHT(cublasSscal_v2(handle, N, &two, a, 1));
    TAKE(a);
    for (int i = 0; i < N; i++) CHECK(near(2 * A[i], R[i]));
    RIGHT(cublasDestroy_v2(handle));
}

static void cublas_multiplies_matrices(void)
{
    BLAS;
    USE(blas, cublasSgemv_v2, void *, int, int, int, const float *, const float *, int, const float *, int, const float *,
        float *, int);
    USE(blas, cublasSgemm_v2, void *, int, int, int, int, int, const float *, const float *, int, const float *, int,
        const float *, float *, int);
    GIVE();
    RIGHT(cublasSgemv_v2(handle, 0, N, N, &one, a, N, b, 1, &zero, c, 1));
    TAKE(c);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int k = 0; k < N; k++) sum += (double)A[k * N + i] * B[k];
        CHECK(near(sum, R[i]));
    }
    static const int sizes[] = {1, 7, 32, 64};
    for (int s = 0; s < 4; s++) {
        int n = sizes[s];
        GIVE();
        RIGHT(cublasSgemm_v2(handle, 0, TRANSPOSED, n, n, n, &one, a, N, b, N, &two, c, N));
        TAKE(c);
        for (int j = 0; j < n; j++)
            for (int i = 0; i < n; i++) {
                double sum = 2 * C[j * N + i];
                for (int k = 0; k < n; k++) sum += (double)A[k * N + i] * B[k * N + j];
                CHECK(near(sum, R[j * N + i]));
            }
    }
    RIGHT(cublasDestroy_v2(handle));
}

static void cublas_solves_a_triangle(void)
{
    BLAS;
    USE(blas, cublasStrsm_v2, void *, int, int, int, int, int, int, const float *, const float *, int, float *, int);
    for (int i = 0; i < N * N; i++) A[i] = i % N == i / N ? 4 : A[i] * .05f;
    GIVE();
    RIGHT(cublasStrsm_v2(handle, 0, 0, 0, 0, N, N, &one, a, N, b, N)); /* left, lower, as it is, with its diagonal */
    TAKE(b);
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++) {
            double sum = 0;
            for (int k = 0; k <= i; k++) sum += (double)A[k * N + i] * R[j * N + k];
            CHECK(near(B[j * N + i], sum));
        }
    RIGHT(cublasDestroy_v2(handle));
}

static void cufft_transforms_sizes_of_every_kind(void)
{
    enum { C2C = 0x29, FORWARD = -1, MOST = 65536 };
    static float given[2 * MOST], found[2 * MOST];
    static const int sizes[] = {8, 64, 256, 1000, 1024, 4096, MOST, 97, 12345};
    RUNTIME;
    void *fft = open_library("libcufft.so.10"), *x;
    CHECK(fft);
    USE(fft, cufftPlan1d, int *, int, int, int);
    USE(fft, cufftExecC2C, int, void *, void *, int);
    USE(fft, cufftDestroy, int);
    RIGHT(cudaMalloc(&x, sizeof given));
    for (int i = 0; i < 2 * MOST; i++) given[i] = sinf((float)i * .37f);
    for (int s = 0; s < 9; s++) {
        int plan, n = sizes[s];
        double worst = 0, largest = 0;
        RIGHT(cufftPlan1d(&plan, n, C2C, 1));
        RIGHT(cudaMemcpy(x, given, (size_t)n * 8, UP));
        RIGHT(cufftExecC2C(plan, x, x, FORWARD));
        RIGHT(cudaMemcpy(found, x, (size_t)n * 8, DOWN));
        for (int k = 0; k < n; k += n / 16 + 1) {
            double re = 0, im = 0;
            for (int j = 0; j < n; j++) {
                double turn = -2 * M_PI * (double)((long)j * k % n) / n;
                re += given[2 * j] * cos(turn) - given[2 * j + 1] * sin(turn);
                im += given[2 * j] * sin(turn) + given[2 * j + 1] * cos(turn);
            }
            worst = fmax(worst, hypot(re - found[2 * k], im - found[2 * k + 1]));
            largest = fmax(largest, hypot(re, im));
        }
        if (worst > 1e-5 * largest) FAIL("%d points: error %g of %g", n, worst, largest);
        RIGHT(cufftDestroy(plan));
    }
}

/* The library's generators on the host make the same numbers. */
static void curand_makes_the_numbers_that_it_makes_on_the_host(void)
{
    enum { COUNT = 10000, QUASI = 200 };
    static const int kinds[] = {101, 121, 141, 161, 201}; /* MT19937 (142) is right too, in minutes */
    static float device[COUNT], host[COUNT];
    RUNTIME;
    void *rand = open_library("libcurand.so.10"), *d;
    CHECK(rand);
    USE(rand, curandCreateGenerator, void **, int);
    USE(rand, curandCreateGeneratorHost, void **, int);
    USE(rand, curandSetPseudoRandomGeneratorSeed, void *, unsigned long long);
    USE(rand, curandGenerateUniform, void *, float *, size_t);
    RIGHT(cudaMalloc(&d, sizeof device));
    for (int k = 0; k < 5; k++) {
        void *here, *there;
        RIGHT(curandCreateGenerator(&there, kinds[k]));
        RIGHT(curandCreateGeneratorHost(&here, kinds[k]));
        if (kinds[k] < QUASI) {
            RIGHT(curandSetPseudoRandomGeneratorSeed(there, 7));
            RIGHT(curandSetPseudoRandomGeneratorSeed(here, 7));
        }
        RIGHT(curandGenerateUniform(there, d, COUNT));
        RIGHT(curandGenerateUniform(here, host, COUNT));
        RIGHT(cudaMemcpy(device, d, sizeof device, DOWN));
        if (memcmp(device, host, sizeof host)) FAIL("generator %d makes other numbers", kinds[k]);
    }
}

static void cusolver_factors(void)
{
    enum { M = 32, LOWER = 0 };
    static float matrix[M * M], factor[M * M];
    RUNTIME;
    void *solver = open_library("libcusolver.so.11"), *handle, *a, *work, *info, *pivots;
    int words = 0;
    CHECK(solver);
    USE(solver, cusolverDnCreate, void **);
    USE(solver, cusolverDnSpotrf_bufferSize, void *, int, int, float *, int, int *);
    USE(solver, cusolverDnSpotrf, void *, int, int, float *, int, float *, int, int *);
    USE(solver, cusolverDnSgetrf_bufferSize, void *, int, int, float *, int, int *);
    USE(solver, cusolverDnSgetrf, void *, int, int, float *, int, float *, int *, int *);
    for (int i = 0; i < M * M; i++) matrix[i] = (i / M == i % M ? M : 0) + cosf((float)(i / M - i % M));
    RIGHT(cusolverDnCreate(&handle));
    RIGHT(cudaMalloc(&a, sizeof matrix));
    RIGHT(cudaMalloc(&info, 4));
    RIGHT(cudaMalloc(&pivots, 4 * M));
    RIGHT(cudaMemcpy(a, matrix, sizeof matrix, UP));
    RIGHT(cusolverDnSpotrf_bufferSize(handle, LOWER, M, a, M, &words));
    RIGHT(cudaMalloc(&work, (size_t)words * 4));
    RIGHT(cusolverDnSpotrf(handle, LOWER, M, a, M, work, words, info));
    RIGHT(cudaMemcpy(factor, a, sizeof factor, DOWN));
    for (int j = 0; j < M; j++)
        for (int i = j; i < M; i++) {
            double sum = 0;
            for (int k = 0; k <= j; k++) sum += (double)factor[k * M + i] * factor[k * M + j];
            CHECK(near(matrix[j * M + i], sum));
        }
    RIGHT(cudaMemcpy(a, matrix, sizeof matrix, UP));
    RIGHT(cusolverDnSgetrf_bufferSize(handle, M, M, a, M, &words));
    RIGHT(cudaMalloc(&work, (size_t)words * 4));
    RIGHT(cusolverDnSgetrf(handle, M, M, a, M, work, pivots, info));
    RIGHT(cudaMemcpy(factor, a, sizeof factor, DOWN));
    for (int j = 0; j < M; j++)
        for (int i = 0; i < M; i++) {
            double sum = 0; /* the diagonal is the largest of its column, so no rows change places */
            for (int k = 0; k <= i && k <= j; k++) sum += (k == i ? 1.0 : factor[k * M + i]) * factor[j * M + k];
            CHECK(near(matrix[j * M + i], sum));
        }
}

static void cusparse_multiplies(void)
{
    enum { ROWS = 100, INDEX_32 = 2, REAL_32 = 0 };
    static int starts[ROWS + 1], columns[3 * ROWS];
    static float values[3 * ROWS], x[ROWS], y[ROWS];
    RUNTIME;
    void *sparse = open_library("libcusparse.so.11"), *handle, *matrix, *in, *out, *buffer;
    void *d_starts, *d_columns, *d_values, *d_x, *d_y;
    size_t bytes = 0;
    int n = 0;
    CHECK(sparse);
    USE(sparse, cusparseCreate, void **);
    USE(sparse, cusparseCreateCsr, void **, int64_t, int64_t, int64_t, void *, void *, void *, int, int, int, int);
    USE(sparse, cusparseCreateDnVec, void **, int64_t, void *, int);
    USE(sparse, cusparseSpMV_bufferSize, void *, int, const void *, void *, void *, const void *, void *, int, int, size_t *);
    USE(sparse, cusparseSpMV, void *, int, const void *, void *, void *, const void *, void *, int, int, void *);
    for (int i = 0; i < ROWS; i++) {
        starts[i] = n;
        x[i] = sinf((float)i);
        for (int k = i ? i - 1 : 0; k <= i + 1 && k < ROWS; k++) {
            columns[n] = k;
            values[n++] = (float)(k + 1);
        }
    }
    starts[ROWS] = n;
    RIGHT(cudaMalloc(&d_starts, sizeof starts));
    RIGHT(cudaMalloc(&d_columns, sizeof columns));
    RIGHT(cudaMalloc(&d_values, sizeof values));
    RIGHT(cudaMalloc(&d_x, sizeof x));
    RIGHT(cudaMalloc(&d_y, sizeof y));
    RIGHT(cudaMemcpy(d_starts, starts, sizeof starts, UP));
    RIGHT(cudaMemcpy(d_columns, columns, sizeof columns, UP));
    RIGHT(cudaMemcpy(d_values, values, sizeof values, UP));
    RIGHT(cudaMemcpy(d_x, x, sizeof x, UP));
    RIGHT(cusparseCreate(&handle));
    RIGHT(cusparseCreateCsr(&matrix, ROWS, ROWS, n, d_starts, d_columns, d_values, INDEX_32, INDEX_32, 0, REAL_32));
    RIGHT(cusparseCreateDnVec(&in, ROWS, d_x, REAL_32));
    RIGHT(cusparseCreateDnVec(&out, ROWS, d_y, REAL_32));
    RIGHT(cusparseSpMV_bufferSize(handle, 0, &one, matrix, in, &zero, out, REAL_32, 0, &bytes));
    RIGHT(cudaMalloc(&buffer, bytes + 4));
    RIGHT(cusparseSpMV(handle, 0, &one, matrix, in, &zero, out, REAL_32, 0, buffer));
    RIGHT(cudaMemcpy(y, d_y, sizeof y, DOWN));
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int k = starts[i]; k < starts[i + 1]; k++) sum += (double)values[k] * x[columns[k]];
        CHECK(near(sum, y[i]));
    }
}

static void nvrtc_compiles_a_kernel_that_runs(void)
{
    static const char source[] = "extern \"C\" __global__ void squares(unsigned *out, unsigned n) {\n"
                                 "    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;\n"
                                 "    if (i < n) out[i] = i * i; }\n";
    const char *options[] = {"--gpu-architecture=compute_80"};
    void *nvrtc = open_library("libnvrtc.so.11.2"), *program;
    size_t bytes = 0;
    CHECK(nvrtc);
    USE(nvrtc, nvrtcCreateProgram, void **, const char *, const char *, int, const char **, const char **);
    USE(nvrtc, nvrtcCompileProgram, void *, int, const char **);
    USE(nvrtc, nvrtcGetPTXSize, void *, size_t *);
    USE(nvrtc, nvrtcGetPTX, void *, char *);
    RIGHT(nvrtcCreateProgram(&program, source, "squares.cu", 0, 0, 0));
    RIGHT(nvrtcCompileProgram(program, 1, options));
    RIGHT(nvrtcGetPTXSize(program, &bytes));
    char *ptx = malloc(bytes);
    CHECK(ptx);
    RIGHT(nvrtcGetPTX(program, ptx));
    unsigned n = 1000, found[1000];
    CUdeviceptr out;
    CUmodule module;
    CUfunction function;
    OK(begin());
    OK(cuModuleLoadData(&module, ptx));
    OK(cuModuleGetFunction(&function, module, "squares"));
    OK(cuMemAlloc_v2(&out, sizeof found));
    OK(cuLaunchKernel(function, 8, 1, 1, 128, 1, 1, 0, 0, (void *[]){&out, &n}, 0));
    OK(cuMemcpyDtoH_v2(found, out, sizeof found));
    for (unsigned i = 0; i < n; i++) CHECK(found[i] == i * i);
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(cublas_works_on_vectors),
                                        T(cublas_multiplies_matrices),
                                        T(cublas_solves_a_triangle),
                                        T(cufft_transforms_sizes_of_every_kind),
                                        T(curand_makes_the_numbers_that_it_makes_on_the_host),
                                        T(cusolver_factors),
                                        T(cusparse_multiplies),
                                        T(nvrtc_compiles_a_kernel_that_runs),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
