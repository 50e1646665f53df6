/*
 * The library that TLS goes through, against an OpenSSL server in memory: whom it accepts, and what becomes of bytes.
 * Prints nothing if all is well and exits with the failures' number. argv[1]: a folder for files.
 */
#include "other_end.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a client of the pool accepts what a server shows, as the host it dialled. */
static int accepts_at(const char *host, const struct identity *own, const struct identity *first, const struct identity *second,
                      const struct identity *third) {
    struct pool *pool = of_client();
    struct server server = serve(own, first, second, third);
    begin(&server);
    struct engine *engine = engine_new(pool, host);
    int result = shake_hands(engine, &server, 70000);
    if (result != 1) { /* and nothing of it can be used */
        char bytes[32];
        CHECK(!engine_export(engine, "EXPORTER-Channel-Binding", bytes, sizeof bytes));
        CHECK(!engine_encrypt(engine, bytes, sizeof bytes));
        CHECK(engine_decrypt(engine, bytes, sizeof bytes) < 0);
    }
    engine_free(engine);
    end(&server);
    pool_close(pool);
    return result;
}

static int accepts(const struct identity *own, const struct identity *first) {
    return accepts_at("127.0.0.1", own, first, NULL, NULL);
}

/* ---- Who is accepted ---- */
static void accepts_wish(const char *what, bool expected, struct wish wish, const struct identity *issuer) {
    struct identity made = issue(wish, issuer);
    int result = accepts(&made, issuer);
    if ((result == 1) != expected) {
        fprintf(stderr, "%s: %d\n", what, result);
        failures++;
    }
    forget(&made);
}

static void an_appliance_of_the_pool_is_accepted(void) {
    CHECK(accepts(&appliance, &appliances) == 1);
    CHECK(accepts_at("::1", &appliance, &appliances, NULL, NULL) == 1);
    CHECK(accepts_at("0:0:0:0:0:0:0:1", &appliance, &appliances, NULL, NULL) == 1);
    CHECK(accepts_at("localhost", &appliance, &appliances, NULL, NULL) == 1);
    CHECK(accepts_at("GPU-1.Example.com", &appliance, &appliances, NULL, NULL) == 1);
    CHECK(accepts_at("127.0.0.1", &appliance, &appliances, &root, NULL) == 1);
    accepts_wish("good", true, good(), &appliances);
}

static void other_hosts_are_refused(void) {
    const char *hosts[] = {"127.0.0.2", "::2",           "127.1",      "gpu-2.example.com", "gpu-1.example.com.", "example.com",
                           "[::1]",     "127.0.0.1.",    "127.0.0.1 ", "localhost:1",       "::1%lo",             "2130706433",
                           "*",         "1.example.com", "gpu-1",      "0x7f000001"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (accepts_at(hosts[i], &appliance, &appliances, NULL, NULL) != ENGINE_FAILED) {
            fprintf(stderr, "accepted as %s\n", hosts[i]);
            failures++;
        }
    }
    struct wish wish = good();
    wish.names = "DNS:127.0.0.1,DNS:127.1," APPLIANCE;
    struct identity tricky = issue(wish, &appliances);
    CHECK(accepts_at("127.0.0.1", &tricky, &appliances, NULL, NULL) == ENGINE_FAILED);
    CHECK(accepts_at("127.1", &tricky, &appliances, NULL, NULL) == ENGINE_FAILED);
    forget(&tricky);
    wish.names = "DNS:*.example.com," APPLIANCE;
    struct identity wild = issue(wish, &appliances);
    CHECK(accepts_at("gpu-1.example.com", &wild, &appliances, NULL, NULL) == ENGINE_FAILED);
    forget(&wild);
}

static void other_chains_are_refused(void) {
    CHECK(accepts(&other_appliance, &other_appliances) == ENGINE_FAILED);
    CHECK(accepts_at("127.0.0.1", &other_appliance, &other_appliances, &other_root, NULL) == ENGINE_FAILED);
    CHECK(accepts(&appliance, NULL) == ENGINE_FAILED);               /* without its intermediate */
    CHECK(accepts(&appliance, &clients) == ENGINE_FAILED);           /* with another's */
    CHECK(accepts_at("127.0.0.1", &appliance, &clients, &appliances, NULL) == ENGINE_FAILED);
    CHECK(accepts_at("127.0.0.1", &appliance, &appliances, &appliances, NULL) == ENGINE_FAILED);
    CHECK(accepts_at("127.0.0.1", &appliance, &appliances, &other_root, NULL) == ENGINE_FAILED);
    CHECK(accepts_at("127.0.0.1", &appliance, &appliances, &root, &root) == 1); /* four: as Java has it */
    CHECK(accepts(&client, &clients) == ENGINE_FAILED);
    struct wish wish = good();
    wish.basic = "critical,CA:TRUE";
    wish.key_usage = "critical,digitalSignature,keyCertSign";
    accepts_wish("self-signed", false, wish, NULL);
    accepts_wish("of the root itself", false, good(), &root);
    accepts_wish("an appliance of the clients' issuer", false, good(), &clients);
    accepts_wish("issued by an appliance", false, good(), &appliance);
    struct identity namesake_root = root_of(POOL), namesake_issuer = intermediate_of(POOL, BOTH, &namesake_root);
    struct identity namesake = issue(good(), &namesake_issuer);
    CHECK(accepts(&namesake, &namesake_issuer) == ENGINE_FAILED);
    CHECK(accepts_at("127.0.0.1", &namesake, &namesake_issuer, &namesake_root, NULL) == ENGINE_FAILED);
    CHECK(accepts(&namesake, &appliances) == ENGINE_FAILED); /* the right names, another's signature */
    struct identity late = issue((struct wish){.pool = POOL, .name = "issuer", .basic = "critical,CA:TRUE,pathlen:0", .key_usage = SIGNS,
                                               .usage = BOTH, .from = -2 * DAY, .until = -DAY},
                                 &root);
    accepts_wish("an issuer that has ended", false, good(), &late);
    struct identity unusable = intermediate_of(POOL, NULL, &root);
    accepts_wish("an issuer without usages", false, good(), &unusable);
    struct identity server_only = intermediate_of(POOL, "serverAuth", &root);
    accepts_wish("an issuer of servers alone", false, good(), &server_only);
    struct identity *all[] = {&namesake_root, &namesake_issuer, &namesake, &late, &unusable, &server_only};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        forget(all[i]);
    }
}

static void other_certificates_are_refused(void) {
    struct wish wish = good();
    wish.from = -2 * DAY;
    wish.until = -10;
    accepts_wish("ended", false, wish, &appliances);
    wish.from = 3600;
    wish.until = DAY;
    accepts_wish("not yet begun", false, wish, &appliances);
    static const char *const usages[] = {NULL, "clientAuth", "serverAuth", "anyExtendedKeyUsage"};
    for (size_t i = 0; i < sizeof usages / sizeof *usages; i++) {
        wish = good();
        wish.usage = usages[i];
        accepts_wish(usages[i] == NULL ? "no usage" : usages[i], false, wish, &appliances);
    }
    static const char *const names[] = {
        NULL,
        "IP:127.0.0.1",
        "IP:127.0.0.1," URI(POOL, "client"),
        "IP:127.0.0.1," URI(POOL, "appliances"),
        "IP:127.0.0.1," URI(OTHER_POOL, "appliance"),
        "IP:127.0.0.1," URI("0123456789ABCDEF", "appliance"),
        "IP:127.0.0.1," APPLIANCE "," APPLIANCE,
        "IP:127.0.0.1,URI:https://example.com/," APPLIANCE,
        "IP:127.0.0.1," APPLIANCE "0",
        "IP:127.0.0.1,URI:bitfusion://" POOL "/appliance/11111111-2222-4333-8444-55555555555",
        "IP:127.0.0.1,URI:bitfusion://" POOL "/appliance/11111111-2222-4333-84445-55555555555",
        "IP:127.0.0.1,URI:bitfusion://" POOL "/appliance/11111111-2222-4333-8444-5555555555G5",
        "IP:127.0.0.1,URI:Bitfusion://" POOL "/appliance/" UUID,
        "IP:127.0.0.1,DNS:bitfusion://" POOL "/appliance/" UUID,
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        wish = good();
        wish.names = names[i];
        accepts_wish(names[i] == NULL ? "no names" : names[i], false, wish, &appliances);
    }
}

static void other_versions_are_refused(void) {
    struct pool *pool = of_client();
    struct server server = serve(&appliance, &appliances, NULL, NULL);
    SSL_CTX_set_max_proto_version(server.context, TLS1_2_VERSION);
    begin(&server);
    struct engine *engine = engine_new(pool, "127.0.0.1");
    CHECK(shake_hands(engine, &server, 70000) == ENGINE_FAILED);
    engine_free(engine);
    engine = engine_new(pool, "127.0.0.1");
    CHECK(engine_shake_hands(engine) == 0);
    CHECK(engine_feed(engine, "HTTP/1.1 400 Bad Request\r\n\r\n", 28));
    CHECK(engine_shake_hands(engine) == ENGINE_FAILED);
    engine_free(engine);
    CHECK(engine_new(pool, "") == NULL);
    end(&server);
    pool_close(pool);
}

/* ---- Which files ---- */
static bool opens(const char *authority, const char *identity) {
    struct pool *pool = pool_open(authority, identity);
    bool opened = pool != NULL;
    pool_close(pool);
    return opened;
}

static void files_are_read_or_refused(void) {
    const char *authority = authority_file(&root, NULL);
    CHECK(opens(authority, NULL));
    CHECK(opens(authority, identity_file(&client, &clients, client.key, 0600)));
    CHECK(opens(authority, identity_file(&appliance, &appliances, appliance.key, 0400)));
    CHECK(!opens(authority, identity_file(&client, &clients, client.key, 0640)));
    CHECK(!opens(authority, identity_file(&client, &clients, client.key, 0604)));
    CHECK(!opens(authority, identity_file(&client, &clients, appliance.key, 0600)));
    CHECK(!opens(authority, path("missing")));
    CHECK(!opens(path("missing"), NULL));
    CHECK(!opens(folder, NULL));
    CHECK(!opens(authority, text_file("client.pem", "nonsense")));
    CHECK(!opens(authority, text_file("client.pem", "-----BEGIN CERTIFICATE-----\n")));
    CHECK(!opens(authority, authority)); /* a certificate without a key */
    CHECK(!opens(text_file("ca.crt", ""), NULL));
    CHECK(!opens(text_file("ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), NULL));
    FILE *file = create("ca.crt", 0644);
    PEM_write_X509(file, root.certificate);
    fputs("-----BEGIN CERTIFICATE-----\nMIIB", file);
    fclose(file);
    CHECK(!opens(path("ca.crt"), NULL));
    file = create("ca.crt", 0644);
    PEM_write_X509(file, root.certificate);
    for (int i = 0; i < 70000; i++) {
        fputc('\n', file);
    }
    fclose(file);
    CHECK(!opens(path("ca.crt"), NULL));
    struct identity stranger = issue((struct wish){.pool = "", .name = "stranger", .basic = "critical,CA:TRUE", .key_usage = SIGNS}, NULL);
    CHECK(!opens(authority_file(&stranger, NULL), NULL));
    forget(&stranger);
}

static void what_a_certificate_says_is_told(void) {
    struct pool *pool = of_client();
    CHECK(pool->is_enrolled && pool->is_of_pool);
    CHECK(pool->not_after - pool->not_before == 2 * DAY);
    CHECK(pool->last_of_serial == (ASN1_INTEGER_get(X509_get0_serialNumber(client.certificate)) & 0xff));
    pool_close(pool);
    pool = pool_open(authority_file(&other_root, NULL), identity_file(&client, &clients, client.key, 0600));
    CHECK(pool->is_enrolled && !pool->is_of_pool);
    pool_close(pool);
}

/* While a pool changes its root, a client knows two. */
static void a_second_root_counts_too(void) {
    struct identity next = root_of(POOL), issuer = intermediate_of(POOL, BOTH, &next), own = issue(good(), &issuer);
    struct pool *pool = pool_open(authority_file(&root, &next), NULL);
    struct server server = serve(&own, &issuer, &next, NULL);
    SSL_CTX_set_verify(server.context, SSL_VERIFY_NONE, NULL);
    begin(&server);
    struct engine *engine = engine_new(pool, "localhost");
    CHECK(shake_hands(engine, &server, 70000) == 1);
    engine_free(engine);
    end(&server);
    pool_close(pool);
    forget(&next);
    forget(&issuer);
    forget(&own);
}

/* ---- Bytes ---- */
static uint8_t at(size_t offset) {
    return (uint8_t)(offset * 31 + (offset >> 12));
}

static void bytes_go_both_ways(int most) {
    struct pool *pool = of_client();
    struct server server = serve(&appliance, &appliances, NULL, NULL);
    begin(&server);
    struct engine *engine = engine_new(pool, "127.0.0.1");
    CHECK(shake_hands(engine, &server, most) == 1);
    X509 *shown = SSL_get1_peer_certificate(server.ssl);
    CHECK(shown != NULL && X509_cmp(shown, client.certificate) == 0);
    CHECK(sk_X509_num(SSL_get_peer_cert_chain(server.ssl)) == 1 && SSL_version(server.ssl) == TLS1_3_VERSION);
    X509_free(shown);
    char ours[32], theirs[32], word[16];
    static const char *const labels[] = {"EXPORTER-Channel-Binding", "EXPORTER-Bitfusion-Access"};
    for (int i = 0; i < 2; i++) {
        CHECK(engine_export(engine, labels[i], ours, sizeof ours));
        CHECK(SSL_export_keying_material(server.ssl, (unsigned char *)theirs, sizeof theirs, labels[i], strlen(labels[i]), NULL, 0, 0) == 1);
        CHECK(memcmp(ours, theirs, sizeof ours) == 0);
    }
    CHECK(engine_decrypt(engine, word, sizeof word) == 0);
    CHECK(engine_encrypt(engine, "ping", 4));
    carry(engine, &server, most);
    CHECK(SSL_read(server.ssl, word, sizeof word) == 4 && memcmp(word, "ping", 4) == 0);
    uint8_t *bulk = malloc(BULK), part[ENGINE_RECORD];
    for (size_t i = 0; i < BULK; i++) {
        bulk[i] = at(i);
    }
    CHECK(SSL_key_update(server.ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
    CHECK(SSL_write(server.ssl, bulk, BULK) == BULK);
    size_t received = 0;
    for (long i = 0; i < 10000000 && received < BULK; i++) {
        int moved = engine_decrypt(engine, part, i % 3 == 0 ? 7 : sizeof part);
        if (moved == 0) {
            carry(engine, &server, most);
        } else if (moved < 0 || memcmp(part, bulk + received, (size_t)moved) != 0) {
            CHECK(false);
            break;
        } else {
            received += (size_t)moved;
        }
    }
    CHECK(received == BULK);
    CHECK(engine_encrypt(engine, "pong", 4)); /* with the new key that was asked for */
    carry(engine, &server, most);
    CHECK(SSL_read(server.ssl, word, sizeof word) == 4 && memcmp(word, "pong", 4) == 0);
    SSL_shutdown(server.ssl);
    carry(engine, &server, 70000);
    CHECK(engine_decrypt(engine, word, sizeof word) == ENGINE_CLOSED);
    engine_end(engine);
    carry(engine, &server, most);
    CHECK(SSL_read(server.ssl, word, sizeof word) == 0 && SSL_get_error(server.ssl, 0) == SSL_ERROR_ZERO_RETURN);
    free(bulk);
    engine_free(engine);
    end(&server);
    pool_close(pool);
}

/* A server looks at the client's certificate last: the client has begun to write by then. */
static int nobody(int preverified, X509_STORE_CTX *context) {
    (void)preverified;
    X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REVOKED);
    return 0;
}

static void an_alert_is_told_by_its_number(void) {
    struct pool *pool = of_client();
    struct server server = serve(&appliance, &appliances, NULL, NULL);
    SSL_CTX_set_verify(server.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nobody);
    begin(&server);
    struct engine *engine = engine_new(pool, "127.0.0.1");
    char word[16];
    shake_hands(engine, &server, 70000);
    carry(engine, &server, 70000);
    CHECK(engine_decrypt(engine, word, sizeof word) == ENGINE_ALERTED - SSL_AD_CERTIFICATE_REVOKED);
    CHECK(engine_decrypt(engine, word, sizeof word) < 0);
    engine_free(engine);
    end(&server);
    pool_close(pool);
}

static void changed_bytes_are_not_taken(void) {
    struct pool *pool = of_client();
    struct server server = serve(&appliance, &appliances, NULL, NULL);
    begin(&server);
    struct engine *engine = engine_new(pool, "127.0.0.1");
    CHECK(shake_hands(engine, &server, 70000) == 1);
    char bytes[4096], word[16];
    while (BIO_read(server.out, bytes, sizeof bytes) > 0) { /* tickets */
        continue;
    }
    SSL_write(server.ssl, "secret", 6);
    int count = BIO_read(server.out, bytes, sizeof bytes);
    bytes[count - 1] ^= 1;
    CHECK(engine_feed(engine, bytes, (size_t)count));
    CHECK(engine_decrypt(engine, word, sizeof word) == ENGINE_FAILED);
    CHECK(engine_decrypt(engine, word, sizeof word) < 0);
    engine_free(engine);
    end(&server);
    pool_close(pool);
}

/* The byte at `place`, or the one before that is looked at: a record's version is not (RFC 8446, 5.1). */
static int looked_at(const char *bytes, int count, int place) {
    for (int begin = 0; begin + 5 <= count;) {
        if (place == begin + 1 || place == begin + 2) {
            return begin;
        }
        begin += 5 + ((unsigned char)bytes[begin + 3] << 8 | (unsigned char)bytes[begin + 4]);
    }
    return place;
}

/* Noise in the handshake, at any of its bytes, ends it. */
static void noise_is_refused(void) {
    struct pool *pool = of_client();
    unsigned seed = 7;
    for (int round = 0; round < 300; round++) {
        struct server server = serve(&appliance, &appliances, NULL, NULL);
        begin(&server);
        struct engine *engine = engine_new(pool, "127.0.0.1");
        CHECK(engine_shake_hands(engine) == 0);
        char bytes[8192];
        carry(engine, &server, 0);
        SSL_do_handshake(server.ssl);
        int count = BIO_read(server.out, bytes, sizeof bytes);
        int place = looked_at(bytes, count, rand_r(&seed) % count);
        bytes[place] = (char)(bytes[place] ^ (1 + rand_r(&seed) % 255));
        engine_feed(engine, bytes, (size_t)count);
        CHECK(engine_shake_hands(engine) != 1);
        engine_free(engine);
        end(&server);
    }
    pool_close(pool);
}

/* Engines of one pool are used by threads of their own. */
static void *shake_hands_often(void *pool) {
    long bad = 0;
    for (int i = 0; i < 20; i++) {
        struct server server = serve(&appliance, &appliances, NULL, NULL);
        begin(&server);
        struct engine *engine = engine_new(pool, "127.0.0.1");
        bad += shake_hands(engine, &server, 70000) != 1;
        engine_free(engine);
        end(&server);
    }
    return (void *)bad;
}

static void several_at_once_do_not_meet(void) {
    struct pool *pool = of_client();
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, shake_hands_often, pool);
    }
    for (int i = 0; i < 3; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        CHECK(bad == NULL);
    }
    pool_close(pool);
}

int main(int count, char **arguments) {
    folder = count > 1 ? arguments[1] : ".";
    make_pools();
    an_appliance_of_the_pool_is_accepted();
    other_hosts_are_refused();
    other_chains_are_refused();
    other_certificates_are_refused();
    other_versions_are_refused();
    files_are_read_or_refused();
    what_a_certificate_says_is_told();
    a_second_root_counts_too();
    bytes_go_both_ways(70000);
    bytes_go_both_ways(1000);
    an_alert_is_told_by_its_number();
    changed_bytes_are_not_taken();
    noise_is_refused();
    several_at_once_do_not_meet();
    struct identity *all[] = {&root, &appliances, &clients, &appliance, &client, &other_root, &other_appliances, &other_appliance};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        forget(all[i]);
    }
    return failures;
}
