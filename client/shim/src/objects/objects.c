#include "objects/objects.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "objects/model.h"
#include "program/ranks.h"

enum { CHUNK_OBJECTS = 256, CHUNKS = 1 << 16, SLOT_BITS = 24 };
enum { LAST_GENERATION = (1 << (48 - SLOT_BITS)) - 1 };
_Static_assert(CHUNK_OBJECTS * CHUNKS == 1 << SLOT_BITS, "every slot has its number");

struct table {
    size_t object_bytes;
    pthread_mutex_t lock;
    uint32_t used;       /* slots ever handed out; slot 0 is never used */
    uint32_t first_free; /* 0: none */
    _Atomic(char *) *chunks;
};

#define TABLE(type)                                                                                \
    {                                                                                              \
        sizeof(struct type), PTHREAD_MUTEX_INITIALIZER, 1, 0, NULL                                 \
    }
static struct table tables[BF_KINDS] = {
    [BF_CONTEXT] = TABLE(bf_context),   [BF_STREAM] = TABLE(bf_stream),
    [BF_EVENT] = TABLE(bf_event),       [BF_MODULE] = TABLE(bf_module),
    [BF_FUNCTION] = TABLE(bf_function), [BF_POOL] = TABLE(bf_pool),
    [BF_TICKET] = TABLE(bf_ticket),     [BF_KERNEL] = TABLE(bf_kernel),
    [BF_LIBRARY] = TABLE(bf_library),
};

static struct bf_object *at(struct table *table, uint32_t slot)
{
    _Atomic(char *) *chunks = __atomic_load_n(&table->chunks, __ATOMIC_ACQUIRE);
    char *chunk =
        chunks ? atomic_load_explicit(&chunks[slot / CHUNK_OBJECTS], memory_order_acquire) : NULL;
    return chunk
               ? (struct bf_object *)(void *)(chunk + (slot % CHUNK_OBJECTS) * table->object_bytes)
               : NULL;
}

/* Makes sure that the slot has memory. Called with the lock. */
static struct bf_object *grow(struct table *table, uint32_t slot)
{
    if (slot / CHUNK_OBJECTS >= CHUNKS)
        return NULL;
    if (!table->chunks) {
        _Atomic(char *) *chunks = calloc(CHUNKS, sizeof *chunks);
        __atomic_store_n(&table->chunks, chunks, __ATOMIC_RELEASE);
    }
    if (table->chunks && !atomic_load(&table->chunks[slot / CHUNK_OBJECTS])) {
        char *chunk = calloc(CHUNK_OBJECTS, table->object_bytes);
        atomic_store_explicit(&table->chunks[slot / CHUNK_OBJECTS], chunk, memory_order_release);
    }
    return at(table, slot);
}

void *bf_object_new(enum bf_kind kind, unsigned worker)
{
    struct table *table = &tables[kind];
    struct bf_object *object = NULL;
    bf_lock(&table->lock, BF_LEAF);
    uint32_t slot = table->first_free;
    if (slot) {
        object = at(table, slot);
        table->first_free = object->next_free;
    } else {
        slot = table->used;
        object = grow(table, slot);
        table->used += object ? 1 : 0;
    }
    bf_unlock(&table->lock, BF_LEAF);
    if (object) {
        uint32_t generation = object->generation + 1;
        memset((char *)object + sizeof *object, 0, table->object_bytes - sizeof *object);
        object->generation = generation;
        object->slot = slot;
        object->handle = (uint64_t)worker << 56 | (uint64_t)kind << 48 |
                         (uint64_t)generation << SLOT_BITS | slot;
    }
    return object;
}

void bf_object_publish(void *object)
{
    struct bf_object *o = object;
    atomic_store_explicit(&o->open, o->handle, memory_order_release);
}

void *bf_object_find(enum bf_kind kind, uint64_t handle)
{
    struct bf_object *object = NULL;
    uint32_t slot = handle & ((1u << SLOT_BITS) - 1);
    if ((handle >> 48 & 0xff) == (uint64_t)kind)
        object = at(&tables[kind], slot);
    if (object && atomic_load_explicit(&object->open, memory_order_acquire) != handle)
        object = NULL;
    return object;
}

bool bf_object_close(void *object)
{
    struct bf_object *o = object;
    return atomic_exchange(&o->open, 0) != 0;
}

void bf_object_release(enum bf_kind kind, void *object)
{
    struct table *table = &tables[kind];
    struct bf_object *o = object;
    if (o->generation == LAST_GENERATION)
        return; /* its next handle would be one that was given before */
    bf_lock(&table->lock, BF_LEAF);
    o->next_free = table->first_free;
    table->first_free = o->slot;
    bf_unlock(&table->lock, BF_LEAF);
}

void bf_object_each(enum bf_kind kind, void (*visit)(void *object, void *argument), void *argument)
{
    struct table *table = &tables[kind];
    bf_lock(&table->lock, BF_LEAF);
    uint32_t used = table->used;
    bf_unlock(&table->lock, BF_LEAF);
    for (uint32_t slot = 1; slot < used; slot++) {
        struct bf_object *object = at(table, slot);
        if (object && atomic_load_explicit(&object->open, memory_order_acquire))
            visit(object, argument);
    }
}
