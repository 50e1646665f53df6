/* TLS in a transport's place, against an OpenSSL server in a thread: the transport's contract stays. */
#include "transport/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { MIB = 1 << 20, BULK = 24 * MIB, WAIT = 5000, PAGE = 4096 };

static X509 *authority, *other_authority, *certificate;
static EVP_PKEY *authority_key, *other_key, *key;
static char why[BF_WHY_BYTES];

static X509 *issue(const char *name, EVP_PKEY *subject, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made));
    X509_set_pubkey(made, subject);
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer : made, made, NULL, NULL, 0);
    X509_EXTENSION *basic = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    X509_add_ext(made, basic, -1);
    X509_EXTENSION_free(basic);
    X509_sign(made, issuer_key, EVP_sha256());
    return made;
}

static void make_certificates(void)
{
    authority_key = EVP_EC_gen("P-256");
    other_key = EVP_EC_gen("P-256");
    key = EVP_EC_gen("P-256");
    authority = issue("pool", authority_key, NULL, authority_key);
    other_authority = issue("pool", other_key, NULL, other_key);
    certificate = issue("appliance", key, authority, authority_key);
}

static void write_certificate(const char *path, X509 *what)
{
    FILE *file = fopen(path, "w");
    PEM_write_X509(file, what);
    fclose(file);
}

/* ---- The other end ---- */
enum behaviour { ECHO, SINK, SOURCE, ECHO_OF_BULK, SLOW_SINK, PLAIN, SILENT, LEAVES, REFUSES };

struct server {
    pthread_t thread;
    int descriptor;
    enum behaviour behaviour;
    uint64_t received, sum;
    uint8_t binding[BF_BINDING_BYTES];
};

static uint8_t at(uint64_t offset) { return (uint8_t)(offset * 31 + (offset >> 12)); }

static void write_all(SSL *ssl, const uint8_t *data, size_t bytes)
{
    size_t moved;
    while (bytes && SSL_write_ex(ssl, data, bytes, &moved)) {
        data += moved;
        bytes -= moved;
    }
}

static void take(struct server *s, SSL *ssl, uint8_t *buffer, bool echo)
{
    size_t moved;
    while (SSL_read_ex(ssl, buffer, MIB, &moved)) {
        for (size_t i = 0; i < moved; i++)
            s->sum += buffer[i] != at(s->received + i);
        s->received += moved;
        if (echo)
            write_all(ssl, buffer, moved);
        if (s->behaviour == SLOW_SINK)
            usleep(500);
    }
}

static void *serve(void *argument)
{
    struct server *s = argument;
    uint8_t *buffer = malloc(MIB);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    if (s->behaviour == REFUSES)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, s->descriptor);
    if (s->behaviour == PLAIN) {
        CHECK(send(s->descriptor, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL) == 28);
        while (read(s->descriptor, buffer, MIB) > 0)
            continue;
    } else if (s->behaviour == SILENT) {
        while (read(s->descriptor, buffer, MIB) > 0)
            continue;
    } else if (SSL_accept(ssl) == 1) {
        SSL_export_keying_material(ssl, s->binding, sizeof s->binding, "EXPORTER-Channel-Binding", 24, NULL, 0, 0);
        if (s->behaviour == SOURCE)
            for (uint64_t done = 0; done < BULK; done += MIB) {
                for (size_t i = 0; i < MIB; i++)
                    buffer[i] = at(done + i);
                write_all(ssl, buffer, MIB);
            }
        if (s->behaviour != LEAVES)
            take(s, ssl, buffer, s->behaviour == ECHO || s->behaviour == ECHO_OF_BULK);
    }
    close(s->descriptor);
    SSL_free(ssl);
    SSL_CTX_free(context);
    free(buffer);
    return NULL;
}

static void over(struct server *s, enum behaviour behaviour, struct bf_transport *t)
{
    int pair[2], small = 8192;
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    *s = (struct server){.descriptor = pair[1], .behaviour = behaviour};
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    bf_transport_over(t, pair[0]);
    pthread_create(&s->thread, NULL, serve, s);
}

static void begin(struct server *s, enum behaviour behaviour, struct bf_transport *t)
{
    over(s, behaviour, t);
    CHECK(bf_tls_start(t, NULL, WAIT, why));
}

static void end(struct server *s, struct bf_transport *t)
{
    t->stop(t);
    t->close(t);
    pthread_join(s->thread, NULL);
}

/* ---- Tests ---- */
static void small_messages_go_both_ways_and_the_binding_is_the_same(void)
{
    struct server s;
    struct bf_transport t;
    begin(&s, ECHO, &t);
    uint64_t offset = 0;
    for (size_t bytes = 1; bytes < 40000; bytes = bytes * 3 + 1) {
        uint8_t out[40000], in[40000];
        for (size_t i = 0; i < bytes; i++)
            out[i] = at(offset + i);
        CHECK(bf_transport_write_all(&t, out, bytes, WAIT));
        CHECK(bf_transport_read_all(&t, in, bytes, WAIT));
        CHECK(!memcmp(in, out, bytes));
        offset += bytes;
    }
    static const uint8_t none[BF_BINDING_BYTES];
    CHECK(!memcmp(s.binding, t.binding, sizeof s.binding) && memcmp(t.binding, none, sizeof none));
    end(&s, &t);
    CHECK(!s.sum && s.received == offset);
}

static uint8_t *pattern(void)
{
    uint8_t *data = malloc(BULK);
    for (uint64_t i = 0; i < BULK; i++)
        data[i] = at(i);
    return data;
}

/* In pieces as the outbox gives them: small ones beside large ones, over a socket that is often full. */
static void send_bulk(struct bf_transport *t, const uint8_t *data)
{
    for (size_t sent = 0; sent < BULK;) {
        struct iovec parts[3] = {{(void *)(uintptr_t)(data + sent), 24}};
        size_t left = BULK - sent;
        int count = 1;
        if (left <= 24 + 70000 + 5)
            parts[0].iov_len = left;
        else {
            parts[1] = (struct iovec){(void *)(uintptr_t)(data + sent + 24), 70000};
            parts[2] = (struct iovec){(void *)(uintptr_t)(data + sent + 24 + 70000), 5};
            count = 3;
        }
        ssize_t moved = t->send(t, parts, count);
        CHECK(moved > 0 || errno == EAGAIN);
        if (moved > 0)
            sent += (size_t)moved;
        else
            t->wait(t, false, true, WAIT);
    }
}

static void what_the_socket_does_not_take_comes_once(void)
{
    struct server s;
    struct bf_transport t;
    uint8_t *data = pattern();
    begin(&s, SLOW_SINK, &t);
    send_bulk(&t, data);
    end(&s, &t);
    CHECK(s.received == BULK && !s.sum);
    free(data);
}

struct receiving {
    struct bf_transport *t;
    uint64_t received, wrong;
};

static void *receive_bulk(void *argument)
{
    struct receiving *r = argument;
    uint8_t *buffer = malloc(3 * MIB);
    while (r->received < BULK) {
        struct iovec parts[] = {{buffer, 2 * MIB + 77}, {buffer + 2 * MIB + 77, 100}};
        ssize_t moved = r->t->receive(r->t, parts, 2, true);
        if (moved <= 0) {
            CHECK(!"received to the end");
            break;
        }
        for (ssize_t i = 0; i < moved; i++)
            r->wrong += buffer[i] != at(r->received + (uint64_t)i);
        r->received += (uint64_t)moved;
    }
    free(buffer);
    return NULL;
}

static void two_threads_send_and_receive_at_once(void)
{
    struct server s;
    struct bf_transport t;
    pthread_t thread;
    uint8_t *data = pattern();
    begin(&s, ECHO_OF_BULK, &t);
    struct receiving r = {.t = &t};
    pthread_create(&thread, NULL, receive_bulk, &r);
    send_bulk(&t, data);
    pthread_join(thread, NULL);
    end(&s, &t);
    CHECK(r.received == BULK && !r.wrong && !s.sum);
    free(data);
}

static void bulk_lands_where_it_belongs(void)
{
    struct server s;
    struct bf_transport t;
    begin(&s, SOURCE, &t);
    struct receiving r = {.t = &t};
    receive_bulk(&r);
    CHECK(!r.wrong);
    end(&s, &t);
}

static void memory_that_is_not_there_is_said_and_nothing_is_lost(void)
{
    struct server s;
    struct bf_transport t;
    begin(&s, ECHO, &t);
    uint8_t *pages = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 16 * PAGE; i++)
        pages[i] = at((uint64_t)i);
    mprotect(pages + 2 * PAGE, PAGE, PROT_NONE);
    struct iovec hole = {pages, 16 * PAGE}, small = {pages + 2 * PAGE - 10, 20};
    CHECK(t.send(&t, &hole, 1) == -1 && errno == EFAULT);
    CHECK(t.send(&t, &small, 1) == -1 && errno == EFAULT);
    CHECK(bf_transport_write_all(&t, pages, 2 * PAGE, WAIT));
    uint8_t in[2 * PAGE], sent[2 * PAGE];
    memcpy(sent, pages, sizeof sent);
    ssize_t moved = -1;
    while (moved < 0 && t.wait(&t, true, false, WAIT)) {
        moved = t.receive(&t, &small, 1, false); /* its second half cannot be written */
        if (moved < 0 && errno == EFAULT)
            break;
    }
    CHECK(moved < 0 && errno == EFAULT);
    CHECK(bf_transport_read_all(&t, in, sizeof in, WAIT));
    CHECK(!memcmp(in, sent, sizeof in));
    munmap(pages, 16 * PAGE);
    end(&s, &t);
}

static void the_end_of_the_other_side_is_an_end(void)
{
    struct server s;
    struct bf_transport t;
    uint8_t byte;
    struct iovec part = {&byte, 1};
    begin(&s, LEAVES, &t);
    CHECK(t.receive(&t, &part, 1, true) == 0);
    CHECK(t.wait(&t, false, false, WAIT) & BF_ENDED);
    end(&s, &t);
}

static void who_speaks_no_tls_or_nothing_is_refused_in_time(void)
{
    struct server s;
    struct bf_transport t;
    over(&s, PLAIN, &t);
    CHECK(!bf_tls_start(&t, NULL, WAIT, why));
    end(&s, &t);
    over(&s, SILENT, &t);
    CHECK(!bf_tls_start(&t, NULL, 200, why) && strstr(why, "no answer"));
    end(&s, &t);
}

static void a_certificate_of_another_pool_is_refused(void)
{
    char folder[] = "/tmp/tlsXXXXXX", ours[64], theirs[64];
    struct server s;
    struct bf_transport t;
    CHECK(mkdtemp(folder));
    snprintf(ours, sizeof ours, "%s/ours", folder);
    snprintf(theirs, sizeof theirs, "%s/theirs", folder);
    write_certificate(ours, authority);
    write_certificate(theirs, other_authority);
    struct bf_tls_files good = {ours, NULL, NULL}, bad = {theirs, NULL, NULL}, missing = {"/nowhere", NULL, NULL};
    over(&s, ECHO, &t);
    CHECK(bf_tls_start(&t, &good, WAIT, why));
    end(&s, &t);
    over(&s, ECHO, &t);
    CHECK(!bf_tls_start(&t, &bad, WAIT, why) && strstr(why, "signature"));
    end(&s, &t);
    over(&s, SILENT, &t);
    CHECK(!bf_tls_start(&t, &missing, WAIT, why) && strstr(why, "cannot be read"));
    end(&s, &t);
    unlink(ours);
    unlink(theirs);
    rmdir(folder);
}

/* The alert comes when this side's handshake is over. */
static void who_is_refused_hears_why(void)
{
    struct server s;
    struct bf_transport t;
    uint8_t byte;
    begin(&s, REFUSES, &t);
    CHECK(!bf_tls_refusal(&t));
    CHECK(!bf_transport_read_all(&t, &byte, 1, WAIT));
    CHECK(bf_tls_refusal(&t) && strstr(bf_tls_refusal(&t), "certificate required"));
    end(&s, &t);
}

static void parts_may_be_empty(void)
{
    struct server s;
    struct bf_transport t;
    begin(&s, SINK, &t);
    uint8_t *data = pattern();
    struct iovec parts[] = {{data, 0}, {data, 100}, {data + 100, 0}, {data + 100, 3 * MIB}, {data, 0}};
    for (size_t left = 100 + 3 * MIB; left;) {
        ssize_t moved = t.send(&t, parts, 5);
        CHECK(moved > 0 || errno == EAGAIN);
        for (int i = 0; i < 5 && moved > 0; i++) {
            size_t step = parts[i].iov_len < (size_t)moved ? parts[i].iov_len : (size_t)moved;
            parts[i].iov_base = (uint8_t *)parts[i].iov_base + step;
            parts[i].iov_len -= step;
            moved -= (ssize_t)step;
            left -= step;
        }
        t.wait(&t, false, true, WAIT);
    }
    end(&s, &t);
    CHECK(s.received == 100 + 3 * MIB && !s.sum);
    free(data);
}

static atomic_int frees; /* of OpenSSL's memory */

static void count_and_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    frees++;
    free(memory);
}

static void *allocate(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(bytes);
}

static void *reallocate(void *memory, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(memory, bytes);
}

static void a_child_leaves_what_threads_of_its_parent_may_use(void)
{
    struct server s;
    struct bf_transport t;
    uint8_t out[100], in[100];
    begin(&s, ECHO, &t);
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = at(i);
    CHECK(bf_transport_write_all(&t, out, 50, WAIT));
    pid_t child = fork();
    if (!child) {
        int descriptor = t.descriptor;
        frees = 0;
        bf_transport_forget(&t);
        _exit((frees ? 1 : 0) | (fcntl(descriptor, F_GETFD) == -1 ? 0 : 2) | (t.descriptor == -1 ? 0 : 4));
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(bf_transport_write_all(&t, out + 50, 50, WAIT));
    CHECK(bf_transport_read_all(&t, in, sizeof in, WAIT));
    CHECK(!memcmp(in, out, sizeof in));
    end(&s, &t);
    CHECK(!s.sum && s.received == sizeof out);
}

int main(void)
{
    CRYPTO_set_mem_functions(allocate, reallocate, count_and_free);
    signal(SIGPIPE, SIG_IGN); /* the server's */
    make_certificates();
    small_messages_go_both_ways_and_the_binding_is_the_same();
    what_the_socket_does_not_take_comes_once();
    two_threads_send_and_receive_at_once();
    bulk_lands_where_it_belongs();
    memory_that_is_not_there_is_said_and_nothing_is_lost();
    the_end_of_the_other_side_is_an_end();
    who_speaks_no_tls_or_nothing_is_refused_in_time();
    a_certificate_of_another_pool_is_refused();
    who_is_refused_hears_why();
    parts_may_be_empty();
    a_child_leaves_what_threads_of_its_parent_may_use();
    X509_free(authority);
    X509_free(other_authority);
    X509_free(certificate);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(key);
    return checks_failed;
}
