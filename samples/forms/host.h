// What the PTX ISA says of arithmetic that C has no operator for, written from its text.
#ifndef HOST_H
#define HOST_H

#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef __float128 quad;

static inline uint32_t bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- IEEE operations in a rounding mode; volatile keeps them between the two calls of fesetround ---- */

#define ROUNDED_OPERATIONS(T, suffix, fma_function)                                                \
    static inline T calculate_##suffix(int mode, char operation, T x, T y, T z)                    \
    {                                                                                              \
        volatile T a = x, b = y, c = z, r;                                                         \
        fesetround(mode);                                                                          \
        switch (operation) {                                                                       \
        case '+': r = a + b; break;                                                                \
        case '-': r = a - b; break;                                                                \
        case '*': r = a * b; break;                                                                \
        case '/': r = a / b; break;                                                                \
        default: r = fma_function(a, b, c); break;                                                 \
        }                                                                                          \
        fesetround(FE_TONEAREST);                                                                  \
        return r;                                                                                  \
    }
ROUNDED_OPERATIONS(float, f32, fmaf)
ROUNDED_OPERATIONS(double, f64, fma)

static inline double root(int mode, double x, int single)
{
    volatile double a = x, r;
    volatile float f = (float)x;
    fesetround(mode);
    if (single) r = (double)sqrtf(f);
    else r = sqrt(a);
    fesetround(FE_TONEAREST);
    return r;
}

/* Subnormal numbers become zero of the same sign. */
static inline float flush(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0.0f, x) : x;
}

static inline float saturate(float x)
{
    return isnan(x) || x <= 0 ? 0.0f : x > 1 ? 1.0f : x;
}

/* One NaN gives the other operand; -0 is less than +0. */
static inline double least(double a, double b)
{
    if (isnan(a)) return b;
    if (isnan(b)) return a;
    return a < b || (a == b && signbit(a)) ? a : b;
}

static inline double greatest(double a, double b)
{
    if (isnan(a)) return b;
    if (isnan(b)) return a;
    return a > b || (a == b && !signbit(a)) ? a : b;
}

/* ---- conversions ---- */

static inline double round_integral(int mode, double x)
{
    volatile double a = x, r;
    fesetround(mode);
    r = rint(a);
    fesetround(FE_TONEAREST);
    return r;
}

/* To an integer of so many bits, clamped; `wide`: 64 bits or a double take part, then NaN gives the sign bit alone, else zero. */
static inline uint64_t to_integer(int mode, double x, int bits, int is_signed, int wide)
{
    double r = round_integral(mode, x), high = ldexp(1.0, is_signed ? bits - 1 : bits);
    if (isnan(x)) return wide ? UINT64_C(1) << (bits - 1) : 0;
    if (!is_signed) return r <= 0 ? 0 : r >= high ? UINT64_MAX >> (64 - bits) : (uint64_t)r;
    if (r >= high) return UINT64_MAX >> (65 - bits);
    if (r < -high) return ~UINT64_C(0) << (bits - 1);
    return (uint64_t)(int64_t)r;
}

/* An integer with 64 bits of significand, exactly, then once rounded by the x87 unit. */
static inline float to_float(int mode, long double x)
{
    volatile long double a = x;
    volatile float r;
    fesetround(mode);
    r = (float)a;
    fesetround(FE_TONEAREST);
    return r;
}

static inline double to_double(int mode, long double x)
{
    volatile long double a = x;
    volatile double r;
    fesetround(mode);
    r = (double)a;
    fesetround(FE_TONEAREST);
    return r;
}

/* ---- bfloat16 ---- */

static inline double bfloat_value(uint16_t bits)
{
    return (double)float_of_bits((uint32_t)bits << 16);
}

/* Nearest even, from a double whose last bit is sticky where it is inexact. */
static inline uint16_t bfloat_of(double x)
{
    if (isnan(x)) return 0x7fff;
    if (isinf(x)) return x > 0 ? 0x7f80 : 0xff80;
    int exponent;
    frexp(x, &exponent);
    int last = (exponent < -125 ? -125 : exponent) - 8; /* exponent of the last bit kept */
    double r = ldexp(round_integral(FE_TONEAREST, ldexp(x, -last)), last);
    if (fabs(r) >= 0x1p128) return x > 0 ? 0x7f80 : 0xff80;
    return (uint16_t)(bits_of_float((float)r) >> 16) | (signbit(x) ? 0x8000 : 0);
}

/* a * b + c with one rounding: the product is exact in a double, the sum is rounded to odd. */
static inline uint16_t bfloat_fma(uint16_t a, uint16_t b, uint16_t c)
{
    volatile double x = bfloat_value(a) * bfloat_value(b), y = bfloat_value(c), sum = x + y;
    if (!isfinite(sum)) return bfloat_of(sum);
    volatile double back = sum - x, error = (x - (sum - back)) + (y - back);
    uint64_t bits;
    double s = sum;
    memcpy(&bits, &s, sizeof bits);
    if (error != 0 && !(bits & 1)) s = nextafter(s, error > 0 ? INFINITY : -INFINITY);
    return bfloat_of(s);
}

/* ---- bits ---- */

static inline uint64_t insert_bits(uint64_t a, uint64_t b, uint32_t position, uint32_t length, int width)
{
    position &= 0xff;
    length &= 0xff;
    for (uint32_t i = 0; i < length && position + i < (uint32_t)width; i++) {
        uint64_t bit = UINT64_C(1) << (position + i);
        b = (a >> i & 1) ? b | bit : b & ~bit;
    }
    return b;
}

static inline uint64_t extract_bits(uint64_t a, uint32_t position, uint32_t length, int width, int is_signed)
{
    uint64_t result = 0;
    position &= 0xff;
    length &= 0xff;
    uint32_t top = position + length - 1 < (uint32_t)width - 1 ? position + length - 1 : (uint32_t)width - 1;
    uint64_t sign = is_signed && length ? a >> top & 1 : 0;
    for (uint32_t i = 0; i < (uint32_t)width; i++) {
        uint64_t bit = i < length && position + i < (uint32_t)width ? a >> (position + i) & 1 : sign;
        result |= bit << i;
    }
    return result;
}

static inline uint32_t highest_bit(uint32_t x)
{
    for (uint32_t i = 32; i-- > 0;)
        if (x >> i & 1) return i;
    return UINT32_MAX;
}

static inline uint64_t reverse_bits(uint64_t x, int width)
{
    uint64_t r = 0;
    for (int i = 0; i < width; i++) r |= (x >> i & 1) << (width - 1 - i);
    return r;
}

static inline int count_bits(uint64_t x)
{
    int n = 0;
    for (; x; x >>= 1) n += (int)(x & 1);
    return n;
}

static inline uint32_t mask_bits(uint32_t first, uint32_t count)
{
    uint32_t r = 0;
    for (uint32_t i = 0; i < 32; i++)
        if (i >= first && i - first < count) r |= 1u << i;
    return r;
}

static inline uint32_t look_up(uint32_t a, uint32_t b, uint32_t c, uint32_t table)
{
    uint32_t r = 0;
    for (int i = 0; i < 32; i++) r |= (table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i;
    return r;
}

static inline uint32_t permute(uint32_t a, uint32_t b, uint32_t selector)
{
    uint64_t pool = (uint64_t)b << 32 | a;
    uint32_t r = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t pick = selector >> (4 * i) & 0xf, byte = pool >> (8 * (pick & 7)) & 0xff;
        if (pick & 8) byte = byte & 0x80 ? 0xff : 0;
        r |= byte << (8 * i);
    }
    return r;
}

static inline int32_t dot_bytes(uint32_t a, uint32_t b, int32_t c)
{
    for (int i = 0; i < 32; i += 8)
        c = (int32_t)((uint32_t)c + (uint32_t)((int8_t)(a >> i & 0xff) * (int8_t)(b >> i & 0xff)));
    return c;
}

static inline uint32_t byte_distance(uint32_t a, uint32_t b, uint32_t c)
{
    for (int i = 0; i < 32; i += 8) {
        uint32_t x = a >> i & 0xff, y = b >> i & 0xff;
        c += x > y ? x - y : y - x;
    }
    return c;
}

#endif
