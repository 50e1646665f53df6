/* A connection against a peer that answers, one that sends nonsense, and one that nobody asked. */
#include "connections.h"

static void *echo(void *argument)
{
    int peer = *(int *)argument;
    uint8_t head[BF_FRAME_BYTES], body[256];
    struct bf_frame frame;
    while (read_all(peer, head, sizeof head)) {
        bf_frame_read(head, &frame);
        if (frame.length > sizeof body || (frame.length && !read_all(peer, body, frame.length)))
            break;
        bf_frame_write(head, frame.length, frame.call, BF_FLAG_ANSWER, frame.request, 0);
        if (frame.request && (write(peer, head, sizeof head) < 0 ||
                              (frame.length && write(peer, body, frame.length) < 0)))
            break;
    }
    return NULL;
}

static void *ask_often(void *argument)
{
    struct bf_connection *c = argument;
    uint8_t frame[BF_FRAME_BYTES + 64];
    for (int i = 0; i < 2000; i++) {
        struct bf_answer answer;
        uint32_t request = bf_next_request(c);
        struct bf_ping m = {bf_view_of(&request, sizeof request)};
        CHECK(!bf_ask(c, frame, bf_ping_frame(frame, &m, request), request, &answer));
        CHECK(answer.length == sizeof request && !memcmp(answer.body, &request, sizeof request));
        bf_answer_free(&answer);
    }
    return NULL;
}

static void every_thread_gets_its_own_answer(void)
{
    static struct bf_connection c;
    static int peer;
    pthread_t echoing, asking[4];
    peer = connect_pair(&c);
    CHECK(!pthread_create(&echoing, NULL, echo, &peer));
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&asking[i], NULL, ask_often, &c));
    for (int i = 0; i < 4; i++)
        pthread_join(asking[i], NULL);
    CHECK(atomic_load(&c.answered) == 8000);
    shutdown(peer, SHUT_RDWR);
    pthread_join(echoing, NULL);
    end_connection(&c);
    close(peer);
}

static void an_ended_peer_is_an_error_of_every_call(void)
{
    static struct bf_connection c;
    uint8_t frame[BF_FRAME_BYTES];
    int peer = connect_pair(&c);
    close(peer);
    uint32_t request = bf_next_request(&c);
    size_t bytes = (size_t)(bf_frame_write(frame, 0, BF_CALL_PING, 0, request, 0) - frame);
    CHECK(ask_status(&c, frame, bytes, request) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHECK(bf_send(&c, frame, bytes) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    end_connection(&c);
}

static void a_lone_frame_is_sent_without_a_further_call(void)
{
    static struct bf_connection c;
    uint8_t frame[BF_FRAME_BYTES + BF_CREDIT_MINIMUM], got[sizeof frame];
    struct bf_credit m = {1};
    int peer = connect_pair(&c);
    for (int burst = 1; burst <= 3; burst++) {
        for (int i = 0; i < burst; i++)
            CHECK(!bf_send(&c, frame, bf_credit_frame(frame, &m)));
        for (int i = 0; i < burst; i++)
            CHECK(read_all(peer, got, sizeof got) && !memcmp(got, frame, sizeof got));
    }
    close(peer);
    end_connection(&c);
}

static void *read_two_frames(void *argument)
{
    int peer = *(int *)argument;
    static uint8_t body[BF_BULK_CHUNK];
    struct bf_frame frame;
    for (int i = 0; i < 2; i++) {
        uint8_t head[BF_FRAME_BYTES];
        CHECK(read_all(peer, head, sizeof head));
        bf_frame_read(head, &frame);
        CHECK(frame.call == BF_CALL_MEM_WRITE + (i ? 1 : 0) && frame.length <= sizeof body);
        CHECK(!frame.length || read_all(peer, body, frame.length));
    }
    return NULL;
}

/* The frames stay in order though the middle of a payload cannot be read. */
static void an_unreadable_payload_fails_the_call_and_nothing_else(void)
{
    static struct bf_connection c;
    static int peer;
    pthread_t reading;
    size_t bytes = 512 * 1024;
    uint8_t head[BF_FRAME_BYTES], next[BF_FRAME_BYTES];
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(!munmap(memory + bytes / 2, bytes / 4));
    peer = connect_pair(&c);
    CHECK(!pthread_create(&reading, NULL, read_two_frames, &peer));
    struct iovec payload = {memory, bytes};
    bf_frame_write(head, bytes, BF_CALL_MEM_WRITE, 0, 0, 0);
    struct bf_loan loan = {false, false};
    CHECK(bf_send_payload(&c, head, sizeof head, &payload, 1, &loan) == CUDA_ERROR_INVALID_VALUE);
    CHECK(bf_loan_end(&c, &loan) == CUDA_ERROR_INVALID_VALUE);
    bf_frame_write(next, 0, BF_CALL_MEM_WRITE + 1, 0, 0, 0);
    CHECK(!bf_send(&c, next, sizeof next));
    pthread_join(reading, NULL);
    close(peer);
    end_connection(&c);
    munmap(memory, bytes / 2);
    munmap(memory + bytes / 2 + bytes / 4, bytes / 4);
}

static uint64_t seed = 88172645463325252u;

static uint32_t random_number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

/* Frames with random calls, flags, lengths and bodies, cut anywhere: the wait ends, with an error
 * or an answer that was made up. */
static void nonsense_ends_the_connection_or_is_ignored(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        struct bf_connection *c = calloc(1, sizeof *c);
        uint8_t out[2048], frame[BF_FRAME_BYTES];
        size_t bytes = 0;
        int peer = connect_pair(c);
        while (bytes < 1024) {
            static const uint16_t calls[] = {BF_CALL_MEM_DATA,      BF_CALL_CREDIT,
                                             BF_CALL_PING,          BF_CALL_PRINTF_OUTPUT,
                                             BF_CALL_MEM_READ_DONE, 0x7777};
            uint32_t length = random_number() % 64;
            if (random_number() % 50 == 0)
                length = random_number();
            bf_frame_write(out + bytes, length, calls[random_number() % 6],
                           (uint16_t)(random_number() % 2), random_number() % 3,
                           (int32_t)(random_number() % 3));
            bytes += BF_FRAME_BYTES;
            for (uint32_t i = 0; i < length % 64; i++)
                out[bytes++] = (uint8_t)random_number();
        }
        CHECK(write(peer, out, bytes - random_number() % 16) > 0);
        shutdown(peer, SHUT_WR);
        uint32_t request = bf_next_request(c);
        bf_frame_write(frame, 0, BF_CALL_PING, 0, request, 0);
        ask_status(c, frame, sizeof frame, request);
        close(peer);
        end_connection(c);
        free(c);
    }
}

enum { UNWANTED = 64 };

/* Sends data that nobody has asked for, then answers the first question. */
static void *send_unwanted(void *argument)
{
    static uint8_t frame[BF_FRAME_BYTES + BF_MEM_DATA_MINIMUM + BF_BULK_CHUNK];
    int peer = *(int *)argument;
    uint8_t head[BF_FRAME_BYTES];
    struct bf_frame question;
    bf_frame_write(frame, BF_MEM_DATA_MINIMUM + BF_BULK_CHUNK, BF_CALL_MEM_DATA, 0, 0, 0);
    memset(frame + BF_FRAME_BYTES, 0x5a, BF_MEM_DATA_MINIMUM);
    CHECK(read_all(peer, head, sizeof head));
    bf_frame_read(head, &question);
    for (int i = 0; i < UNWANTED; i++)
        CHECK(send(peer, frame, sizeof frame, 0) == (ssize_t)sizeof frame);
    bf_frame_write(head, 0, question.call, BF_FLAG_ANSWER, question.request, 0);
    CHECK(send(peer, head, sizeof head, 0) == (ssize_t)sizeof head);
    return NULL;
}

static void data_that_nobody_asked_for_takes_no_memory(void)
{
    static struct bf_connection c;
    uint8_t frame[BF_FRAME_BYTES];
    pthread_t sender;
    int peer = connect_pair(&c);
    size_t before = c.receiver.capacity;
    uint32_t request = bf_next_request(&c);
    CHECK(!pthread_create(&sender, NULL, send_unwanted, &peer));
    bf_frame_write(frame, 0, BF_CALL_PING, 0, request, 0);
    CHECK(ask_status(&c, frame, sizeof frame, request) == CUDA_SUCCESS);
    pthread_join(sender, NULL);
    CHECK(atomic_load(&c.receiver.received) > (uint64_t)UNWANTED * BF_BULK_CHUNK);
    CHECK(c.receiver.capacity <= 2 * before);
    end_connection(&c);
    close(peer);
}

enum { PIECES = 100 };

static _Atomic int pieces_sent;

static void *send_pieces(void *argument)
{
    struct bf_connection *c = argument;
    static char payload[BF_BULK_CHUNK - 64];
    struct iovec part = {payload, sizeof payload};
    uint8_t head[BF_FRAME_BYTES];
    bf_frame_write(head, sizeof payload, BF_CALL_PING, 0, 0, 0);
    while (atomic_load(&pieces_sent) < PIECES &&
           !bf_send_payload(c, head, sizeof head, &part, 1, NULL))
        atomic_fetch_add(&pieces_sent, 1);
    return NULL;
}

static void *read_on(void *argument)
{
    static uint8_t buffer[1 << 20];
    while (recv(*(int *)argument, buffer, sizeof buffer, 0) > 0)
        continue;
    return NULL;
}

/* Of what the other side has received and not acknowledged 64 MiB are kept: then the sender waits,
 * until it is told that some of it has been done. */
static void no_more_is_kept_than_the_window(void)
{
    static struct bf_connection c;
    static int peer;
    pthread_t sending, reading;
    uint8_t frame[BF_FRAME_BYTES + BF_CREDIT_MINIMUM];
    struct bf_credit m = {BF_CREDIT_STEP};
    uint64_t end = bf_now() + 60ull * 1000000000u;
    peer = connect_pair(&c);
    CHECK(!pthread_create(&reading, NULL, read_on, &peer));
    CHECK(!pthread_create(&sending, NULL, send_pieces, &c));
    for (uint64_t waits = 1; waits <= 2; waits++) {
        while (atomic_load(&c.waits) < waits && atomic_load(&pieces_sent) < PIECES && bf_now() < end)
            usleep(1000);
        CHECK(atomic_load(&c.waits) == waits && atomic_load(&pieces_sent) < PIECES);
        CHECK(c.sender.box.end - c.sender.box.acked <= BF_WINDOW + (waits - 1) * BF_CREDIT_STEP);
        if (waits == 1)
            CHECK(write(peer, frame, bf_credit_frame(frame, &m)) > 0);
    }
    shutdown(peer, SHUT_RDWR);
    pthread_join(sending, NULL);
    pthread_join(reading, NULL);
    end_connection(&c);
    close(peer);
}

int main(void)
{
    no_more_is_kept_than_the_window();
    data_that_nobody_asked_for_takes_no_memory();
    every_thread_gets_its_own_answer();
    an_ended_peer_is_an_error_of_every_call();
    a_lone_frame_is_sent_without_a_further_call();
    an_unreadable_payload_fails_the_call_and_nothing_else();
    nonsense_ends_the_connection_or_is_ignored(2000);
    return checks_failed;
}
