// printf in a kernel: what it writes to standard output is read back through a pipe and checked.
#include <string>
#include <unistd.h>

#include "sample.h"

__global__ void say(int n)
{
    if (threadIdx.x < n)
        printf("thread %d: %s %.3f %5.1e|%-6u|%lld|%c|%x %%\n", threadIdx.x, threadIdx.x % 2 ? "odd" : "even",
               threadIdx.x * 0.5, 1e10 * (threadIdx.x + 1), 40u + threadIdx.x, -1234567890123ll, 'a' + threadIdx.x, 255);
}

int main()
{
    const int n = 5;
    std::fflush(stdout);
    int before = dup(1), ends[2];
    if (pipe(ends) != 0 || dup2(ends[1], 1) < 0) return sample::failed("no pipe");
    say<<<1, 32>>>(n);
    cudaError_t launch = cudaGetLastError(), sync = cudaDeviceSynchronize();
    std::fflush(stdout);
    dup2(before, 1);
    close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, got);
    CUDA(launch);
    CUDA(sync);
    for (int i = 0; i < n; i++) {
        char line[256];
        std::snprintf(line, sizeof line, "thread %d: %s %.3f %5.1e|%-6u|%lld|%c|%x %%\n", i, i % 2 ? "odd" : "even", i * 0.5,
                      1e10 * (i + 1), 40u + i, -1234567890123ll, 'a' + i, 255);
        if (text.find(line) == std::string::npos)
            return sample::failed("no line \"%s\" in \"%s\"", line, text.c_str());
    }
    std::printf("printf: %d lines from a kernel\n", n);
    return sample::passed();
}
