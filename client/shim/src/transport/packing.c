#include "transport/packing.h"

#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "bf_messages.h"
#include "transport/safely.h"
#include "transport/tickets.h"

enum {
    SMALLEST = 16 * 1024,   /* bytes of a piece that is worth it */
    MOST_SKIPPED = 32,      /* pieces after one that gained little */
    MOST_UNCHECKED = 64,    /* compressed pieces, then one goes as it is if the link has not shown that
                             * it is the limit: it may have become fast */
    LEAST_MEASURED_NS = 4 * 1000 * 1000,
    BURST_NS = 50 * 1000 * 1000 /* a longer pause ends a burst */
};

/* A link that takes more a second is not the limit: compression and decompression would be. */
static const uint64_t fast = 400u * 1000 * 1000;

void bf_packing_start(struct bf_packing *p)
{
    const char *mode = getenv("BF_COMPRESSION");
    *p = (struct bf_packing){.mode = BF_PACKING_AUTO};
    if (mode && !strcmp(mode, "off"))
        p->mode = BF_PACKING_OFF;
    else if (mode && !strcmp(mode, "always"))
        p->mode = BF_PACKING_ALWAYS;
}

void bf_packing_free(struct bf_packing *p)
{
    free(p->plain);
    free(p->packed);
    p->plain = p->packed = NULL;
}

bool bf_packing_wanted(struct bf_packing *p, size_t bytes)
{
    if (p->mode != BF_PACKING_AUTO || bytes < SMALLEST)
        return p->mode == BF_PACKING_ALWAYS && bytes >= SMALLEST;
    if (!p->rate || p->rate > fast)
        return false;
    if (p->skipped < p->skip) {
        p->skipped++;
        return false;
    }
    if (++p->unchecked > MOST_UNCHECKED) {
        p->unchecked = 0;
        return false;
    }
    return true;
}

static bool has_room(struct bf_packing *p)
{
    if (!p->plain)
        p->plain = malloc(BF_MAX_PACKED);
    if (!p->packed)
        p->packed = malloc(BF_FRAME_BYTES + BF_LINK_PACK_MINIMUM + BF_MAX_PACKED);
    return p->plain && p->packed;
}

size_t bf_packing_pack(struct bf_packing *p, const void *head, size_t head_bytes,
                       const struct iovec *payload, int parts, const uint8_t **frame)
{
    size_t bytes = head_bytes;
    for (int i = 0; i < parts; i++)
        bytes += payload[i].iov_len;
    if (bytes > BF_MAX_PACKED || !has_room(p))
        return 0;
    memcpy(p->plain, head, head_bytes);
    if (!bf_gather_safely(p->plain + head_bytes, payload, parts))
        return 0;
    const size_t begin = BF_FRAME_BYTES + BF_LINK_PACK_MINIMUM;
    int most = (int)(bytes - bytes / 8); /* less than an eighth is no gain */
    int packed = LZ4_compress_default((const char *)p->plain, (char *)p->packed + begin, (int)bytes,
                                      most);
    if (packed <= 0) {
        p->skip = p->skip * 2 + 1 < MOST_SKIPPED ? p->skip * 2 + 1 : MOST_SKIPPED;
        p->skipped = 0;
        return 0;
    }
    p->skip = p->skipped = 0;
    struct bf_link_pack m = {(uint32_t)bytes};
    bf_link_pack_frame(p->packed, &m, (uint32_t)packed);
    *frame = p->packed;
    return begin + (size_t)packed;
}

void bf_packing_sent(struct bf_packing *p, size_t bytes, bool waited, uint64_t now)
{
    if (now - p->last_ns > BURST_NS)
        p->full_ns = 0;
    p->last_ns = now;
    p->left += bytes;
    if (!waited)
        return;
    p->unchecked = 0;
    uint64_t passed = now - p->full_ns;
    if (p->full_ns && passed < LEAST_MEASURED_NS)
        return;
    if (p->full_ns) {
        uint64_t rate = (uint64_t)((double)p->left * 1e9 / (double)passed);
        p->rate = p->rate ? (p->rate + rate) / 2 : rate;
    }
    p->full_ns = now;
    p->left = 0;
}

bool bf_packing_unpack(const uint8_t *packed, size_t bytes, uint8_t *plain, size_t plain_bytes)
{
    return bytes <= BF_MAX_PACKED && plain_bytes <= BF_MAX_PACKED &&
           LZ4_decompress_safe((const char *)packed, (char *)plain, (int)bytes, (int)plain_bytes) ==
               (int)plain_bytes;
}
