#include "entry/integrity.h"

#include <string.h>

enum { BLOCK = 16, ROUNDS = 18, STATE = 48, DEVICE_BYTES = 28, MOST_DEVICES = 64 };

/* RFC 1319: digits of pi. */
static const uint8_t pi[256] = {
    41,  46,  67,  201, 162, 216, 124, 1,   61,  54,  84,  161, 236, 240, 6,   19,  98,  167, 5,
    243, 192, 199, 115, 140, 152, 147, 43,  217, 188, 76,  130, 202, 30,  155, 87,  60,  253, 212,
    224, 22,  103, 66,  111, 24,  138, 23,  229, 18,  190, 78,  196, 214, 218, 158, 222, 73,  160,
    251, 245, 142, 187, 47,  238, 122, 169, 104, 121, 145, 21,  178, 7,   63,  148, 194, 16,  137,
    11,  34,  95,  33,  128, 127, 93,  154, 90,  144, 50,  39,  53,  62,  204, 231, 191, 247, 151,
    3,   255, 25,  48,  179, 72,  165, 181, 209, 215, 94,  146, 42,  172, 86,  170, 198, 79,  184,
    56,  210, 150, 164, 125, 182, 118, 252, 107, 226, 156, 116, 4,   241, 69,  157, 112, 89,  100,
    113, 135, 32,  134, 91,  207, 101, 230, 45,  168, 2,   27,  96,  37,  173, 174, 176, 185, 246,
    28,  70,  97,  105, 52,  64,  126, 15,  85,  71,  163, 35,  221, 81,  175, 58,  195, 92,  249,
    206, 186, 197, 234, 38,  44,  83,  13,  110, 133, 40,  132, 9,   211, 223, 205, 244, 65,  129,
    77,  82,  106, 220, 55,  200, 108, 193, 171, 250, 36,  225, 123, 8,   12,  189, 177, 74,  120,
    136, 149, 139, 227, 99,  232, 109, 233, 203, 213, 254, 59,  0,   29,  57,  242, 239, 183, 14,
    102, 88,  208, 228, 166, 119, 114, 248, 235, 117, 75,  10,  49,  68,  80,  180, 143, 237, 31,
    26,  219, 153, 141, 51,  159, 17,  131, 20,
};

struct md2 {
    uint8_t state[BLOCK], checksum[BLOCK], buffer[BLOCK];
    size_t used;
};

static void digest_block(struct md2 *md2, const uint8_t block[BLOCK])
{
    uint8_t x[STATE];
    unsigned t = 0;
    memcpy(x, md2->state, BLOCK);
    memcpy(x + BLOCK, block, BLOCK);
    for (int i = 0; i < BLOCK; i++)
        x[2 * BLOCK + i] = (uint8_t)(md2->state[i] ^ block[i]);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < STATE; i++)
            t = x[i] ^= pi[t];
        t = (t + round) & 255;
    }
    memcpy(md2->state, x, BLOCK);
    t = md2->checksum[BLOCK - 1];
    for (int i = 0; i < BLOCK; i++)
        t = md2->checksum[i] ^= pi[block[i] ^ t];
}

static void update(struct md2 *md2, const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        md2->buffer[md2->used++] = data[i];
        if (md2->used == BLOCK) {
            digest_block(md2, md2->buffer);
            md2->used = 0;
        }
    }
}

static void finish(struct md2 *md2, uint8_t digest[16])
{
    uint8_t padding[BLOCK], checksum[BLOCK];
    size_t count = BLOCK - md2->used;
    memset(padding, (int)count, sizeof padding);
    update(md2, padding, count);
    memcpy(checksum, md2->checksum, sizeof checksum);
    update(md2, checksum, sizeof checksum);
    memcpy(digest, md2->state, BLOCK);
}

void bf_md2(const uint8_t *data, size_t bytes, uint8_t digest[16])
{
    struct md2 md2 = {0};
    update(&md2, data, bytes);
    finish(&md2, digest);
}

static void hmac_start(struct md2 *md2, const uint8_t key[BLOCK], uint8_t pad)
{
    uint8_t block[BLOCK];
    *md2 = (struct md2){0};
    for (int i = 0; i < BLOCK; i++)
        block[i] = (uint8_t)(key[i] ^ pad);
    update(md2, block, sizeof block);
}

static void hmac_finish(struct md2 *inner, const uint8_t key[BLOCK], uint8_t digest[16])
{
    struct md2 outer;
    uint8_t between[BLOCK];
    finish(inner, between);
    hmac_start(&outer, key, 0x5c);
    update(&outer, between, sizeof between);
    finish(&outer, digest);
}

static void whole_key(const uint8_t *key, size_t bytes, uint8_t out[BLOCK])
{
    memset(out, 0, BLOCK);
    if (bytes > BLOCK)
        bf_md2(key, bytes, out);
    else
        memcpy(out, key, bytes);
}

void bf_hmac_md2(const uint8_t *key, size_t key_bytes, const uint8_t *data, size_t bytes,
                 uint8_t digest[16])
{
    uint8_t block[BLOCK];
    struct md2 inner;
    whole_key(key, key_bytes, block);
    hmac_start(&inner, block, 0x36);
    update(&inner, data, bytes);
    hmac_finish(&inner, block, digest);
}

void bf_integrity_answer(const struct bf_integrity_question *question, const uint8_t *devices,
                         size_t device_count, uint64_t answer[2])
{
    static const uint8_t key[BLOCK] = {0x14, 0x6A, 0xDD, 0xAE, 0x53, 0xA9, 0xA7, 0x52,
                                       0xAA, 0x08, 0x41, 0x36, 0x0B, 0xF5, 0x5A, 0x9F};
    _Static_assert(sizeof *question == 48, "layout of the question");
    struct md2 inner;
    uint8_t digest[BLOCK];
    if (question->version % 10 < 2) {
        answer[0] = question->version % 10 ? 0x1841181C03CB675Cu : 0x3341181C03CB675Cu;
        answer[1] = 0x8ED383AA1F4CD1E8u;
        return;
    }
    hmac_start(&inner, key, 0x36);
    update(&inner, (const uint8_t *)question, sizeof *question);
    update(&inner, devices, device_count * DEVICE_BYTES);
    hmac_finish(&inner, key, digest);
    memcpy(answer, digest, sizeof digest);
}
