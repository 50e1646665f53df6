/*
 * Compression of what goes out, where the link is the limit and the data allows it: whole frames in a
 * link.pack. Decides piece by piece, from how fast the link took the last ones and what compression
 * gained of them.
 *
 *   link's rate: bytes that left between two moments at which the socket was just full, by the time
 *   between them. Unknown until it was full: then nothing is compressed.
 *
 * Not synchronised: a connection's packing belongs to who holds its sender's lock.
 */
#ifndef BF_PACKING_H
#define BF_PACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* BF_COMPRESSION of the environment. */
enum bf_packing_mode { BF_PACKING_OFF, BF_PACKING_AUTO, BF_PACKING_ALWAYS };

struct bf_packing {
    enum bf_packing_mode mode;
    uint8_t *plain, *packed; /* room, made with the first use */
    uint64_t rate;           /* the link's, bytes a second; 0: not known */
    uint64_t full_ns;        /* when the socket was last found full; 0: not in this burst */
    uint64_t left;           /* bytes sent since then */
    uint64_t last_ns;        /* when the last piece had been sent */
    unsigned skip, skipped;  /* pieces to be sent as they are after one that gained little */
    unsigned unchecked;      /* pieces compressed since the link's rate was last measured */
};

/* Mode AUTO unless the environment says otherwise. */
void bf_packing_start(struct bf_packing *packing);
void bf_packing_free(struct bf_packing *packing);

/* Whether it is worth trying with the next piece of so many bytes. */
bool bf_packing_wanted(struct bf_packing *packing, size_t bytes);

/* Makes a whole link.pack frame of a frame's head and its payload. 0 if it gains too little, or one
 * cannot be read (who sends it as it is finds out). *frame is good until the next call. */
size_t bf_packing_pack(struct bf_packing *packing, const void *head, size_t head_bytes,
                       const struct iovec *payload, int parts, const uint8_t **frame);

/* A piece has been given to the socket, which had to be waited for or not. "now" in nanoseconds. */
void bf_packing_sent(struct bf_packing *packing, size_t bytes, bool waited, uint64_t now);

/* The frames of a link.packed: exactly so many bytes. False if they are not that. */
bool bf_packing_unpack(const uint8_t *packed, size_t bytes, uint8_t *plain, size_t plain_bytes);

#endif
