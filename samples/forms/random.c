// Operands: ends of ranges, numbers around them, small numbers, and any bits.
#include "forms.h"

#include <stdlib.h>
#include <string.h>

static uint64_t state = UINT64_C(0x9E3779B97F4A7C15);

uint64_t random_bits(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545F4914F6CDD1D);
}

/* Some number of few bits, for rounding: k / 4 with small k. */
static double quarters(void)
{
    return (double)((int)(random_bits() >> 54) - 512) / 4;
}

/* Neither tiny nor huge. */
static double moderate(void)
{
    double unit = (double)(int64_t)random_bits() * 0x1p-63;
    return unit * (double)(1u << (random_bits() >> 59));
}

static uint64_t random_float(void)
{
    static const uint32_t special[] = {0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 1,          0x80000001,
                                       0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800000, 0xbf800000, 0x3f000000,
                                       0x4effffff, 0x4f000000, 0xcf000000, 0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000};
    uint64_t kind = random_bits() >> 61;
    float x = (float)(kind < 4 ? moderate() : quarters());
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (kind == 0) return special[random_bits() % (sizeof special / sizeof *special)];
    if (kind == 1 || kind == 2) return random_bits() >> 32;
    return bits;
}

static uint64_t random_double(void)
{
    static const double special[] = {0.0,       -0.0,    1.0,    -1.0,  0.5,    0x1p31, 0x1.fffffffcp30, -0x1p31, 0x1p32, 0x1p63, -0x1p63,
                                     0x1p64,    0x1p-1074, 0x1p-1022, 0x1.fffffffffffffp1023, 0x1p-126, 0x1p-149, 0x1p-150, 0x1.fffffep127,
                                     0x1.ffffffp127, 65504.0, 65520.0};
    uint64_t kind = random_bits() >> 61, bits = random_bits();
    double x = kind == 0 ? special[random_bits() % (sizeof special / sizeof *special)] : kind < 5 ? moderate() : quarters();
    if (kind == 1) return bits;
    if (kind == 2) return bits >> 60 == 0 ? UINT64_C(0x7ff0000000000000) : bits >> 60 == 1 ? UINT64_C(0x7ff8000000000000) : bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t random_integer(int width)
{
    uint64_t mask = UINT64_MAX >> (64 - width), near_power = UINT64_C(1) << (random_bits() % (uint64_t)width);
    switch (random_bits() >> 61) {
    case 0: return (random_bits() >> 58) & mask;
    case 1: return (0 - (random_bits() >> 60)) & mask;
    case 2: return (near_power + (random_bits() >> 62) - 1) & mask;
    case 3: return random_bits() & random_bits() & random_bits() & mask;
    default: return random_bits() & mask;
    }
}

/* The bits above the type's are noise, as they may be in a register. */
uint64_t random_operand(const char *type)
{
    uint64_t noise = random_bits() << 32;
    if (!strcmp(type, "none")) return 0;
    if (!strcmp(type, "pred")) return random_bits() >> 63;
    if (!strcmp(type, "f64")) return random_double();
    if (!strcmp(type, "f32")) return random_float() | noise;
    if (!strcmp(type, "f16")) return (random_bits() >> 48) | noise;
    if (!strcmp(type, "bf16")) return random_float() >> 16 | noise;
    if (!strcmp(type, "bf16x2")) return random_float() >> 16 << 16 | random_float() >> 16 | noise;
    int width = atoi(type + 1);
    return random_integer(width) | (width == 64 ? 0 : width == 32 ? noise : random_bits() << width);
}
