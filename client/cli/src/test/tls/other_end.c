#include "other_end.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int failures;
const char *folder;

/* ---- Certificates ---- */
static void extend(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    if (value == NULL) {
        return;
    }
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    CHECK(extension != NULL);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

struct identity issue(struct wish wish, const struct identity *issuer) {
    static long serial = 0x70;
    struct identity made = {X509_new(), EVP_EC_gen("P-256")};
    char organization[64];
    snprintf(organization, sizeof organization, "Bitfusion pool %s", wish.pool);
    bool timed = wish.from != 0 || wish.until != 0;
    X509_set_version(made.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), timed ? wish.from : -DAY);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), timed ? wish.until : DAY);
    X509_NAME *name = X509_get_subject_name(made.certificate);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)organization, -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)wish.name, -1, -1, 0);
    X509 *signer = issuer == NULL ? made.certificate : issuer->certificate;
    X509_set_issuer_name(made.certificate, X509_get_subject_name(signer));
    X509_set_pubkey(made.certificate, made.key);
    extend(made.certificate, signer, NID_basic_constraints, wish.basic == NULL ? "critical,CA:FALSE" : wish.basic);
    extend(made.certificate, signer, NID_key_usage, wish.key_usage == NULL ? "critical,digitalSignature" : wish.key_usage);
    extend(made.certificate, signer, NID_ext_key_usage, wish.usage);
    extend(made.certificate, signer, NID_subject_key_identifier, "hash");
    if (issuer != NULL) {
        extend(made.certificate, signer, NID_authority_key_identifier, "keyid:always");
    }
    extend(made.certificate, signer, NID_subject_alt_name, wish.names);
    X509_sign(made.certificate, issuer == NULL ? made.key : issuer->key, EVP_sha256());
    return made;
}

struct identity root_of(const char *pool) {
    return issue((struct wish){.pool = pool, .name = "root", .basic = "critical,CA:TRUE,pathlen:1", .key_usage = SIGNS}, NULL);
}

struct identity intermediate_of(const char *pool, const char *usage, const struct identity *root) {
    return issue((struct wish){.pool = pool, .name = "issuer", .basic = "critical,CA:TRUE,pathlen:0", .key_usage = SIGNS, .usage = usage},
                 root);
}

struct identity root, appliances, clients, appliance, client;
struct identity other_root, other_appliances, other_appliance;

struct wish good(void) {
    return (struct wish){.pool = POOL, .name = "gpu-1", .usage = BOTH, .names = NAMES APPLIANCE};
}

void make_pools(void) {
    root = root_of(POOL);
    appliances = intermediate_of(POOL, BOTH, &root);
    clients = intermediate_of(POOL, "clientAuth", &root);
    appliance = issue(good(), &appliances);
    client = issue((struct wish){.pool = POOL, .name = "client", .usage = "clientAuth", .names = URI(POOL, "client")}, &clients);
    other_root = root_of(OTHER_POOL);
    other_appliances = intermediate_of(OTHER_POOL, BOTH, &other_root);
    other_appliance =
        issue((struct wish){.pool = OTHER_POOL, .name = "gpu-1", .usage = BOTH, .names = NAMES URI(OTHER_POOL, "appliance")},
              &other_appliances);
}

void forget(struct identity *identity) {
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

/* ---- Files ---- */
const char *path(const char *name) {
    static char paths[4][512];
    static int next;
    char *made = paths[next++ % 4];
    snprintf(made, sizeof paths[0], "%s/%s", folder, name);
    return made;
}

FILE *create(const char *name, mode_t mode) {
    unlink(path(name));
    int descriptor = open(path(name), O_CREAT | O_EXCL | O_WRONLY, mode);
    fchmod(descriptor, mode);
    return fdopen(descriptor, "w");
}

const char *authority_file(const struct identity *first, const struct identity *second) {
    FILE *file = create("ca.crt", 0644);
    PEM_write_X509(file, first->certificate);
    if (second != NULL) {
        PEM_write_X509(file, second->certificate);
    }
    fclose(file);
    return path("ca.crt");
}

const char *identity_file(const struct identity *own, const struct identity *issuer, EVP_PKEY *key, mode_t mode) {
    FILE *file = create("client.pem", mode);
    PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    PEM_write_X509(file, own->certificate);
    PEM_write_X509(file, issuer->certificate);
    fclose(file);
    return path("client.pem");
}

const char *text_file(const char *name, const char *text) {
    FILE *file = create(name, 0600);
    fputs(text, file);
    fclose(file);
    return path(name);
}

struct pool *of_client(void) {
    return pool_open(authority_file(&root, NULL), identity_file(&client, &clients, client.key, 0600));
}

/* ---- The other end ---- */
static int any(int preverified, X509_STORE_CTX *context) {
    (void)preverified;
    (void)context;
    return 1;
}

/* chain: up to three more, to be sent behind its own. */
struct server serve(const struct identity *own, const struct identity *first, const struct identity *second,
                           const struct identity *third) {
    struct server server = {.context = SSL_CTX_new(TLS_server_method())};
    const struct identity *chain[] = {first, second, third};
    SSL_CTX_use_certificate(server.context, own->certificate);
    SSL_CTX_use_PrivateKey(server.context, own->key);
    for (size_t i = 0; i < 3; i++) {
        if (chain[i] != NULL) {
            SSL_CTX_add1_chain_cert(server.context, chain[i]->certificate);
        }
    }
    SSL_CTX_set_mode(server.context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_verify(server.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, any);
    return server;
}

void begin(struct server *server) {
    server->ssl = SSL_new(server->context);
    server->in = BIO_new(BIO_s_mem());
    server->out = BIO_new(BIO_s_mem());
    SSL_set_bio(server->ssl, server->in, server->out);
    SSL_set_accept_state(server->ssl);
}

void end(struct server *server) {
    SSL_free(server->ssl);
    SSL_CTX_free(server->context);
}

/* Moves what either side has to say; at most `most` bytes at once to the engine. */
void carry(struct engine *engine, struct server *server, int most) {
    char bytes[70000];
    while (engine_pending(engine) > 0) {
        size_t count = engine_pending(engine) < sizeof bytes ? engine_pending(engine) : sizeof bytes;
        CHECK(engine_take(engine, bytes, count));
        CHECK(BIO_write(server->in, bytes, (int)count) == (int)count);
    }
    int count = BIO_read(server->out, bytes, most);
    if (count > 0) {
        CHECK(engine_feed(engine, bytes, (size_t)count));
    }
}

/* 1: both are content; 0: never; less: the engine is not. */
int shake_hands(struct engine *engine, struct server *server, int most) {
    int ours = 0, theirs = 0;
    for (int i = 0; i < 20000 && (ours != 1 || theirs != 1); i++) {
        if (ours != 1) {
            ours = engine_shake_hands(engine);
        }
        carry(engine, server, most);
        theirs = theirs == 1 ? 1 : SSL_do_handshake(server->ssl);
        if (ours < 0) {
            return ours;
        }
    }
    return ours == 1 && theirs == 1;
}
