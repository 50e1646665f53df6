// Splits a dot product over all devices, gathers the parts on the first by peer copies.
#include "sample.h"

__global__ void dot(const int *a, const int *b, unsigned long long *result, int n)
{
    unsigned long long sum = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        sum += (unsigned long long)((long long)a[i] * b[i]);
    atomicAdd(result, sum);
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 100000);
    int devices = 0;
    CUDA(cudaGetDeviceCount(&devices));
    sample::Random random;
    std::vector<int> a(n), b(n);
    long long expected = 0;
    for (int i = 0; i < n; i++) {
        a[i] = int(random.bits()) >> 8;
        b[i] = int(random.bits()) >> 8;
        expected += (long long)a[i] * b[i];
    }
    std::vector<cudaStream_t> streams(devices);
    std::vector<int *> da(devices), db(devices);
    std::vector<unsigned long long *> parts(devices);
    for (int d = 0; d < devices; d++) {
        int first = int((long long)n * d / devices), count = int((long long)n * (d + 1) / devices) - first;
        CUDA(cudaSetDevice(d));
        CUDA(cudaStreamCreate(&streams[d]));
        CUDA(cudaMalloc(&da[d], count * sizeof(int) + 1));
        CUDA(cudaMalloc(&db[d], count * sizeof(int) + 1));
        CUDA(cudaMalloc(&parts[d], sizeof(unsigned long long)));
        CUDA(cudaMemsetAsync(parts[d], 0, sizeof(unsigned long long), streams[d]));
        CUDA(cudaMemcpyAsync(da[d], &a[first], count * sizeof(int), cudaMemcpyHostToDevice, streams[d]));
        CUDA(cudaMemcpyAsync(db[d], &b[first], count * sizeof(int), cudaMemcpyHostToDevice, streams[d]));
        dot<<<8, 128, 0, streams[d]>>>(da[d], db[d], parts[d], count);
        sample::launched();
    }
    for (int d = 0; d < devices; d++) {
        CUDA(cudaSetDevice(d));
        CUDA(cudaStreamSynchronize(streams[d]));
    }
    CUDA(cudaSetDevice(0));
    sample::Device<unsigned long long> gathered(devices);
    for (int d = 0; d < devices; d++)
        CUDA(cudaMemcpyPeer(gathered.get() + d, 0, parts[d], d, sizeof(unsigned long long)));
    long long result = 0;
    for (unsigned long long part : gathered.host()) result += (long long)part;
    if (result != expected) return sample::failed("%lld, not %lld", result, expected);
    std::printf("multi-GPU: dot product of %d elements on %d device%s is %lld\n", n, devices, devices == 1 ? "" : "s", result);
    return sample::passed();
}
