/* SHA-256 (FIPS 180-4), by which a server knows images that it has seen. */
#ifndef BF_SHA256_H
#define BF_SHA256_H

#include <stddef.h>
#include <stdint.h>

void bf_sha256(const uint8_t *data, size_t bytes, uint8_t digest[32]);

#endif
