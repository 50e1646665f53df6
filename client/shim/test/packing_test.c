/* When outgoing frames are compressed, and that what comes in is unpacked or refused. */
#include "transport/packing.h"

#include <stdlib.h>
#include <string.h>

#include "bf_messages.h"
#include "check.h"
#include "transport/tickets.h"

bool bf_gather_safely(void *destination, const struct iovec *parts, int count)
{
    char *end = destination;
    for (int i = 0; i < count; i++) {
        if (!parts[i].iov_base)
            return false;
        memcpy(end, parts[i].iov_base, parts[i].iov_len);
        end += parts[i].iov_len;
    }
    return true;
}

enum { PIECE = 1 << 20 };

static uint8_t zeros[PIECE], noise[PIECE];
static const uint64_t ms = 1000 * 1000;

/* Sends pieces over a link that takes so many bytes a second, the socket full each time. */
static uint64_t send_over(struct bf_packing *p, uint64_t now, uint64_t rate, int pieces)
{
    for (int i = 0; i < pieces; i++) {
        now += (uint64_t)((double)PIECE * 1e9 / (double)rate);
        bf_packing_sent(p, PIECE, true, now);
    }
    return now;
}

static struct bf_packing started(const char *mode)
{
    struct bf_packing p;
    if (mode)
        setenv("BF_COMPRESSION", mode, 1);
    else
        unsetenv("BF_COMPRESSION");
    bf_packing_start(&p);
    return p;
}

static size_t pack(struct bf_packing *p, uint8_t *data, const uint8_t **frame)
{
    const uint8_t head[48] = {1, 2, 3};
    const struct iovec parts[2] = {{data, PIECE / 2}, {data + PIECE / 2, PIECE / 2}};
    return bf_packing_pack(p, head, sizeof head, parts, 2, frame);
}

static void nothing_is_compressed_before_the_link_is_known_to_be_the_limit(void)
{
    struct bf_packing p = started(NULL);
    for (int i = 0; i < 100; i++) {
        CHECK(!bf_packing_wanted(&p, PIECE));
        bf_packing_sent(&p, PIECE, false, (uint64_t)i * ms + 1);
    }
    send_over(&p, 200 * ms, 117 * 1000 * 1000, 3);
    CHECK(p.rate > 110 * 1000 * 1000 && p.rate < 125 * 1000 * 1000);
    CHECK(bf_packing_wanted(&p, PIECE));
    CHECK(!bf_packing_wanted(&p, 1000));
}

static void a_fast_link_gets_everything_as_it_is(void)
{
    struct bf_packing p = started(NULL);
    uint64_t now = send_over(&p, ms, 2000u * 1000 * 1000, 100);
    CHECK(p.rate && !bf_packing_wanted(&p, PIECE));
    now = send_over(&p, now, 100u * 1000 * 1000, 20); /* it has become slow, */
    CHECK(bf_packing_wanted(&p, PIECE));
    send_over(&p, now, 2000u * 1000 * 1000, 100); /* and fast again */
    CHECK(!bf_packing_wanted(&p, PIECE));
}

static void a_pause_is_no_time_of_the_link(void)
{
    struct bf_packing p = started(NULL);
    uint64_t now = send_over(&p, ms, 2000u * 1000 * 1000, 100);
    send_over(&p, now + 10000 * ms, 2000u * 1000 * 1000, 100);
    CHECK(!bf_packing_wanted(&p, PIECE));
}

static void what_gains_nothing_is_hardly_tried(void)
{
    struct bf_packing p = started(NULL);
    const uint8_t *frame;
    int tried = 0;
    send_over(&p, ms, 100u * 1000 * 1000, 3);
    for (int i = 0; i < 1000; i++) {
        if (bf_packing_wanted(&p, PIECE)) {
            tried++;
            CHECK(!pack(&p, noise, &frame));
        }
    }
    CHECK(tried > 25 && tried < 40); /* the data may change */
    int packed = 0;
    for (int i = 0; i < 100; i++)
        packed += bf_packing_wanted(&p, PIECE) && pack(&p, zeros, &frame);
    CHECK(packed > 60); /* and once it has, is no more waited for */
    bf_packing_free(&p);
}

static void a_link_that_is_no_limit_any_more_is_tried_without(void)
{
    struct bf_packing p = started(NULL);
    uint64_t now = send_over(&p, ms, 100u * 1000 * 1000, 3);
    int plain = 0;
    for (int i = 0; i < 650; i++) {
        plain += !bf_packing_wanted(&p, PIECE);
        now += ms;
        bf_packing_sent(&p, 5000, false, now);
    }
    CHECK(plain == 10);
}

static void what_was_packed_is_unpacked(void)
{
    struct bf_packing p = started("always");
    const uint8_t *frame;
    uint8_t *plain = malloc(BF_MAX_PACKED);
    CHECK(bf_packing_wanted(&p, PIECE));
    size_t bytes = pack(&p, zeros, &frame);
    CHECK(bytes && bytes < PIECE / 100);
    struct bf_frame head;
    struct bf_link_packed m;
    bf_frame_read(frame, &head);
    CHECK(head.call == BF_CALL_LINK_PACK && head.length == bytes - BF_FRAME_BYTES);
    CHECK(bf_link_packed_read(frame + BF_FRAME_BYTES, head.length, &m));
    CHECK(m.byte_count == PIECE + 48);
    const uint8_t *data = frame + BF_FRAME_BYTES + BF_LINK_PACKED_MINIMUM;
    size_t data_bytes = head.length - BF_LINK_PACKED_MINIMUM;
    CHECK(bf_packing_unpack(data, data_bytes, plain, m.byte_count));
    CHECK(plain[1] == 2 && !memcmp(plain + 48, zeros, PIECE));
    CHECK(!bf_packing_unpack(data, data_bytes, plain, m.byte_count - 1));
    CHECK(!bf_packing_unpack(data, data_bytes, plain, m.byte_count + 1));
    CHECK(!bf_packing_unpack(data, data_bytes - 1, plain, m.byte_count));
    CHECK(!bf_packing_unpack(data, data_bytes, plain, SIZE_MAX));
    srand(1);
    for (int i = 0; i < 20000; i++) { /* the sanitizer looks */
        size_t most = (size_t)rand() % 200 + 1;
        uint8_t *bad = malloc(most);
        memcpy(bad, data, most < data_bytes ? most : data_bytes);
        bad[(size_t)rand() % most] = (uint8_t)rand();
        bf_packing_unpack(bad, most, plain, (size_t)rand() % BF_MAX_PACKED);
        free(bad);
    }
    free(plain);
    bf_packing_free(&p);
}

static void what_cannot_be_read_is_left_to_who_sends_it(void)
{
    struct bf_packing p = started("always");
    const struct iovec part = {NULL, PIECE};
    const uint8_t *frame;
    CHECK(!bf_packing_pack(&p, "head", 4, &part, 1, &frame));
    CHECK(bf_packing_wanted(&p, PIECE));
    bf_packing_free(&p);
    p = started("off");
    send_over(&p, ms, 100u * 1000 * 1000, 10);
    CHECK(!bf_packing_wanted(&p, PIECE));
}

int main(void)
{
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(rand() >> 7);
    nothing_is_compressed_before_the_link_is_known_to_be_the_limit();
    a_fast_link_gets_everything_as_it_is();
    a_pause_is_no_time_of_the_link();
    what_gains_nothing_is_hardly_tried();
    a_link_that_is_no_limit_any_more_is_tried_without();
    what_was_packed_is_unpacked();
    what_cannot_be_read_is_left_to_who_sends_it();
    return checks_failed;
}
