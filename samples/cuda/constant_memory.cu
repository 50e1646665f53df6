// Constant memory written through its symbol, initialised constants, and global variables.
#include "sample.h"

constexpr int DEGREE = 15;
__constant__ float coefficients[DEGREE + 1];
__constant__ unsigned char table[] = {3, 1, 4, 1, 5, 9, 2, 6};
__device__ double accumulated = 1.25;
__device__ int counters[4];

__global__ void evaluate(const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float sum = coefficients[DEGREE];
    for (int k = DEGREE - 1; k >= 0; k--) sum = fmaf(sum, x[i], coefficients[k]);
    y[i] = sum * table[i % 8];
    if (i < 4) counters[i] = table[i] * 100;
    if (i == 0) accumulated += 2.5;
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 20000);
    sample::Random random;
    std::vector<float> x(n), c(DEGREE + 1);
    for (float &v : x) v = random.uniform(-1, 1);
    for (float &v : c) v = random.uniform(-2, 2);
    CUDA(cudaMemcpyToSymbol(coefficients, c.data(), c.size() * sizeof(float)));
    sample::Device<float> dx(x), dy(n);
    evaluate<<<sample::blocks(n, 256), 256>>>(dx.get(), dy.get(), n);
    sample::launched();
    std::vector<float> y = dy.host();
    static const unsigned char digits[] = {3, 1, 4, 1, 5, 9, 2, 6};
    for (int i = 0; i < n; i++) {
        float sum = c[DEGREE];
        for (int k = DEGREE - 1; k >= 0; k--) sum = std::fma(sum, x[i], c[k]);
        if (y[i] != sum * digits[i % 8]) return sample::failed("y[%d] is %g, not %g", i, y[i], sum * digits[i % 8]);
    }
    double sum = 0;
    int counts[4];
    void *address = nullptr;
    CUDA(cudaMemcpyFromSymbol(&sum, accumulated, sizeof sum));
    CUDA(cudaMemcpyFromSymbol(counts, counters, sizeof counts));
    CUDA(cudaGetSymbolAddress(&address, counters));
    if (sum != 3.75 || counts[2] != 400 || !address) return sample::failed("globals: %g, %d", sum, counts[2]);
    std::printf("constant memory: %d polynomials of degree %d\n", n, DEGREE);
    return sample::passed();
}
