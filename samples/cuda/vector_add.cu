// Adds two vectors.
#include "sample.h"

__global__ void add(const float *a, const float *b, float *sum, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) sum[i] = a[i] + b[i];
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 1 << 18);
    sample::Random random;
    std::vector<float> a(n), b(n);
    for (float &x : a) x = random.uniform(-1, 1);
    for (float &x : b) x = random.uniform(-1, 1);

    sample::Device<float> da(a), db(b), dsum(n);
    add<<<sample::blocks(n, 256), 256>>>(da.get(), db.get(), dsum.get(), n);
    sample::launched();
    std::vector<float> sum = dsum.host();

    for (int i = 0; i < n; i++)
        if (sum[i] != a[i] + b[i]) return sample::failed("element %d is %g, not %g", i, sum[i], a[i] + b[i]);
    std::printf("vector add: %d elements\n", n);
    return sample::passed();
}
