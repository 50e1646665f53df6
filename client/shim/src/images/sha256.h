/* SHA-256 (FIPS 180-4), by which a server knows images that it has seen. */
#ifndef BF_SHA256_H
#define BF_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BF_SHA256_BLOCK = 64 };

/* A digest of which a part has been computed. */
struct bf_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[BF_SHA256_BLOCK]; /* the last bytes % 64 of what was added */
    bool fast;                      /* the processor has instructions for it */
};

void bf_sha256_begin(struct bf_sha256 *sha);
void bf_sha256_add(struct bf_sha256 *sha, const void *data, size_t bytes);
void bf_sha256_end(struct bf_sha256 *sha, uint8_t digest[32]);

/* All at once. */
void bf_sha256(const uint8_t *data, size_t bytes, uint8_t digest[32]);

#endif
