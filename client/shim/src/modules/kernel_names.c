#include "modules/kernel_names.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 };

/* FNV-1a. */
static uint64_t hash(const char *name)
{
    uint64_t value = 0xcbf29ce484222325u;
    for (; *name; name++)
        value = (value ^ (uint8_t)*name) * 0x100000001b3u;
    return value;
}

/* Where the name is, or would be put. The capacity is a power of two and never used up. */
static size_t slot_of(struct bf_kernel *const *slots, size_t capacity, const char *name)
{
    size_t at = hash(name) & (capacity - 1);
    while (slots[at] && strcmp(slots[at]->name, name))
        at = (at + 1) & (capacity - 1);
    return at;
}

struct bf_kernel *bf_kernel_names_find(const struct bf_kernel_names *names, const char *name)
{
    return names->capacity ? names->slots[slot_of(names->slots, names->capacity, name)] : NULL;
}

static bool grow(struct bf_kernel_names *names)
{
    size_t capacity = names->capacity ? 2 * names->capacity : FIRST_CAPACITY;
    struct bf_kernel **slots = calloc(capacity, sizeof(struct bf_kernel *));
    if (!slots)
        return false;
    for (size_t i = 0; i < names->capacity; i++) {
        if (names->slots[i])
            slots[slot_of(slots, capacity, names->slots[i]->name)] = names->slots[i];
    }
    free(names->slots);
    names->slots = slots;
    names->capacity = capacity;
    return true;
}

bool bf_kernel_names_add(struct bf_kernel_names *names, struct bf_kernel *kernel)
{
    if (2 * (names->count + 1) > names->capacity && !grow(names))
        return false;
    names->slots[slot_of(names->slots, names->capacity, kernel->name)] = kernel;
    names->count++;
    return true;
}
