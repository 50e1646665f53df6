/*
 * Tables of what the program holds handles of. A handle is (worker << 56 | kind << 48 | generation
 * << 24 | slot): never given twice in the process (a slot whose generations are used up is not
 * used again), never an address, and the same number on the wire. Looking one up takes no lock, and
 * a handle that was closed, or never given, is not found; an object's memory stays an object of its
 * kind for ever.
 */
#ifndef BF_OBJECTS_H
#define BF_OBJECTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bf_kind {
    BF_CONTEXT = 1,
    BF_STREAM,
    BF_EVENT,
    BF_MODULE,
    BF_FUNCTION,
    BF_POOL,
    BF_TICKET,
    BF_KERNEL,
    BF_LIBRARY,
    BF_KINDS
};

/* First member of every object. */
struct bf_object {
    _Atomic uint64_t open; /* the handle while it can be found, else 0 */
    uint64_t handle;
    uint32_t slot;
    uint32_t generation;
    uint32_t next_free;
};

/* A zeroed object with a fresh handle that nobody can find yet; NULL if there is no memory. */
void *bf_object_new(enum bf_kind kind, unsigned worker);

/* From now on bf_object_find finds it. */
void bf_object_publish(void *object);

/* The object with this handle, or NULL. */
void *bf_object_find(enum bf_kind kind, uint64_t handle);

/* Ends the handle. False if another thread was faster, or it was never open; true: the caller still
 * owns the memory's use. */
bool bf_object_close(void *object);

/* Gives the slot back; after bf_object_close, or for an object that was never published. */
void bf_object_release(enum bf_kind kind, void *object);

/* Calls visit for every open object of the kind. */
void bf_object_each(enum bf_kind kind, void (*visit)(void *object, void *argument), void *argument);

#endif
