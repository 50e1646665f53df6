// Heat in a box: a seven-point stencil over a three-dimensional grid of blocks, two buffers in turn.
#include "sample.h"

__global__ void step(const float *in, float *out, int nx, int ny, int nz)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    int z = blockIdx.z * blockDim.z + threadIdx.z;
    if (x >= nx || y >= ny || z >= nz) return;
    int i = (z * ny + y) * nx + x;
    if (x == 0 || y == 0 || z == 0 || x == nx - 1 || y == ny - 1 || z == nz - 1) {
        out[i] = in[i];
        return;
    }
    float around = in[i - 1] + in[i + 1] + in[i - nx] + in[i + nx] + in[i - nx * ny] + in[i + nx * ny];
    out[i] = in[i] + 0.125f * (around - 6.0f * in[i]);
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 32), nx = n, ny = n - 4, nz = n / 2, steps = 6;
    std::vector<float> now(nx * ny * nz, 20.0f), next(now.size());
    for (int y = 0; y < ny; y++)
        for (int x = 0; x < nx; x++) now[y * nx + x] = 100.0f; // one hot wall
    sample::Device<float> a(now), b(now.size());
    dim3 block(8, 4, 4), grid(sample::blocks(nx, 8), sample::blocks(ny, 4), sample::blocks(nz, 4));
    float *from = a.get(), *to = b.get();
    for (int s = 0; s < steps; s++) {
        step<<<grid, block>>>(from, to, nx, ny, nz);
        std::swap(from, to);
    }
    sample::launched();
    for (int s = 0; s < steps; s++) {
        next = now;
        for (int z = 1; z < nz - 1; z++)
            for (int y = 1; y < ny - 1; y++)
                for (int x = 1; x < nx - 1; x++) {
                    int i = (z * ny + y) * nx + x;
                    double around = double(now[i - 1]) + now[i + 1] + now[i - nx] + now[i + nx]
                                    + now[i - nx * ny] + now[i + nx * ny];
                    next[i] = float(now[i] + 0.125 * (around - 6.0 * now[i]));
                }
        std::swap(now, next);
    }
    std::vector<float> result(now.size());
    CUDA(cudaMemcpy(result.data(), from, result.size() * sizeof(float), cudaMemcpyDeviceToHost));
    for (size_t i = 0; i < now.size(); i++)
        if (!sample::near(result[i], now[i], 1e-5)) return sample::failed("cell %zu is %g, not %g", i, result[i], now[i]);
    int middle = (1 * ny + ny / 2) * nx + nx / 2;
    std::printf("stencil: %d x %d x %d, %d steps, beside the hot wall %.2f\n", nx, ny, nz, steps, result[middle]);
    return sample::passed();
}
