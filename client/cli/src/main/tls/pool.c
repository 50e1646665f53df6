#include "pool.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

enum {
    FILE_LIMIT = 1 << 16,
    MOST_CERTIFICATES = 64,
    SECURITY_LEVEL = 2, /* 112 bits: no RSA of 1,024 bits, no SHA-1 */
};

/* ---- Files ---- */
struct contents {
    STACK_OF(X509) *certificates; /* in the file's order */
    EVP_PKEY *key;
    int keys;
};

static void contents_free(struct contents *contents) {
    sk_X509_pop_free(contents->certificates, X509_free);
    EVP_PKEY_free(contents->key);
}

/* A whole file; its end is marked with a zero. NULL: it cannot be read, is too long, or not as secret as it has to be. */
static char *read_file(const char *path, bool secret, size_t *bytes) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat status;
    char *content = NULL;
    *bytes = 0;
    if (descriptor < 0) {
        return NULL;
    }
    bool good = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && !(secret && (status.st_mode & 077) != 0) &&
                status.st_size <= FILE_LIMIT && (content = calloc(1, FILE_LIMIT + 1)) != NULL;
    while (good && *bytes <= FILE_LIMIT) {
        ssize_t count = read(descriptor, content + *bytes, FILE_LIMIT + 1 - *bytes);
        good = count >= 0;
        if (count <= 0) {
            break;
        }
        *bytes += (size_t)count;
    }
    close(descriptor);
    if (!good || *bytes > FILE_LIMIT) {
        OPENSSL_clear_free(content, content == NULL ? 0 : FILE_LIMIT + 1);
        return NULL;
    }
    return content;
}

static X509 *decode_certificate(OSSL_LIB_CTX *library, const unsigned char *der, long bytes) {
    const unsigned char *end = der;
    X509 *certificate = X509_new_ex(library, NULL);
    if (certificate == NULL || d2i_X509(&certificate, &end, bytes) == NULL) {
        return NULL; /* d2i frees what it was given */
    }
    if (end != der + bytes) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static EVP_PKEY *decode_key(OSSL_LIB_CTX *library, const unsigned char *der, long bytes) {
    const unsigned char *end = der;
    PKCS8_PRIV_KEY_INFO *information = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, bytes);
    EVP_PKEY *key = information != NULL && end == der + bytes ? EVP_PKCS82PKEY_ex(information, library, NULL) : NULL;
    PKCS8_PRIV_KEY_INFO_free(information);
    return key;
}

/* False: a block that makes no sense, or a key in a form that Java would not read either. */
static bool take_block(OSSL_LIB_CTX *library, struct contents *to, const char *label, const unsigned char *der, long bytes) {
    if (strcmp(label, PEM_STRING_X509) == 0) {
        X509 *certificate = decode_certificate(library, der, bytes);
        if (certificate == NULL || sk_X509_num(to->certificates) == MOST_CERTIFICATES ||
            sk_X509_push(to->certificates, certificate) <= 0) {
            X509_free(certificate);
            return false;
        }
        return true;
    }
    if (strcmp(label, PEM_STRING_PKCS8INF) == 0 && to->keys++ == 0) {
        to->key = decode_key(library, der, bytes);
        return to->key != NULL;
    }
    return strstr(label, "PRIVATE KEY") == NULL;
}

static bool take_blocks(OSSL_LIB_CTX *library, struct contents *to, BIO *text) {
    bool good = true;
    while (good) {
        char *label = NULL, *header = NULL;
        unsigned char *der = NULL;
        long bytes = 0;
        ERR_clear_error();
        if (PEM_read_bio(text, &label, &header, &der, &bytes) != 1) {
            return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; /* the end */
        }
        good = header[0] == '\0' && take_block(library, to, label, der, bytes);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)bytes);
    }
    return false;
}

static bool read_contents(OSSL_LIB_CTX *library, const char *path, bool secret, struct contents *to) {
    size_t bytes;
    char *content = read_file(path, secret, &bytes);
    BIO *text = content == NULL ? NULL : BIO_new_mem_buf(content, (int)bytes);
    bool good = text != NULL && take_blocks(library, to, text) && sk_X509_num(to->certificates) > 0;
    BIO_free(text);
    OPENSSL_clear_free(content, content == NULL ? 0 : FILE_LIMIT + 1);
    return good;
}

/* ---- Roots ---- */
static bool trust(struct pool *pool, const char *authority) {
    struct contents contents = {.certificates = sk_X509_new_null()};
    bool good = contents.certificates != NULL && read_contents(pool->library, authority, false, &contents) &&
                peer_pool_of_root(sk_X509_value(contents.certificates, 0), pool->id);
    X509_STORE *store = SSL_CTX_get_cert_store(pool->context);
    for (int i = 0; good && i < sk_X509_num(contents.certificates); i++) {
        good = X509_STORE_add_cert(store, sk_X509_value(contents.certificates, i)) == 1;
    }
    pool->roots = contents.certificates;
    contents.certificates = NULL;
    contents_free(&contents);
    return good;
}

/* ---- This client's own ---- */
static bool seconds(const ASN1_TIME *time, int64_t *to) {
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return false;
    }
    *to = timegm(&parts);
    return true;
}

static bool describe(struct pool *pool, X509 *own) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(own);
    char id[POOL_ID_BYTES];
    pool->is_enrolled = true;
    pool->is_of_pool = peer_pool_of_member(own, id) && memcmp(id, pool->id, sizeof id) == 0;
    int length = ASN1_STRING_length(serial);
    pool->last_of_serial = length > 0 ? ASN1_STRING_get0_data(serial)[length - 1] : 0;
    return seconds(X509_get0_notBefore(own), &pool->not_before) && seconds(X509_get0_notAfter(own), &pool->not_after) &&
           ASN1_STRING_type(serial) == V_ASN1_INTEGER; /* not a negative one */
}

static bool enrol(struct pool *pool, const char *identity) {
    struct contents contents = {.certificates = sk_X509_new_null()};
    bool good = contents.certificates != NULL && read_contents(pool->library, identity, true, &contents) && contents.key != NULL;
    X509 *own = good ? sk_X509_shift(contents.certificates) : NULL;
    good = good && describe(pool, own) && SSL_CTX_use_certificate(pool->context, own) == 1 &&
           SSL_CTX_use_PrivateKey(pool->context, contents.key) == 1 &&
           SSL_CTX_set1_chain(pool->context, contents.certificates) == 1;
    X509_free(own);
    contents_free(&contents);
    return good;
}

/* ---- Both ---- */
static bool set_up(struct pool *pool) {
    SSL_CTX *context = pool->context;
    SSL_CTX_set_security_level(context, SECURITY_LEVEL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, peer_verify, pool);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1;
}

struct pool *pool_open(const char *authority, const char *identity) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    pool->library = OSSL_LIB_CTX_new();
    pool->context = pool->library == NULL ? NULL : SSL_CTX_new_ex(pool->library, NULL, TLS_client_method());
    bool good = pool->context != NULL && set_up(pool) && trust(pool, authority) && (identity == NULL || enrol(pool, identity));
    if (!good) {
        pool_close(pool);
        return NULL;
    }
    return pool;
}

void pool_close(struct pool *pool) {
    if (pool != NULL) {
        SSL_CTX_free(pool->context);
        sk_X509_pop_free(pool->roots, X509_free);
        OSSL_LIB_CTX_free(pool->library);
        free(pool);
    }
}
