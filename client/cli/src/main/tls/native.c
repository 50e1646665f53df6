/* The methods of NativeTls.java. Handles are addresses; Java sees to it that none is used after it was closed. */
#include <jni.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "pool.h"

#define METHOD(type, name) JNIEXPORT type JNICALL Java_org_bitfusion_cli_connection_NativeTls_##name

enum { FACTS = 3 };

static void *of_handle(jlong handle) {
    return (void *)(uintptr_t)handle;
}

static jlong to_handle(void *pointer) {
    return (jlong)(uintptr_t)pointer;
}

/* Its bytes with a zero behind them, to be freed. NULL: no memory, or there is a zero within. */
static char *text(JNIEnv *java, jbyteArray bytes) {
    jsize length = (*java)->GetArrayLength(java, bytes);
    char *text = malloc((size_t)length + 1);
    if (text == NULL) {
        return NULL;
    }
    (*java)->GetByteArrayRegion(java, bytes, 0, length, (jbyte *)text);
    text[length] = '\0';
    if (strlen(text) != (size_t)length) {
        free(text);
        return NULL;
    }
    return text;
}

METHOD(jlong, openPool)(JNIEnv *java, jclass self, jbyteArray authority, jbyteArray identity, jlongArray facts) {
    (void)self;
    char *authority_file = text(java, authority);
    char *identity_file = identity == NULL ? NULL : text(java, identity);
    struct pool *pool = NULL;
    if (authority_file != NULL && (identity == NULL || identity_file != NULL)) {
        pool = pool_open(authority_file, identity_file);
    }
    free(authority_file);
    free(identity_file);
    if (pool != NULL && pool->is_enrolled) {
        const jlong found[FACTS] = {pool->not_before, pool->not_after, pool->is_of_pool ? pool->last_of_serial : -1};
        (*java)->SetLongArrayRegion(java, facts, 0, FACTS, found);
    }
    return to_handle(pool);
}

METHOD(jlong, openEngine)(JNIEnv *java, jclass self, jlong pool, jbyteArray host) {
    (void)self;
    char *name = text(java, host);
    struct engine *engine = name == NULL ? NULL : engine_new(of_handle(pool), name);
    free(name);
    return to_handle(engine);
}

/* Feeds the first `count` bytes. */
static bool feed(JNIEnv *java, struct engine *engine, jbyteArray bytes, jint count) {
    jbyte part[ENGINE_RECORD];
    if (count < 0 || count > ENGINE_RECORD || count > (*java)->GetArrayLength(java, bytes)) {
        return false;
    }
    (*java)->GetByteArrayRegion(java, bytes, 0, count, part);
    return engine_feed(engine, part, (size_t)count);
}

METHOD(jint, shakeHands)(JNIEnv *java, jclass self, jlong handle, jbyteArray bytes, jint count) {
    (void)self;
    struct engine *engine = of_handle(handle);
    return feed(java, engine, bytes, count) ? engine_shake_hands(engine) : ENGINE_FAILED;
}

METHOD(jint, decrypt)
(JNIEnv *java, jclass self, jlong handle, jbyteArray bytes, jint count, jbyteArray to, jint offset, jint room) {
    (void)self;
    struct engine *engine = of_handle(handle);
    jbyte plain[ENGINE_RECORD];
    if (room <= 0 || !feed(java, engine, bytes, count)) {
        return ENGINE_FAILED;
    }
    int moved = engine_decrypt(engine, plain, room < ENGINE_RECORD ? (size_t)room : ENGINE_RECORD);
    if (moved > 0) {
        (*java)->SetByteArrayRegion(java, to, offset, moved, plain);
    }
    return moved;
}

METHOD(jboolean, encrypt)(JNIEnv *java, jclass self, jlong handle, jbyteArray from, jint offset, jint count) {
    (void)self;
    jbyte part[ENGINE_RECORD];
    if (count < 0 || count > ENGINE_RECORD) {
        return JNI_FALSE;
    }
    (*java)->GetByteArrayRegion(java, from, offset, count, part);
    return !(*java)->ExceptionCheck(java) && engine_encrypt(of_handle(handle), part, (size_t)count);
}

METHOD(void, end)(JNIEnv *java, jclass self, jlong handle) {
    (void)java;
    (void)self;
    engine_end(of_handle(handle));
}

METHOD(jbyteArray, outgoing)(JNIEnv *java, jclass self, jlong handle) {
    (void)self;
    struct engine *engine = of_handle(handle);
    size_t pending = engine_pending(engine);
    jbyteArray bytes = (*java)->NewByteArray(java, (jsize)pending);
    if (bytes == NULL) {
        return NULL;
    }
    for (size_t done = 0; done < pending;) {
        jbyte part[ENGINE_RECORD];
        size_t step = pending - done < sizeof part ? pending - done : sizeof part;
        if (!engine_take(engine, part, step)) {
            return NULL;
        }
        (*java)->SetByteArrayRegion(java, bytes, (jsize)done, (jsize)step, part);
        done += step;
    }
    return bytes;
}

METHOD(jboolean, export)(JNIEnv *java, jclass self, jlong handle, jbyteArray label, jbyteArray to) {
    (void)self;
    jbyte exported[ENGINE_RECORD];
    jsize count = (*java)->GetArrayLength(java, to);
    char *name = count > ENGINE_RECORD ? NULL : text(java, label);
    bool good = name != NULL && engine_export(of_handle(handle), name, exported, (size_t)count);
    free(name);
    if (good) {
        (*java)->SetByteArrayRegion(java, to, 0, count, exported);
    }
    return good;
}

METHOD(void, closeEngine)(JNIEnv *java, jclass self, jlong handle) {
    (void)java;
    (void)self;
    engine_free(of_handle(handle));
}
