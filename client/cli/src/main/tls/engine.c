#include "engine.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* As JSSE does it: full names only. */
static bool is_server_name(const char *host) {
    unsigned char address[sizeof(struct in6_addr)];
    const char *dot = strchr(host, '.');
    return dot != NULL && host[strlen(host) - 1] != '.' && inet_pton(AF_INET, host, address) != 1 && strpbrk(host, ":[]%") == NULL;
}

static bool begin(struct engine *engine, const struct pool *pool) {
    engine->ssl = SSL_new(pool->context);
    engine->incoming = BIO_new(BIO_s_mem());
    engine->outgoing = BIO_new(BIO_s_mem());
    if (engine->ssl == NULL || engine->incoming == NULL || engine->outgoing == NULL) {
        BIO_free(engine->incoming);
        BIO_free(engine->outgoing);
        return false;
    }
    SSL_set_bio(engine->ssl, engine->incoming, engine->outgoing);
    SSL_set_connect_state(engine->ssl);
    return SSL_set_app_data(engine->ssl, engine->host) == 1 &&
           (!is_server_name(engine->host) || SSL_set_tlsext_host_name(engine->ssl, engine->host) == 1);
}

struct engine *engine_new(const struct pool *pool, const char *host) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return NULL;
    }
    engine->host = strdup(host);
    if (engine->host == NULL || host[0] == '\0' || !begin(engine, pool)) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

bool engine_feed(struct engine *engine, const void *bytes, size_t count) {
    return count == 0 || (count <= INT_MAX && BIO_write(engine->incoming, bytes, (int)count) == (int)count);
}

/* Why a call did not do what was asked for. */
static int reason(const struct engine *engine, int result) {
    switch (SSL_get_error(engine->ssl, result)) {
        case SSL_ERROR_WANT_READ:
            return 0;
        case SSL_ERROR_ZERO_RETURN:
            return ENGINE_CLOSED;
        default:
            break;
    }
    int alert = ERR_GET_REASON(ERR_peek_last_error()) - SSL_AD_REASON_OFFSET;
    bool alerted = ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_SSL && alert >= 0 && alert <= UCHAR_MAX;
    return alerted ? ENGINE_ALERTED - alert : ENGINE_FAILED;
}

int engine_shake_hands(struct engine *engine) {
    ERR_clear_error();
    int result = SSL_do_handshake(engine->ssl);
    if (result == 1) {
        return 1;
    }
    return reason(engine, result) == 0 ? 0 : ENGINE_FAILED;
}

int engine_decrypt(struct engine *engine, void *to, size_t room) {
    ERR_clear_error();
    int moved = SSL_read(engine->ssl, to, room > INT_MAX ? INT_MAX : (int)room);
    return moved > 0 ? moved : reason(engine, moved);
}

bool engine_encrypt(struct engine *engine, const void *bytes, size_t count) {
    ERR_clear_error();
    return count == 0 || (count <= INT_MAX && SSL_write(engine->ssl, bytes, (int)count) == (int)count);
}

void engine_end(struct engine *engine) {
    ERR_clear_error();
    if (SSL_is_init_finished(engine->ssl)) {
        SSL_shutdown(engine->ssl);
    }
}

size_t engine_pending(const struct engine *engine) {
    return BIO_ctrl_pending(engine->outgoing);
}

bool engine_take(struct engine *engine, void *to, size_t count) {
    return count == 0 || (count <= INT_MAX && BIO_read(engine->outgoing, to, (int)count) == (int)count);
}

bool engine_export(struct engine *engine, const char *label, void *to, size_t count) {
    return SSL_is_init_finished(engine->ssl) &&
           SSL_export_keying_material(engine->ssl, to, count, label, strlen(label), NULL, 0, 0) == 1;
}

void engine_free(struct engine *engine) {
    if (engine != NULL) {
        SSL_free(engine->ssl);
        free(engine->host);
        free(engine);
    }
}
