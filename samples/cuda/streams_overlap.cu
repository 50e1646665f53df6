// Pinned memory, four streams of copy - kernel - copy, events between streams, a host function at the end.
#include <atomic>

#include "sample.h"

__global__ void scale(float *x, int n, float factor)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = x[i] * factor + 1.0f;
}

__global__ void addInto(float *total, const float *part, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) total[i] += part[i];
}

static std::atomic<int> calls{0};

int main(int argc, char **argv)
{
    constexpr int STREAMS = 4;
    const int n = sample::size(argc, argv, 40000), rounds = 3;
    float *host;
    CUDA(cudaMallocHost(&host, STREAMS * n * sizeof(float)));
    for (int i = 0; i < STREAMS * n; i++) host[i] = float(i % 1000);

    cudaStream_t streams[STREAMS], last;
    cudaEvent_t done[STREAMS], begin, end;
    sample::Device<float> device(STREAMS * n), total(n);
    CUDA(cudaEventCreate(&begin));
    CUDA(cudaEventCreate(&end));
    CUDA(cudaStreamCreateWithFlags(&last, cudaStreamNonBlocking));
    CUDA(cudaEventRecord(begin, last));
    CUDA(cudaMemsetAsync(total.get(), 0, n * sizeof(float), last));
    for (int s = 0; s < STREAMS; s++) {
        float *part = device.get() + s * n;
        CUDA(cudaStreamCreateWithFlags(&streams[s], cudaStreamNonBlocking));
        CUDA(cudaEventCreateWithFlags(&done[s], cudaEventDisableTiming));
        CUDA(cudaMemcpyAsync(part, host + s * n, n * sizeof(float), cudaMemcpyHostToDevice, streams[s]));
        for (int r = 0; r < rounds; r++) scale<<<sample::blocks(n, 256), 256, 0, streams[s]>>>(part, n, 2.0f);
        CUDA(cudaEventRecord(done[s], streams[s]));
        CUDA(cudaMemcpyAsync(host + s * n, part, n * sizeof(float), cudaMemcpyDeviceToHost, streams[s]));
        CUDA(cudaLaunchHostFunc(streams[s], [](void *) { calls++; }, nullptr));
        CUDA(cudaStreamWaitEvent(last, done[s], 0));
        addInto<<<sample::blocks(n, 256), 256, 0, last>>>(total.get(), part, n);
    }
    sample::launched();
    CUDA(cudaEventRecord(end, last));
    CUDA(cudaDeviceSynchronize());
    float milliseconds = -1;
    CUDA(cudaEventElapsedTime(&milliseconds, begin, end));

    std::vector<float> sums = total.host();
    for (int i = 0; i < n; i++) {
        float sum = 0;
        for (int s = 0; s < STREAMS; s++) {
            float x = float((s * n + i) % 1000);
            for (int r = 0; r < rounds; r++) x = x * 2 + 1;
            if (host[s * n + i] != x) return sample::failed("stream %d element %d is %g, not %g", s, i, host[s * n + i], x);
            sum += x;
        }
        if (sums[i] != sum) return sample::failed("total %d is %g, not %g", i, sums[i], sum);
    }
    if (calls != STREAMS) return sample::failed("%d host functions ran, not %d", calls.load(), STREAMS);
    if (milliseconds < 0) return sample::failed("elapsed time is %g ms", milliseconds);
    for (int s = 0; s < STREAMS; s++) {
        CUDA(cudaStreamDestroy(streams[s]));
        CUDA(cudaEventDestroy(done[s]));
    }
    CUDA(cudaFreeHost(host));
    std::printf("streams: %d streams, %d host functions\n", STREAMS, calls.load());
    return sample::passed();
}
