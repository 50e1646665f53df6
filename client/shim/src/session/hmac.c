#include "session/hmac.h"

#include <string.h>

#include "images/sha256.h"

enum { BLOCK = BF_SHA256_BLOCK, KEY = 16, CODE = 32, INNER = 0x36, OUTER = 0x5c };

static void add_key(struct bf_sha256 *sha, const uint8_t key[KEY], uint8_t mask)
{
    uint8_t block[BLOCK];
    memset(block, mask, BLOCK);
    for (int i = 0; i < KEY; i++)
        block[i] ^= key[i];
    bf_sha256_add(sha, block, BLOCK);
}

void bf_hmac(const uint8_t key[16], const struct bf_piece *pieces, int count, uint8_t code[32])
{
    struct bf_sha256 sha;
    bf_sha256_begin(&sha);
    add_key(&sha, key, INNER);
    for (int i = 0; i < count; i++)
        bf_sha256_add(&sha, pieces[i].data, pieces[i].bytes);
    bf_sha256_end(&sha, code);
    bf_sha256_begin(&sha);
    add_key(&sha, key, OUTER);
    bf_sha256_add(&sha, code, CODE);
    bf_sha256_end(&sha, code);
}

bool bf_same_code(const uint8_t one[32], const uint8_t other[32])
{
    volatile uint8_t differs = 0;
    for (int i = 0; i < CODE; i++)
        differs |= (uint8_t)(one[i] ^ other[i]);
    return !differs;
}
