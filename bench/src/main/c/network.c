// What the network itself costs: plain C over TCP on loopback, one process here and one forked at the other end; with
// BENCH_TLS, plain C with OpenSSL.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

enum { CHUNK = 1 << 20, BATCH = 64 << 10 };

/* What the other end is asked to do, before each measurement. */
enum { PING_PONG = 1, SINK, SOURCE, TIMESTAMPS };
struct order {
    uint32_t what, reply;
    uint64_t bytes;
};

static int connection;
static char *buffer;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

#ifdef BENCH_TLS
/* The same over TLS 1.3 by OpenSSL, as a plain program uses it: the messages of one connection. */
#include <openssl/ssl.h>
#include <openssl/x509.h>

static SSL *tls;

static void send_all(int fd, const void *data, size_t bytes)
{
    (void)fd;
    for (size_t done; bytes > 0; data = (const char *)data + done, bytes -= done)
        if (!SSL_write_ex(tls, data, bytes, &done)) exit(0);
}

static void receive_all(int fd, void *data, size_t bytes)
{
    (void)fd;
    for (size_t done; bytes > 0; data = (char *)data + done, bytes -= done)
        if (!SSL_read_ex(tls, data, bytes, &done)) exit(0);
}

static void begin_tls(int server)
{
    SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    if (server) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *certificate = X509_new();
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_sign(certificate, key, EVP_sha256());
        SSL_CTX_use_certificate(context, certificate);
        SSL_CTX_use_PrivateKey(context, key);
    }
    tls = SSL_new(context);
    SSL_set_fd(tls, connection);
    if ((server ? SSL_accept(tls) : SSL_connect(tls)) != 1) die("TLS");
}
#else
static void begin_tls(int server)
{
    (void)server;
}

static void send_all(int fd, const void *data, size_t bytes)
{
    for (const char *p = data; bytes > 0;) {
        ssize_t done = write(fd, p, bytes);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) die("write");
        p += done;
        bytes -= (size_t)done;
    }
}

static void receive_all(int fd, void *data, size_t bytes)
{
    for (char *p = data; bytes > 0;) {
        ssize_t done = read(fd, p, bytes);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) exit(0);
        p += done;
        bytes -= (size_t)done;
    }
}

#endif

static void in_chunks(int fd, void (*move)(int, char *, size_t), size_t bytes, size_t chunk)
{
    for (size_t at = 0; at < bytes; at += chunk) move(fd, buffer + at, bytes - at < chunk ? bytes - at : chunk);
}

static void send_chunk(int fd, char *data, size_t bytes)
{
    send_all(fd, data, bytes);
}

static void receive_chunk(int fd, char *data, size_t bytes)
{
    receive_all(fd, data, bytes);
}

static void peer(int fd)
{
    char small[256];
    for (;;) {
        struct order order;
        receive_all(fd, &order, sizeof order);
        switch (order.what) {
        case PING_PONG:
            for (int i = 0; i < ANSWERED_CALLS; i++) {
                receive_all(fd, small, order.bytes);
                send_all(fd, small, order.reply);
            }
            break;
        case SINK:
            in_chunks(fd, receive_chunk, order.bytes, CHUNK);
            send_all(fd, small, 1);
            break;
        case SOURCE: in_chunks(fd, send_chunk, order.bytes, CHUNK); break;
        default:
            for (int i = 0; i < LATENCY_CALLS; i++) {
                receive_all(fd, small, order.bytes);
                int64_t now = nanoseconds(CLOCK_MONOTONIC);
                memcpy(buffer + (size_t)i * sizeof now, &now, sizeof now);
            }
            send_all(fd, buffer, LATENCY_CALLS * sizeof(int64_t));
        }
    }
}

static void connect_peer(unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    buffer = touched(BULK_BYTES);
    randomise(buffer, BULK_BYTES);
    pid_t child = fork();
    if (child < 0) die("fork");
    connection = child == 0 ? accept(listener, NULL, NULL) : socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0) die("socket");
    if (child != 0 && connect(connection, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(listener);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        memset(buffer, 2, BULK_BYTES); /* pages of its own */
        begin_tls(1);
        peer(connection);
    }
    begin_tls(0);
}

static void ask(uint32_t what, uint32_t reply, uint64_t bytes)
{
    struct order order = {what, reply, bytes};
    send_all(connection, &order, sizeof order);
}

/* Seconds of one exchange. */
static double ping_pong(void)
{
    char small[256] = {0};
    ask(PING_PONG, ANSWERED_REPLY, ANSWERED_REQUEST);
    double begin = seconds();
    for (int i = 0; i < ANSWERED_CALLS; i++) {
        send_all(connection, small, ANSWERED_REQUEST);
        receive_all(connection, small, ANSWERED_REPLY);
    }
    return (seconds() - begin) / ANSWERED_CALLS;
}

/* Messages of this size per second, sent in batches. */
static double stream_of(size_t frame, size_t count)
{
    ask(SINK, 0, frame * count);
    double begin = seconds();
    in_chunks(connection, send_chunk, frame * count, BATCH);
    receive_all(connection, buffer, 1);
    return (double)count / (seconds() - begin);
}

static double memset_frames(void)
{
    return stream_of(MEMSET_FRAME, ONEWAY_CALLS);
}

static double launch_frames(void)
{
    return stream_of(LAUNCH_FRAME, LAUNCHES);
}

/* Seconds from before a send to after its receipt, 99th percentile; both on the same clock. */
static double one_way_latency(void)
{
    static int64_t sent[LATENCY_CALLS], arrived[LATENCY_CALLS];
    static double delays[LATENCY_CALLS];
    char small[LAUNCH_FRAME] = {0};
    ask(TIMESTAMPS, 0, sizeof small);
    for (int i = 0; i < LATENCY_CALLS; i++) {
        sleep_nanoseconds(300000);
        sent[i] = nanoseconds(CLOCK_MONOTONIC);
        send_all(connection, small, sizeof small);
    }
    receive_all(connection, arrived, sizeof arrived);
    for (int i = 0; i < LATENCY_CALLS; i++) delays[i] = (double)(arrived[i] - sent[i]) * 1e-9;
    return percentile(delays, LATENCY_CALLS, 0.99);
}

/* Seconds, from buffer to buffer. */
static double send_bulk(size_t bytes)
{
    ask(SINK, 0, bytes);
    double begin = seconds();
    in_chunks(connection, send_chunk, bytes, CHUNK);
    char done;
    receive_all(connection, &done, 1);
    return seconds() - begin;
}

static double receive_bulk(size_t bytes)
{
    double begin = seconds();
    ask(SOURCE, 0, bytes);
    in_chunks(connection, receive_chunk, bytes, CHUNK);
    return seconds() - begin;
}

/* Bytes per second. */
static double bulk_out(void)
{
    return BULK_BYTES / send_bulk(BULK_BYTES);
}

static double bulk_in(void)
{
    return BULK_BYTES / receive_bulk(BULK_BYTES);
}

static double there_and_back(void)
{
    return 2.0 * SLOW_BYTES / (send_bulk(SLOW_BYTES) + receive_bulk(SLOW_BYTES));
}

/* Seconds to connect to somebody who listens and to exchange a hello of 128 bytes twice. */
static double connect_and_greet(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    char hello[128] = {0};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 2)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        for (int i = 0; i < 2; i++) {
            int fd = accept(listener, NULL, NULL);
            receive_all(fd, hello, sizeof hello);
            send_all(fd, hello, sizeof hello);
        }
        _exit(0);
    }
    double begin = seconds();
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect");
        send_all(fd, hello, sizeof hello);
        receive_all(fd, hello, sizeof hello);
        close(fd);
    }
    double taken = seconds() - begin;
    close(listener);
    return taken;
}

/* "network [PORT]": the other end listens there; without, on any port. */
int main(int argc, char **argv)
{
    static const struct measurement measurements[] = {
        {"answered", ping_pong}, {"oneway", memset_frames}, {"launch", launch_frames},   {"latency", one_way_latency},
        {"h2d", bulk_out},       {"d2h", bulk_in},          {"open", connect_and_greet}, {"there_and_back", there_and_back}, {NULL, NULL},
    };
    signal(SIGCHLD, SIG_IGN);
    connect_peer(argc > 1 ? (unsigned short)atoi(argv[1]) : 0);
    return serve(measurements);
}
