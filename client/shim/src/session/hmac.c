#include "session/hmac.h"

#include <string.h>

#include "images/sha256.h"

enum { BLOCK = 64, KEY = 16, CODE = 32, INNER = 0x36, OUTER = 0x5c };

static void mix(uint8_t block[BLOCK], const uint8_t key[KEY], uint8_t mask)
{
    memset(block, mask, BLOCK);
    for (int i = 0; i < KEY; i++)
        block[i] ^= key[i];
}

void bf_hmac(const uint8_t key[16], const struct bf_piece *pieces, int count, uint8_t code[32])
{
    uint8_t inner[BLOCK + BF_HMAC_MOST], outer[BLOCK + CODE];
    size_t used = BLOCK;
    mix(inner, key, INNER);
    for (int i = 0; i < count && pieces[i].bytes <= sizeof inner - used; i++) {
        memcpy(inner + used, pieces[i].data, pieces[i].bytes);
        used += pieces[i].bytes;
    }
    mix(outer, key, OUTER);
    bf_sha256(inner, used, outer + BLOCK);
    bf_sha256(outer, sizeof outer, code);
}

bool bf_same_code(const uint8_t one[32], const uint8_t other[32])
{
    volatile uint8_t differs = 0;
    for (int i = 0; i < CODE; i++)
        differs |= (uint8_t)(one[i] ^ other[i]);
    return !differs;
}
