/* HMAC-SHA-256 (RFC 2104). */
#ifndef BF_HMAC_H
#define BF_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of what is authenticated. */
struct bf_piece {
    const void *data;
    size_t bytes;
};

/* The code of all pieces, one after the other, under a key of 16 bytes. */
void bf_hmac(const uint8_t key[16], const struct bf_piece *pieces, int count, uint8_t code[32]);

/* Takes the same time whatever differs. */
bool bf_same_code(const uint8_t one[32], const uint8_t other[32]);

#endif
