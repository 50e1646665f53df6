// Recursion, function pointers and virtual functions in kernels.
#include "sample.h"

__host__ __device__ __noinline__ int ackermann(int m, int n)
{
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

typedef float (*Operation)(float, float);
__host__ __device__ float plus(float a, float b) { return a + b; }
__host__ __device__ float minus(float a, float b) { return a - b; }
__host__ __device__ float times(float a, float b) { return a * b; }
__host__ __device__ float larger(float a, float b) { return a > b ? a : b; }
__device__ Operation operations[] = {plus, minus, times, larger};
static const Operation hostOperations[] = {plus, minus, times, larger};

struct Shape {
    __device__ virtual int sides() const = 0;
};
struct Triangle : Shape {
    __device__ int sides() const override { return 3; }
};
struct Polygon : Shape {
    int count;
    __device__ explicit Polygon(int count) : count(count) {}
    __device__ int sides() const override { return count; }
};

__global__ void compute(int *results, float *values, int *sides)
{
    int i = threadIdx.x;
    results[i] = ackermann(i % 3, i % 5);
    values[i] = operations[i % 4](float(i), 7.0f);
    Triangle triangle;
    Polygon polygon(i);
    const Shape *shape = i % 2 ? static_cast<const Shape *>(&triangle) : &polygon;
    sides[i] = shape->sides();
}

int main()
{
    constexpr int THREADS = 96;
    sample::Device<int> results(THREADS), sides(THREADS);
    sample::Device<float> values(THREADS);
    compute<<<1, THREADS>>>(results.get(), values.get(), sides.get());
    sample::launched();
    std::vector<int> result = results.host(), side = sides.host();
    std::vector<float> value = values.host();
    for (int i = 0; i < THREADS; i++) {
        if (result[i] != ackermann(i % 3, i % 5)) return sample::failed("ackermann %d is %d", i, result[i]);
        if (value[i] != hostOperations[i % 4](float(i), 7.0f)) return sample::failed("operation %d is %g", i, value[i]);
        if (side[i] != (i % 2 ? 3 : i)) return sample::failed("shape %d has %d sides", i, side[i]);
    }
    std::printf("recursion: %d threads, function pointers and virtual functions\n", THREADS);
    return sample::passed();
}
