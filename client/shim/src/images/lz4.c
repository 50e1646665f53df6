/* The LZ4 block format, decoding only. Source: the format's own description (lz4_Block_format.md).
 */
#include <string.h>

#include "images/fatbin.h"

enum { MINIMUM_MATCH = 4, LONG = 15 };

/* Reads a length that continues while its bytes are 255. */
static bool extend(const uint8_t **in, const uint8_t *end, size_t *length)
{
    uint8_t byte = 255;
    if (*length != LONG)
        return true;
    while (byte == 255) {
        if (*in == end)
            return false;
        byte = *(*in)++;
        *length += byte;
    }
    return true;
}

size_t bf_lz4_decode(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes)
{
    const uint8_t *end = in + in_bytes;
    size_t done = 0;
    while (in < end) {
        uint8_t token = *in++;
        size_t literals = token >> 4;
        size_t match = token & 15;
        if (!extend(&in, end, &literals) || literals > (size_t)(end - in) ||
            literals > out_bytes - done)
            return SIZE_MAX;
        memcpy(out + done, in, literals);
        in += literals;
        done += literals;
        if (in == end)
            return done; /* the last sequence has no match */
        if (end - in < 2)
            return SIZE_MAX;
        size_t distance = (size_t)in[0] | (size_t)in[1] << 8;
        in += 2;
        if (!extend(&in, end, &match))
            return SIZE_MAX;
        match += MINIMUM_MATCH;
        if (!distance || distance > done || match > out_bytes - done)
            return SIZE_MAX;
        for (size_t i = 0; i < match; i++, done++)
            out[done] = out[done - distance];
    }
    return SIZE_MAX;
}
