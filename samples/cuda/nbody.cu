// Gravity between all pairs of bodies, by tiles of positions in shared memory.
#include "sample.h"

constexpr int THREADS = 128;
constexpr float SOFTENING = 0.01f;

__global__ void accelerate(const float4 *bodies, float4 *out, int n)
{
    __shared__ float4 tile[THREADS];
    int i = blockIdx.x * THREADS + threadIdx.x;
    float4 me = i < n ? bodies[i] : make_float4(0, 0, 0, 0);
    float ax = 0, ay = 0, az = 0;
    for (int t = 0; t < n; t += THREADS) {
        tile[threadIdx.x] = t + threadIdx.x < n ? bodies[t + threadIdx.x] : make_float4(0, 0, 0, 0);
        __syncthreads();
        for (int j = 0; j < THREADS; j++) {
            float dx = tile[j].x - me.x, dy = tile[j].y - me.y, dz = tile[j].z - me.z;
            float distance = dx * dx + dy * dy + dz * dz + SOFTENING;
            float inverse = rsqrtf(distance);
            float force = tile[j].w * inverse * inverse * inverse;
            ax += dx * force;
            ay += dy * force;
            az += dz * force;
        }
        __syncthreads();
    }
    if (i < n) out[i] = make_float4(ax, ay, az, 0);
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 500);
    sample::Random random;
    std::vector<float4> bodies(n);
    for (float4 &b : bodies)
        b = make_float4(random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1), random.uniform());
    sample::Device<float4> dbodies(bodies), dout(n);
    accelerate<<<sample::blocks(n, THREADS), THREADS>>>(dbodies.get(), dout.get(), n);
    sample::launched();
    std::vector<float4> out = dout.host();
    double strongest = 0;
    for (int i = 0; i < n; i++) {
        double ax = 0, ay = 0, az = 0;
        for (const float4 &b : bodies) {
            double dx = double(b.x) - bodies[i].x, dy = double(b.y) - bodies[i].y, dz = double(b.z) - bodies[i].z;
            double force = b.w / std::pow(dx * dx + dy * dy + dz * dz + SOFTENING, 1.5);
            ax += dx * force;
            ay += dy * force;
            az += dz * force;
        }
        double size = std::sqrt(ax * ax + ay * ay + az * az) + 1;
        if (std::fabs(out[i].x - ax) > 1e-4 * size || std::fabs(out[i].y - ay) > 1e-4 * size
            || std::fabs(out[i].z - az) > 1e-4 * size)
            return sample::failed("body %d: (%g, %g, %g), not (%g, %g, %g)", i, out[i].x, out[i].y, out[i].z, ax, ay, az);
        strongest = std::fmax(strongest, size - 1);
    }
    std::printf("n-body: %d bodies, strongest pull %.1f\n", n, strongest);
    return sample::passed();
}
