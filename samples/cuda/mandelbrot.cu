// Draws the Mandelbrot set; every iteration count must equal the CPU's.
#include "sample.h"

__host__ __device__ int iterations(float cx, float cy, int limit)
{
    float x = 0, y = 0;
    int i = 0;
    while (i < limit) {
        float xx = x * x, yy = y * y;
        if (xx + yy > 4.0f) break;
        y = fmaf(2.0f * x, y, cy);
        x = xx - yy + cx;
        i++;
    }
    return i;
}

__global__ void draw(int *image, int width, int height, int limit)
{
    int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
    if (px < width && py < height)
        image[py * width + px] = iterations(-2.25f + 3.0f * px / width, -1.5f + 3.0f * py / height, limit);
}

int main(int argc, char **argv)
{
    const int width = sample::size(argc, argv, 96), height = width / 2, limit = 100;
    sample::Device<int> dimage(width * height);
    dim3 block(16, 8), grid(sample::blocks(width, 16), sample::blocks(height, 8));
    draw<<<grid, block>>>(dimage.get(), width, height, limit);
    sample::launched();
    std::vector<int> image = dimage.host();
    int inside = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int expected = iterations(-2.25f + 3.0f * x / width, -1.5f + 3.0f * y / height, limit);
            if (image[y * width + x] != expected)
                return sample::failed("pixel (%d, %d) took %d iterations, not %d", x, y, image[y * width + x], expected);
            inside += expected == limit;
        }
    for (int y = 0; y < height; y += 4) {
        for (int x = 0; x < width; x += 2) std::putchar(" .:-=+*#%@"[image[y * width + x] * 9 / limit]);
        std::putchar('\n');
    }
    std::printf("Mandelbrot: %d x %d, %d pixels inside\n", width, height, inside);
    return sample::passed();
}
