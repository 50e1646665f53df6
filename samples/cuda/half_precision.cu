// Half and bfloat16 arithmetic: a dot product and conversions, against the CPU's own rounding.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "sample.h"

__global__ void axpy(const __half *x, __half *y, __half a, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = __hfma(a, x[i], y[i]);
}

__global__ void toBfloat(const float *x, unsigned short *bits, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) bits[i] = __bfloat16_as_ushort(__float2bfloat16_rn(x[i]));
}

static unsigned short bfloat(float x)
{
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return (unsigned short)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 20000);
    sample::Random random;
    std::vector<__half> x(n), y(n);
    std::vector<float> f(n);
    for (int i = 0; i < n; i++) {
        x[i] = __float2half(float(int(random.below(65)) - 32)); // products and sums stay exact
        y[i] = __float2half(float(int(random.below(1025)) - 512));
        f[i] = random.uniform(-1e6f, 1e6f);
    }
    sample::Device<__half> dx(x), dy(y);
    sample::Device<float> df(f);
    sample::Device<unsigned short> dbits(n);
    axpy<<<sample::blocks(n, 128), 128>>>(dx.get(), dy.get(), __float2half(3.0f), n);
    toBfloat<<<sample::blocks(n, 128), 128>>>(df.get(), dbits.get(), n);
    sample::launched();
    std::vector<__half> result = dy.host();
    std::vector<unsigned short> bits = dbits.host();
    for (int i = 0; i < n; i++) {
        float expected = 3 * __half2float(x[i]) + __half2float(y[i]);
        if (__half2float(result[i]) != expected) return sample::failed("element %d is %g, not %g", i, __half2float(result[i]), expected);
        if (bits[i] != bfloat(f[i])) return sample::failed("bfloat16 of %g is %04x, not %04x", f[i], bits[i], bfloat(f[i]));
    }
    std::printf("half precision: %d multiply-adds and conversions\n", n);
    return sample::passed();
}
