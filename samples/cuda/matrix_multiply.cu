// Multiplies two square matrices by tiles in shared memory.
#include "sample.h"

constexpr int TILE = 16;

__global__ void multiply(const float *a, const float *b, float *c, int n)
{
    __shared__ float tileA[TILE][TILE], tileB[TILE][TILE];
    int row = blockIdx.y * TILE + threadIdx.y, column = blockIdx.x * TILE + threadIdx.x;
    float sum = 0;
    for (int t = 0; t < n; t += TILE) {
        tileA[threadIdx.y][threadIdx.x] = row < n && t + threadIdx.x < n ? a[row * n + t + threadIdx.x] : 0;
        tileB[threadIdx.y][threadIdx.x] = column < n && t + threadIdx.y < n ? b[(t + threadIdx.y) * n + column] : 0;
        __syncthreads();
        for (int k = 0; k < TILE; k++) sum += tileA[threadIdx.y][k] * tileB[k][threadIdx.x];
        __syncthreads();
    }
    if (row < n && column < n) c[row * n + column] = sum;
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 120);
    sample::Random random;
    std::vector<float> a(n * n), b(n * n);
    for (float &x : a) x = random.uniform(-1, 1);
    for (float &x : b) x = random.uniform(-1, 1);

    sample::Device<float> da(a), db(b), dc(n * n);
    dim3 grid(sample::blocks(n, TILE), sample::blocks(n, TILE)), block(TILE, TILE);
    multiply<<<grid, block>>>(da.get(), db.get(), dc.get(), n);
    sample::launched();
    std::vector<float> c = dc.host();

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double expected = 0;
            for (int k = 0; k < n; k++) expected += double(a[i * n + k]) * b[k * n + j];
            if (!sample::near(c[i * n + j], expected, 1e-5))
                return sample::failed("c[%d][%d] is %g, not %g", i, j, c[i * n + j], expected);
        }
    std::printf("matrix multiply: %d x %d\n", n, n);
    return sample::passed();
}
