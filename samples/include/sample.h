// What every sample shares: checked runtime calls, device arrays, reproducible input, the last line.
#pragma once

#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include <cuda_runtime.h>

#define CUDA(call)                                                                                 \
    do {                                                                                           \
        cudaError_t status_ = (call);                                                              \
        if (status_ != cudaSuccess) {                                                              \
            std::printf("FAILED: %s:%d: %s: %s\n", __FILE__, __LINE__, #call,                      \
                        cudaGetErrorString(status_));                                              \
            std::exit(1);                                                                          \
        }                                                                                          \
    } while (0)

namespace sample {

/// The problem size: the first argument of the program, or what the sample takes by default.
inline int size(int argc, char **argv, int otherwise)
{
    return argc > 1 ? std::atoi(argv[1]) : otherwise;
}

/// The same numbers on every machine (xorshift64*).
class Random {
public:
    explicit Random(uint64_t seed = 42) : state(seed * 0x9E3779B97F4A7C15ull + 1) {}
    uint32_t bits()
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return static_cast<uint32_t>((state * 0x2545F4914F6CDD1Dull) >> 32);
    }
    uint32_t below(uint32_t bound) { return static_cast<uint32_t>((uint64_t{bits()} * bound) >> 32); }
    float uniform() { return static_cast<float>(bits() >> 8) * 0x1p-24f; }
    float uniform(float low, float high) { return low + (high - low) * uniform(); }

private:
    uint64_t state;
};

/// Memory of the current device, freed at the end of its scope.
template <typename T> class Device {
public:
    explicit Device(size_t count) : count(count) { CUDA(cudaMalloc(&memory, count * sizeof(T))); }
    explicit Device(const std::vector<T> &host) : Device(host.size())
    {
        CUDA(cudaMemcpy(memory, host.data(), count * sizeof(T), cudaMemcpyHostToDevice));
    }
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;
    ~Device() { cudaFree(memory); }

    T *get() const { return memory; }
    void zero() { CUDA(cudaMemset(memory, 0, count * sizeof(T))); }
    std::vector<T> host() const
    {
        std::vector<T> copy(count);
        CUDA(cudaMemcpy(copy.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost));
        return copy;
    }

private:
    T *memory = nullptr;
    size_t count;
};

inline void launched()
{
    CUDA(cudaGetLastError());
}

inline int blocks(int count, int perBlock)
{
    return (count + perBlock - 1) / perBlock;
}

/// Ends a sample whose result is right.
inline int passed()
{
    std::puts("PASSED");
    return 0;
}

/// Ends a sample whose result is wrong; says where.
__attribute__((format(printf, 1, 2))) inline int failed(const char *format, ...)
{
    std::printf("FAILED: ");
    va_list arguments;
    va_start(arguments, format);
    std::vprintf(format, arguments);
    va_end(arguments);
    std::puts("");
    return 1;
}

inline bool near(double actual, double expected, double tolerance)
{
    return std::fabs(actual - expected) <= tolerance * std::fmax(1.0, std::fabs(expected));
}

} // namespace sample
