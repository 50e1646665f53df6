#include "peer.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

enum {
    MOST_CERTIFICATES = 4, /* that a peer may send */
    POOLS_CHAIN = 3,       /* own, intermediate, root */
    UUID_LENGTH = 36,
};

static const char scheme[] = "bitfusion://";

/* ---- Names ---- */
static bool are_hexadecimal_digits(const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return false;
        }
    }
    return true;
}

static bool is_uuid(const char *text) {
    static const size_t groups[] = {8, 4, 4, 4, 12};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if ((i > 0 && *text++ != '-') || !are_hexadecimal_digits(text, groups[i])) {
            return false;
        }
        text += groups[i];
    }
    return true;
}

bool peer_pool_of_root(const X509 *root, char id[POOL_ID_BYTES]) {
    static const char words[] = "Bitfusion pool ";
    X509_NAME *issuer = X509_get_issuer_name(root);
    int place = X509_NAME_get_index_by_NID(issuer, NID_organizationName, -1);
    if (place < 0 || X509_NAME_get_index_by_NID(issuer, NID_organizationName, place) >= 0) {
        return false;
    }
    const ASN1_STRING *name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, place));
    const char *text = (const char *)ASN1_STRING_get0_data(name);
    bool is_pool = ASN1_STRING_length(name) == (int)sizeof words - 1 + POOL_ID_BYTES &&
                   memcmp(text, words, sizeof words - 1) == 0 && are_hexadecimal_digits(text + sizeof words - 1, POOL_ID_BYTES);
    if (is_pool) {
        memcpy(id, text + sizeof words - 1, POOL_ID_BYTES);
    }
    return is_pool;
}

static GENERAL_NAMES *alternative_names(const X509 *certificate) {
    int critical;
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL); /* NULL too where it stands twice */
}

/* The one URI among the names; NULL: none, or several. */
static const ASN1_STRING *only_uri(const GENERAL_NAMES *names) {
    const ASN1_STRING *uri = NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_URI) {
            if (uri != NULL) {
                return NULL;
            }
            uri = name->d.uniformResourceIdentifier;
        }
    }
    return uri;
}

/* Whether it is bitfusion://POOL/ROLE/UUID. */
static bool is_member(const ASN1_STRING *uri, const char *role, char id[POOL_ID_BYTES]) {
    const char *text = (const char *)ASN1_STRING_get0_data(uri);
    size_t head = sizeof scheme - 1, role_length = strlen(role);
    if ((size_t)ASN1_STRING_length(uri) != head + POOL_ID_BYTES + 1 + role_length + 1 + UUID_LENGTH) {
        return false;
    }
    const char *pool = text + head, *word = pool + POOL_ID_BYTES;
    if (memcmp(text, scheme, head) != 0 || !are_hexadecimal_digits(pool, POOL_ID_BYTES) || word[0] != '/' ||
        memcmp(word + 1, role, role_length) != 0 || word[1 + role_length] != '/' || !is_uuid(word + role_length + 2)) {
        return false;
    }
    memcpy(id, pool, POOL_ID_BYTES);
    return true;
}

bool peer_pool_of_member(X509 *certificate, char id[POOL_ID_BYTES]) {
    GENERAL_NAMES *names = alternative_names(certificate);
    const ASN1_STRING *uri = only_uri(names);
    bool is = uri != NULL && (is_member(uri, "appliance", id) || is_member(uri, "client", id));
    GENERAL_NAMES_free(names);
    return is;
}

/* ---- Host ---- */
/* Java knows more ways to write an address than inet_pton does: what might be one is no name. */
static bool is_name(const char *host) {
    bool has_letter = false;
    for (const char *c = host; *c != '\0'; c++) {
        has_letter = has_letter || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (*c == ':' || *c == '%' || *c == '[' || *c == ']') {
            return false;
        }
    }
    return has_letter;
}

static bool is_for_host(const GENERAL_NAMES *names, const char *host) {
    unsigned char address[sizeof(struct in6_addr)];
    int bytes = inet_pton(AF_INET, host, address) == 1    ? (int)sizeof(struct in_addr)
                : inet_pton(AF_INET6, host, address) == 1 ? (int)sizeof(struct in6_addr)
                                                          : 0;
    size_t length = strlen(host);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (bytes > 0 && name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == bytes &&
            memcmp(ASN1_STRING_get0_data(name->d.iPAddress), address, (size_t)bytes) == 0) {
            return true;
        }
        if (bytes == 0 && is_name(host) && name->type == GEN_DNS && (size_t)ASN1_STRING_length(name->d.dNSName) == length &&
            strncasecmp((const char *)ASN1_STRING_get0_data(name->d.dNSName), host, length) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- Chain ---- */
static bool is_root(const struct pool *pool, const X509 *certificate) {
    for (int i = 0; i < sk_X509_num(pool->roots); i++) {
        if (X509_cmp(sk_X509_value(pool->roots, i), certificate) == 0) {
            return true;
        }
    }
    return false;
}

/* The chain as it was sent, roots apart: the appliance's own certificate, and the intermediate that issued it. */
static bool has_pools_form(const struct pool *pool, const STACK_OF(X509) *sent, X509 *own, X509 *intermediate) {
    int count = sk_X509_num(sent), others = 0;
    if (count < 1 || count > MOST_CERTIFICATES || X509_cmp(sk_X509_value(sent, 0), own) != 0) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        X509 *certificate = sk_X509_value(sent, i);
        if (is_root(pool, certificate)) {
            continue;
        }
        const X509 *expected = others == 0 ? own : intermediate;
        if (++others > 2 || X509_cmp(certificate, expected) != 0) {
            return false;
        }
    }
    return others == 2;
}

/* Both usages, said and not merely not denied. */
static bool is_of_appliance(X509 *certificate) {
    const uint32_t both = XKU_SSL_SERVER | XKU_SSL_CLIENT;
    return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0 &&
           (X509_get_extended_key_usage(certificate) & both) == both;
}

static bool is_appliance_of(const struct pool *pool, X509 *own, const char *host) {
    GENERAL_NAMES *names = alternative_names(own);
    const ASN1_STRING *uri = only_uri(names);
    char id[POOL_ID_BYTES];
    bool is = uri != NULL && is_member(uri, "appliance", id) && memcmp(id, pool->id, sizeof id) == 0 && is_for_host(names, host);
    GENERAL_NAMES_free(names);
    return is;
}

static bool is_good(const struct pool *pool, X509_STORE_CTX *verification, const char *host) {
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(verification);
    if (sk_X509_num(chain) != POOLS_CHAIN) {
        return false;
    }
    X509 *own = sk_X509_value(chain, 0), *intermediate = sk_X509_value(chain, 1);
    return is_root(pool, sk_X509_value(chain, 2)) && !is_root(pool, own) && !is_root(pool, intermediate) &&
           has_pools_form(pool, X509_STORE_CTX_get0_untrusted(verification), own, intermediate) && is_of_appliance(intermediate) &&
           is_of_appliance(own) && is_appliance_of(pool, own, host);
}

int peer_verify(X509_STORE_CTX *verification, void *argument) {
    const struct pool *pool = argument;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *host = ssl == NULL ? NULL : SSL_get_app_data(ssl);
    if (X509_verify_cert(verification) != 1) {
        return 0;
    }
    if (host == NULL || !is_good(pool, verification, host)) {
        X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    return 1;
}
