#include "images/sha256.h"

#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

enum { BLOCK = BF_SHA256_BLOCK, ROUNDS = 64, LENGTH_AT = 56 };

/* The fractions of the cube roots of the first 64 primes. */
static const _Alignas(16) uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t value, int bits)
{
    return value >> bits | value << (32 - bits);
}

static void mix(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    for (; blocks; blocks--, data += BLOCK) {
        uint32_t w[ROUNDS], s[8];
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 |
                   (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
        for (int i = 16; i < ROUNDS; i++) {
            uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
            uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + a + w[i - 7] + b;
        }
        memcpy(s, state, sizeof s);
        for (int i = 0; i < ROUNDS; i++) {
            uint32_t e = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
            uint32_t first = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
            uint32_t a = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
            uint32_t second = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            memmove(s + 1, s, 7 * sizeof s[0]);
            s[4] += first;
            s[0] = first + second;
        }
        for (int i = 0; i < 8; i++)
            state[i] += s[i];
    }
}

#if defined __x86_64__ && !defined BF_SHA256_PORTABLE
/* The same by the processor's own instructions (Intel, "SHA Extensions"), which keep the state as
 * two vectors: a, b, e, f and c, d, g, h. */
__attribute__((target("sha,sse4.1"))) static void mix_fast(uint32_t state[8], const uint8_t *data,
                                                           size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(void *)state), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; blocks; blocks--, data += BLOCK) {
        __m128i w[4], abef_before = abef, cdgh_before = cdgh;
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i)),
                                    swap);
        for (int i = 0; i < ROUNDS / 4; i++) {
            const __m128i *k = (const __m128i *)(const void *)(constants + 4 * i);
            __m128i words = _mm_add_epi32(w[i % 4], _mm_load_si128(k));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, words);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(words, 0x0e));
            __m128i next = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
            next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
            w[i % 4] = _mm_sha256msg2_epu32(next, w[(i + 3) % 4]);
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static bool is_fast(void)
{
    unsigned a, b = 0, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1;
}
#else
static void mix_fast(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    mix(state, data, blocks);
}

static bool is_fast(void)
{
    return false;
}
#endif

void bf_sha256_begin(struct bf_sha256 *sha)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->state, first, sizeof first);
    sha->bytes = 0;
    sha->fast = is_fast();
}

static void mix_blocks(struct bf_sha256 *sha, const uint8_t *data, size_t blocks)
{
    if (sha->fast)
        mix_fast(sha->state, data, blocks);
    else
        mix(sha->state, data, blocks);
}

void bf_sha256_add(struct bf_sha256 *sha, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    size_t there = (size_t)(sha->bytes % BLOCK);
    sha->bytes += bytes;
    if (there) {
        size_t count = bytes < BLOCK - there ? bytes : BLOCK - there;
        memcpy(sha->block + there, at, count);
        at += count;
        bytes -= count;
        if (there + count < BLOCK)
            return;
        mix_blocks(sha, sha->block, 1);
    }
    mix_blocks(sha, at, bytes / BLOCK);
    if (bytes % BLOCK)
        memcpy(sha->block, at + bytes / BLOCK * BLOCK, bytes % BLOCK);
}

void bf_sha256_end(struct bf_sha256 *sha, uint8_t digest[32])
{
    uint8_t padding[2 * BLOCK] = {0x80};
    size_t there = (size_t)(sha->bytes % BLOCK);
    size_t count = (there < LENGTH_AT ? BLOCK : 2 * BLOCK) - there;
    for (int i = 0; i < 8; i++)
        padding[count - 1 - (size_t)i] = (uint8_t)(sha->bytes * 8 >> 8 * i);
    bf_sha256_add(sha, padding, count);
    for (int i = 0; i < 32; i++)
        digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

void bf_sha256(const uint8_t *data, size_t bytes, uint8_t digest[32])
{
    struct bf_sha256 sha;
    bf_sha256_begin(&sha);
    bf_sha256_add(&sha, data, bytes);
    bf_sha256_end(&sha, digest);
}
