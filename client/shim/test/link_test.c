/* Connections that break, fall silent or end, against a worker that keeps every byte. */
#include "connections.h"

#include <sys/syscall.h>

enum { MOST_BYTES = 64 * 1024, ALL = MOST_BYTES };

/* A worker that echoes what is asked, keeps all bytes of both directions, and cuts the connection
 * once: after it has received, or sent, so many. */
struct worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int descriptor; /* -1: the connection was cut, and there is no new one yet */
    size_t cut_in, cut_out;
    int cuts;
    uint8_t in[MOST_BYTES], out[MOST_BYTES];
    size_t received, parsed, made, sent;
    bool over;
};

static void answer_whole_frames(struct worker *w)
{
    struct bf_frame frame;
    while (w->received - w->parsed >= BF_FRAME_BYTES) {
        bf_frame_read(w->in + w->parsed, &frame);
        if (w->received - w->parsed < BF_FRAME_BYTES + frame.length)
            break;
        if (frame.request) {
            bf_frame_write(w->out + w->made, frame.length, frame.call, BF_FLAG_ANSWER,
                           frame.request, 0);
            memcpy(w->out + w->made + BF_FRAME_BYTES, w->in + w->parsed + BF_FRAME_BYTES,
                   frame.length);
            w->made += BF_FRAME_BYTES + frame.length;
        }
        w->parsed += BF_FRAME_BYTES + frame.length;
    }
}

/* Moves bytes until the connection is to be cut or has ended. */
static void serve(struct worker *w)
{
    for (;;) {
        size_t most_out = w->cuts || w->made < w->cut_out ? w->made : w->cut_out;
        while (w->sent < most_out) {
            ssize_t moved = send(w->descriptor, w->out + w->sent, most_out - w->sent, MSG_NOSIGNAL);
            if (moved <= 0)
                return;
            w->sent += (size_t)moved;
        }
        size_t most_in = w->cuts ? ALL : w->cut_in;
        if (!w->cuts && (w->sent == w->cut_out || w->received == most_in))
            return;
        ssize_t moved = recv(w->descriptor, w->in + w->received, most_in - w->received, 0);
        if (moved <= 0)
            return;
        w->received += (size_t)moved;
        answer_whole_frames(w);
    }
}

static void *work(void *argument)
{
    struct worker *w = argument;
    pthread_mutex_lock(&w->lock);
    while (!w->over) {
        pthread_mutex_unlock(&w->lock);
        serve(w);
        pthread_mutex_lock(&w->lock);
        close(w->descriptor);
        w->descriptor = -1;
        w->cuts++;
        pthread_cond_broadcast(&w->changed);
        while (w->descriptor < 0 && !w->over)
            pthread_cond_wait(&w->changed, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static struct worker *worker;

static enum bf_resumption resume(struct bf_connection *c, struct bf_transport *fresh,
                                 uint64_t *received)
{
    int pair[2] = {-1, -1};
    (void)c;
    pthread_mutex_lock(&worker->lock);
    while (worker->descriptor >= 0)
        pthread_cond_wait(&worker->changed, &worker->lock);
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    bf_transport_over(fresh, pair[0]);
    CHECK(*received <= worker->sent); /* what was sent and not received went down with the old one */
    worker->sent = *received;
    worker->descriptor = pair[1];
    *received = worker->received;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    return BF_RESUMED;
}

static void append_expected(uint8_t *expected, size_t *bytes, const void *data, size_t count)
{
    memcpy(expected + *bytes, data, count);
    *bytes += count;
}

/* What a program says: frames alone and in bursts, a payload that changes once it may, questions.
 * Returns the bytes that the worker is to receive. */
static size_t converse(struct bf_connection *c, uint8_t *expected)
{
    size_t bytes = 0;
    uint8_t frame[BF_FRAME_BYTES + 256];
    uint8_t payload[700];
    for (uint32_t i = 0; i < 6; i++) {
        struct bf_link_ack ignored = {i};
        size_t count = bf_link_ack_frame(frame, &ignored);
        CHECK(!bf_send(c, frame, count));
        append_expected(expected, &bytes, frame, count);
        if (i % 3 == 1) {
            struct bf_loan loan = {false, false};
            struct iovec parts[2] = {{payload, 300}, {payload + 300, 400}};
            memset(payload, (int)(17 * i + 1), sizeof payload);
            bf_frame_write(frame, sizeof payload, BF_CALL_MEM_WRITE, 0, 0, 0);
            CHECK(!bf_send_payload(c, frame, BF_FRAME_BYTES, parts, 2, &loan));
            append_expected(expected, &bytes, frame, BF_FRAME_BYTES);
            append_expected(expected, &bytes, payload, sizeof payload);
            CHECK(!bf_loan_end(c, &loan));
            memset(payload, 0xee, sizeof payload);
        }
        if (i % 2) {
            struct bf_answer answer;
            uint32_t request = bf_next_request(c);
            uint8_t text[100];
            memset(text, (int)i, sizeof text);
            struct bf_ping m = {bf_view_of(text, sizeof text)};
            count = bf_ping_frame(frame, &m, request);
            append_expected(expected, &bytes, frame, count);
            CHECK(!bf_ask(c, frame, count, request, &answer));
            CHECK(answer.length == sizeof text && !memcmp(answer.body, text, sizeof text));
            bf_answer_free(&answer);
        }
    }
    return bytes;
}

/* False when the conversation was over before the cut. */
static bool every_byte_once(size_t cut_in, size_t cut_out)
{
    static struct bf_connection c;
    static uint8_t expected[MOST_BYTES];
    worker = calloc(1, sizeof *worker);
    worker->cut_in = cut_in;
    worker->cut_out = cut_out;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, NULL);
    worker->descriptor = connect_pair(&c);
    c.resume = resume;
    bf_link_keep(&c);
    CHECK(!pthread_create(&worker->thread, NULL, work, worker));
    size_t bytes = converse(&c, expected);
    end_connection(&c);
    pthread_mutex_lock(&worker->lock);
    worker->over = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    CHECK(worker->received == bytes && !memcmp(worker->in, expected, bytes));
    CHECK(worker->sent == worker->made);
    bool cut = worker->cuts > 1;
    free(worker);
    return cut;
}

static void whatever_is_cut_every_byte_arrives_once(void)
{
    size_t cuts = 0;
    for (size_t k = 0; every_byte_once(k, ALL); k += k < 300 ? 1 : 7)
        cuts++;
    CHECK(cuts > 300);
    cuts = 0;
    for (size_t k = 1; every_byte_once(ALL, k); k++)
        cuts++;
    CHECK(cuts > 300);
}

static enum bf_resumption resume_nowhere(struct bf_connection *c, struct bf_transport *fresh,
                                         uint64_t *received)
{
    (void)c;
    (void)fresh;
    (void)received;
    return BF_NOBODY;
}

static _Atomic int ends;

static void count_end(struct bf_connection *c)
{
    (void)c;
    atomic_fetch_add(&ends, 1);
}

/* Within a second, and told once. */
static void a_worker_that_is_gone_is_an_error_soon(void)
{
    static struct bf_connection c;
    uint8_t frame[BF_FRAME_BYTES];
    int peer = connect_pair(&c);
    c.resume = resume_nowhere;
    c.on_end = count_end;
    bf_link_keep(&c);
    close(peer);
    uint64_t begin = bf_now();
    uint32_t request = bf_next_request(&c);
    bf_frame_write(frame, 0, BF_CALL_PING, 0, request, 0);
    CHECK(ask_status(&c, frame, sizeof frame, request) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHECK(bf_send(&c, frame, sizeof frame) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHECK(bf_now() - begin < 1000000000u);
    end_connection(&c);
    CHECK(atomic_load(&ends) == 1);
}

/* A connection over which nothing comes is replaced, though nobody has closed it. */
static void silence_is_noticed(void)
{
    static struct bf_connection c;
    uint8_t frame[BF_FRAME_BYTES];
    setenv("BF_SILENCE_MILLISECONDS", "200", 1);
    int peer = connect_pair(&c);
    c.resume = resume_nowhere;
    bf_link_keep(&c);
    uint32_t request = bf_next_request(&c);
    bf_frame_write(frame, 0, BF_CALL_PING, 0, request, 0);
    CHECK(ask_status(&c, frame, sizeof frame, request) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    unsetenv("BF_SILENCE_MILLISECONDS");
    end_connection(&c);
    close(peer);
}

static _Atomic int resumed;
static int silent_peer;

static enum bf_resumption resume_silently(struct bf_connection *c, struct bf_transport *fresh,
                                          uint64_t *received)
{
    int pair[2];
    (void)c;
    if (atomic_fetch_add(&resumed, 1) > 20 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        return BF_REFUSED;
    silent_peer = pair[1]; /* the ones before are closed by nobody: they are silent */
    bf_transport_over(fresh, pair[0]);
    *received = 0;
    return BF_RESUMED;
}

/* The new connection takes less than there is to be sent again, and is silent. */
static void silence_is_noticed_while_there_is_much_to_send(void)
{
    static struct bf_connection c;
    static char payload[1 << 20];
    uint8_t head[BF_FRAME_BYTES];
    setenv("BF_SILENCE_MILLISECONDS", "200", 1);
    int peer = connect_pair(&c);
    c.resume = resume_silently;
    bf_frame_write(head, sizeof payload, BF_CALL_PING, 0, 0, 0);
    bf_link_keep(&c);
    close(peer);
    for (int i = 0; i < 8; i++) {
        struct iovec part = {payload, sizeof payload};
        bf_send_payload(&c, head, sizeof head, &part, 1, NULL);
    }
    uint64_t end = bf_now() + 20ull * 1000000000u;
    while (atomic_load(&resumed) < 4 && bf_now() < end)
        usleep(10000);
    CHECK(atomic_load(&resumed) >= 4);
    unsetenv("BF_SILENCE_MILLISECONDS");
    end_connection(&c);
}

static void memory_that_cannot_be_read_is_told_though_the_link_is_broken(void)
{
    static struct bf_connection c;
    uint8_t head[BF_FRAME_BYTES];
    struct bf_loan loan = {false, false};
    char *hole = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec part = {hole, 8192};
    int peer = connect_pair(&c);
    atomic_store(&c.broken, true);
    bf_frame_write(head, 8192, BF_CALL_PING, 0, 0, 0);
    CUresult sent = bf_send_payload(&c, head, sizeof head, &part, 1, &loan);
    CUresult ended = bf_loan_end(&c, &loan);
    CHECK(sent == CUDA_ERROR_INVALID_VALUE || ended == CUDA_ERROR_INVALID_VALUE);
    munmap(hole, 8192);
    end_connection(&c);
    close(peer);
}

static int asking; /* the thread */

/* Ends the connection when the one who asks has slept for a while. */
static void *end_it(void *connection)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", asking);
    for (int asleep = 0; asleep < 20; usleep(1000)) {
        FILE *stat = fopen(path, "r");
        const char *line = stat ? fgets(text, sizeof text, stat) : NULL;
        const char *name_end = line ? strrchr(line, ')') : NULL;
        asleep = name_end && name_end[2] == 'S' ? asleep + 1 : 0;
        if (stat)
            fclose(stat);
    }
    bf_connection_end(connection, "another thread found it");
    return NULL;
}

/* The one who reads sits in the system call. */
static void who_reads_hears_of_an_end_that_another_thread_found(void)
{
    static struct bf_connection c;
    uint8_t frame[BF_FRAME_BYTES];
    pthread_t other;
    int peer = connect_pair(&c);
    c.resume = resume_nowhere;
    bf_link_keep(&c);
    uint32_t request = bf_next_request(&c);
    bf_frame_write(frame, 0, BF_CALL_PING, 0, request, 0);
    asking = (int)syscall(SYS_gettid);
    CHECK(!pthread_create(&other, NULL, end_it, &c));
    uint64_t begin = bf_now();
    CHECK(ask_status(&c, frame, sizeof frame, request) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHECK(bf_now() - begin < 5ull * 1000000000u);
    pthread_join(other, NULL);
    end_connection(&c);
    close(peer);
}

int main(void)
{
    memory_that_cannot_be_read_is_told_though_the_link_is_broken();
    who_reads_hears_of_an_end_that_another_thread_found();
    silence_is_noticed_while_there_is_much_to_send();
    whatever_is_cut_every_byte_arrives_once();
    a_worker_that_is_gone_is_an_error_soon();
    silence_is_noticed();
    return checks_failed;
}
