// What random functions are made of, defined alike for host and device, and their comparison.
#pragma once

#include <limits>
#include <type_traits>

#include "sample.h"

#define BOTH __host__ __device__ inline

template <typename T> BOTH T cut(uint64_t x)
{
    return static_cast<T>(x);
}

/// Numbers of all sizes, and now and then zero, infinity, NaN and subnormals.
template <typename T> BOTH T real(uint64_t x)
{
    int kind = int(x & 15);
    T magnitude = static_cast<T>(static_cast<int64_t>(x)) * static_cast<T>(0x1p-62);
    if (kind == 0) return 0;
    if (kind == 1) return static_cast<T>(1e38) * static_cast<T>(10.0) * magnitude;
    if (kind == 2) return static_cast<T>(1e-38) * magnitude;
    if (kind == 3) return static_cast<T>(static_cast<int32_t>(x >> 32));
    return magnitude * static_cast<T>(1 << (x >> 4 & 15));
}

/// Float to integer, inside the range of the result; NaN is zero. Anything else: a plain conversion.
template <typename To, typename From> BOTH To clamped(From x)
{
    if constexpr (std::is_floating_point_v<From> && !std::is_floating_point_v<To>) {
        const From low = static_cast<From>(std::is_signed_v<To> ? -1.0 : 0.0) * static_cast<From>(1ull << (8 * sizeof(To) - 1));
        const From high = static_cast<From>(1ull << (8 * sizeof(To) - 1)) * static_cast<From>(std::is_signed_v<To> ? 1 : 2);
        if (!(x > low)) return 0;
        if (!(x < high)) return 1;
    }
    return static_cast<To>(x);
}

template <typename T, typename F> BOTH T wrap(T x, T y, F operation)
{
    return static_cast<T>(operation(static_cast<uint64_t>(x), static_cast<uint64_t>(y)));
}

template <typename T> BOTH T left(T x, T y)
{
    return static_cast<T>(static_cast<uint64_t>(x) << (static_cast<unsigned>(y) % (8 * sizeof(T))));
}

template <typename T> BOTH T right(T x, T y)
{
    return static_cast<T>(x >> (static_cast<unsigned>(y) % (8 * sizeof(T))));
}

template <typename T> BOTH T divisor(T y)
{
    return y == 0 || y == static_cast<T>(-1) ? static_cast<T>(3) : y;
}

template <typename T> BOTH T quotient(T x, T y)
{
    return static_cast<T>(x / divisor(y));
}

template <typename T> BOTH T remainder_of(T x, T y)
{
    return static_cast<T>(x % divisor(y));
}

template <typename T> BOTH T smaller(T x, T y)
{
#ifdef __CUDA_ARCH__
    if constexpr (sizeof(T) >= 4) return min(x, y);
#endif
    return x < y ? x : y;
}

template <typename T> BOTH T larger(T x, T y)
{
#ifdef __CUDA_ARCH__
    if constexpr (sizeof(T) >= 4) return max(x, y);
#endif
    return x > y ? x : y;
}

template <typename T> BOTH T bits_of(T x)
{
#ifdef __CUDA_ARCH__
    return sizeof(T) == 8 ? __popcll(x) : __popc(unsigned(x));
#else
    T n = 0;
    for (; x; x &= x - 1) n++;
    return n;
#endif
}

template <typename T> BOTH T leading(T x)
{
#ifdef __CUDA_ARCH__
    return sizeof(T) == 8 ? __clzll(x) : __clz(unsigned(x));
#else
    T n = 0;
    while (n < 8 * sizeof(T) && !(x >> (8 * sizeof(T) - 1 - n) & 1)) n++;
    return n;
#endif
}

template <typename T> BOTH T reversed(T x)
{
#ifdef __CUDA_ARCH__
    return sizeof(T) == 8 ? __brevll(x) : __brev(unsigned(x));
#else
    T r = 0;
    for (unsigned i = 0; i < 8 * sizeof(T); i++) r |= (x >> i & 1) << (8 * sizeof(T) - 1 - i);
    return r;
#endif
}

template <typename T> BOTH T first_bit(T x)
{
#ifdef __CUDA_ARCH__
    return sizeof(T) == 8 ? __ffsll(x) : __ffs(unsigned(x));
#else
    if (x == 0) return 0;
    T n = 1;
    for (; !(x & 1); x >>= 1) n++;
    return n;
#endif
}

BOTH uint32_t permuted(uint32_t x, uint32_t y, uint32_t selector)
{
    selector &= 0x7777; // the function of CUDA ignores the sign bits that the instruction knows
#ifdef __CUDA_ARCH__
    return __byte_perm(x, y, selector);
#else
    uint64_t pool = uint64_t(y) << 32 | x;
    uint32_t r = 0;
    for (int i = 0; i < 4; i++) r |= uint32_t(pool >> (8 * (selector >> (4 * i) & 7)) & 0xff) << (8 * i);
    return r;
#endif
}

BOTH uint32_t funnel(uint32_t low, uint32_t high, uint32_t shift)
{
#ifdef __CUDA_ARCH__
    return shift & 64 ? __funnelshift_l(low, high, shift) : __funnelshift_r(low, high, shift);
#else
    uint64_t both = uint64_t(high) << 32 | low;
    return shift & 64 ? uint32_t(both << (shift & 31) >> 32) : uint32_t(both >> (shift & 31));
#endif
}

template <typename T> BOTH T high_product(T x, T y)
{
#ifdef __CUDA_ARCH__
    if constexpr (std::is_same_v<T, int32_t>) return __mulhi(x, y);
    else if constexpr (std::is_same_v<T, uint32_t>) return __umulhi(x, y);
    else if constexpr (std::is_same_v<T, int64_t>) return __mul64hi(x, y);
    else return __umul64hi(x, y);
#else
    if constexpr (sizeof(T) == 4) return T((std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>(x) * y) >> 32);
    else return T((std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>(x) * y) >> 64);
#endif
}

/// Every bit of a result, but one NaN is as good as another.
template <typename T> BOTH uint64_t bits(T x)
{
    if constexpr (std::is_floating_point_v<T>) {
        if (x != x) return 0x7ff8dead;
    }
    uint64_t r = 0;
    memcpy(&r, &x, sizeof x);
    return r;
}

template <typename Kernel, typename Host> int compare(Kernel kernel, Host host, int functions)
{
    const int n = 192;
    sample::Random random(7);
    std::vector<uint64_t> a(n), b(n), expected(size_t(functions) * n);
    auto any = [&](int i) {
        uint64_t x = uint64_t(random.bits()) << 32 | random.bits();
        return i % 4 == 0 ? x & 0xff : i % 4 == 1 ? x & (uint64_t(random.bits()) << 32 | random.bits()) : x;
    };
    for (int i = 0; i < n; i++) {
        a[i] = any(i);
        b[i] = any(i / 4);
    }
    host(a.data(), b.data(), expected.data(), n);
    sample::Device<uint64_t> da(a), db(b), dout(expected.size());
    kernel<<<sample::blocks(n, 64), 64>>>(da.get(), db.get(), dout.get(), n);
    sample::launched();
    std::vector<uint64_t> out = dout.host();
    for (int f = 0; f < functions; f++)
        for (int i = 0; i < n; i++)
            if (out[f * n + i] != expected[f * n + i])
                return sample::failed("f%d(%#llx, %#llx) is %#llx, not %#llx", f, (unsigned long long)a[i], (unsigned long long)b[i],
                                      (unsigned long long)out[f * n + i], (unsigned long long)expected[f * n + i]);
    std::printf("random functions: %d, %d calls each\n", functions, n);
    return sample::passed();
}
