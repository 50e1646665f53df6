// Transposes a matrix through a padded tile, as floats, as bytes and as vectors of four.
#include "sample.h"

constexpr int TILE = 32, ROWS = 8;

template <typename T> __global__ void transpose(const T *in, T *out, int width, int height)
{
    __shared__ T tile[TILE][TILE + 1];
    int x = blockIdx.x * TILE + threadIdx.x, y = blockIdx.y * TILE + threadIdx.y;
    for (int r = 0; r < TILE; r += ROWS)
        if (x < width && y + r < height) tile[threadIdx.y + r][threadIdx.x] = in[(y + r) * width + x];
    __syncthreads();
    x = blockIdx.y * TILE + threadIdx.x;
    y = blockIdx.x * TILE + threadIdx.y;
    for (int r = 0; r < TILE; r += ROWS)
        if (x < height && y + r < width) out[(y + r) * height + x] = tile[threadIdx.x][threadIdx.y + r];
}

template <typename T> bool check(int width, int height)
{
    sample::Random random;
    std::vector<T> in(width * height);
    unsigned char *bytes = reinterpret_cast<unsigned char *>(in.data());
    for (size_t i = 0; i < in.size() * sizeof(T); i++) bytes[i] = random.bits() >> 25;
    sample::Device<T> din(in), dout(in.size());
    dim3 grid(sample::blocks(width, TILE), sample::blocks(height, TILE)), block(TILE, ROWS);
    transpose<<<grid, block>>>(din.get(), dout.get(), width, height);
    sample::launched();
    std::vector<T> out = dout.host();
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (std::memcmp(&out[x * height + y], &in[y * width + x], sizeof(T)) != 0) {
                sample::failed("(%d, %d) with elements of %zu bytes", x, y, sizeof(T));
                return false;
            }
    return true;
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 300);
    if (!check<float>(n, n + 17) || !check<unsigned char>(n, n - 3) || !check<float4>(n / 2, n / 3)
        || !check<ushort2>(n / 2, n / 2) || !check<double>(n / 3, n / 2))
        return 1;
    std::printf("transpose: %d x %d and others\n", n, n + 17);
    return sample::passed();
}
