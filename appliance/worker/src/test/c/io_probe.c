// The plain C side of the worker's I/O probe (org.bitfusion.worker.io.IoProbe): a client that
// measures, and the server that the Java servers are held against.
//
//   io_probe client PORT plain|tls            prints: microseconds/s one-way frames/s MiB/s in MiB/s out
//   io_probe server plain|tls [CERT KEY]      prints its port, serves one connection
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CALL_PING = 1, CALL_ONE_WAY = 2, CALL_BULK_IN = 3, CALL_BARRIER = 4, CALL_BULK_OUT = 5 };
enum { HEADER = 16, SMALL_BODY = 40, BATCH = 64 * 1024, CHUNK = 1024 * 1024, PINGS = 10000 };
enum { ONE_WAYS = 4000000, BUFFER = 256 * 1024 };
static const size_t BULK = 256UL * 1024 * 1024;

typedef struct {
    int descriptor;
    SSL *tls;
} peer;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static size_t receive_some(peer *p, void *to, size_t most) {
    if (p->tls != NULL) {
        int n = SSL_read(p->tls, to, most > 1U << 30 ? 1 << 30 : (int)most);
        return n > 0 ? (size_t)n : 0;
    }
    ssize_t n = recv(p->descriptor, to, most, 0);
    return n > 0 ? (size_t)n : 0;
}

static bool receive_all(peer *p, void *to, size_t count) {
    for (size_t done = 0; done < count;) {
        size_t n = receive_some(p, (char *)to + done, count - done);
        if (n == 0) {
            return false;
        }
        done += n;
    }
    return true;
}

static void send_all(peer *p, const void *from, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t n;
        if (p->tls != NULL) {
            n = SSL_write(p->tls, (const char *)from + done, (int)(count - done));
        } else {
            n = send(p->descriptor, (const char *)from + done, count - done, MSG_NOSIGNAL);
        }
        if (n <= 0) {
            fail("send");
        }
        done += (size_t)n;
    }
}

static void header(unsigned char *at, uint32_t length, uint16_t call) {
    memset(at, 0, HEADER);
    memcpy(at, &length, 4);
    memcpy(at + 4, &call, 2);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void answered(peer *p, uint32_t body, uint16_t call) {
    unsigned char frame[HEADER + SMALL_BODY] = {0};
    header(frame, body, call);
    send_all(p, frame, HEADER + body);
    if (!receive_all(p, frame, HEADER + body)) {
        fail("answer");
    }
}

static double pings(peer *p) {
    for (int i = 0; i < PINGS / 4; i++) {
        answered(p, SMALL_BODY, CALL_PING);
    }
    double start = now();
    for (int i = 0; i < PINGS; i++) {
        answered(p, SMALL_BODY, CALL_PING);
    }
    return (now() - start) * 1e6 / PINGS;
}

static double one_ways(peer *p) {
    static unsigned char batch[BATCH];
    size_t frame = HEADER + SMALL_BODY;
    size_t per_batch = BATCH / frame;
    for (size_t i = 0; i < per_batch; i++) {
        header(batch + i * frame, SMALL_BODY, CALL_ONE_WAY);
        memset(batch + i * frame + HEADER, (int)i, SMALL_BODY);
    }
    double start = now();
    for (size_t sent = 0; sent < ONE_WAYS; sent += per_batch) {
        send_all(p, batch, per_batch * frame);
    }
    answered(p, 0, CALL_BARRIER);
    return ONE_WAYS / (now() - start);
}

static double bulk_in(peer *p, unsigned char *data) {
    unsigned char head[HEADER];
    double start = now();
    for (size_t done = 0; done < BULK; done += CHUNK) {
        header(head, CHUNK, CALL_BULK_IN);
        send_all(p, head, HEADER);
        send_all(p, data + done, CHUNK);
    }
    answered(p, 0, CALL_BARRIER);
    return (double)BULK / (1 << 20) / (now() - start);
}

static double bulk_out(peer *p, unsigned char *data) {
    unsigned char head[HEADER];
    double start = now();
    header(head, 0, CALL_BULK_OUT);
    send_all(p, head, HEADER);
    for (size_t done = 0; done < BULK; done += CHUNK) {
        if (!receive_all(p, head, HEADER) || !receive_all(p, data + done, CHUNK)) {
            fail("bulk");
        }
    }
    return (double)BULK / (1 << 20) / (now() - start);
}

static unsigned char *pages(void) {
    unsigned char *data = mmap(NULL, BULK, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (data == MAP_FAILED) {
        fail("mmap");
    }
    uint64_t random = 88172645463325252U;
    for (size_t i = 0; i < BULK; i += 8) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        memcpy(data + i, &random, 8);
    }
    return data;
}

static int client(int port, bool tls) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer p = {.descriptor = socket(AF_INET, SOCK_STREAM, 0)};
    int one = 1;
    setsockopt(p.descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    unsigned char *data = pages();
    if (connect(p.descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        fail("connect");
    }
    if (tls) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
        p.tls = SSL_new(context);
        SSL_set_fd(p.tls, p.descriptor);
        if (SSL_connect(p.tls) != 1) {
            fail("SSL_connect");
        }
    }
    double ping = pings(&p);
    double rate = one_ways(&p);
    bulk_in(&p, data);
    double in = bulk_in(&p, data);
    double out = bulk_out(&p, data);
    printf("%.3f %.0f %.1f %.1f\n", ping, rate, in, out);
    return 0;
}

static void serve(peer *p, unsigned char *data) {
    static unsigned char buffer[BUFFER];
    size_t have = 0;
    uint64_t landed = 0;
    volatile uint64_t sum = 0;
    for (;;) {
        size_t n = receive_some(p, buffer + have, BUFFER - have);
        if (n == 0) {
            return;
        }
        have += n;
        size_t at = 0;
        while (have - at >= HEADER) {
            uint32_t length;
            uint16_t call;
            memcpy(&length, buffer + at, 4);
            memcpy(&call, buffer + at + 4, 2);
            if (call == CALL_BULK_IN) {
                size_t present = have - at - HEADER < length ? have - at - HEADER : length;
                unsigned char *to = data + landed % BULK;
                memcpy(to, buffer + at + HEADER, present);
                if (!receive_all(p, to + present, length - present)) {
                    return;
                }
                landed += length;
                at += HEADER + present;
                continue;
            }
            if (have - at - HEADER < length) {
                break;
            }
            if (call == CALL_ONE_WAY) {
                uint64_t words[SMALL_BODY / 8];
                memcpy(words, buffer + at + HEADER, SMALL_BODY);
                sum = sum + words[0] + words[2] + words[4];
            } else if (call == CALL_BULK_OUT) {
                unsigned char head[HEADER];
                header(head, CHUNK, CALL_BULK_OUT);
                for (size_t done = 0; done < BULK; done += CHUNK) {
                    send_all(p, head, HEADER);
                    send_all(p, data + done, CHUNK);
                }
            } else {
                send_all(p, buffer + at, HEADER + length);
            }
            at += HEADER + length;
        }
        memmove(buffer, buffer + at, have - at);
        have -= at;
    }
}

static int server(bool tls, const char *certificate, const char *key) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0) {
        fail("listen");
    }
    getsockname(listener, (struct sockaddr *)&address, &length);
    unsigned char *data = pages();
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    peer p = {.descriptor = accept(listener, NULL, NULL)};
    int one = 1;
    setsockopt(p.descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (tls) {
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
        SSL_CTX_use_certificate_chain_file(context, certificate);
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM);
        p.tls = SSL_new(context);
        SSL_set_fd(p.tls, p.descriptor);
        if (SSL_accept(p.tls) != 1) {
            fail("SSL_accept");
        }
    }
    serve(&p, data);
    return 0;
}

int main(int count, char **words) {
    if (count == 4 && strcmp(words[1], "client") == 0) {
        return client(atoi(words[2]), strcmp(words[3], "tls") == 0);
    }
    if (count >= 3 && strcmp(words[1], "server") == 0) {
        bool tls = strcmp(words[2], "tls") == 0;
        return server(tls, tls ? words[3] : NULL, tls ? words[4] : NULL);
    }
    fprintf(stderr, "io_probe client PORT plain|tls | io_probe server plain|tls [CERT KEY]\n");
    return 2;
}
