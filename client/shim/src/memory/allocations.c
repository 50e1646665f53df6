#include "memory/allocations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "program/threads.h"
#include "program/ranks.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bf_allocation *sorted; /* by base */
static size_t count, capacity;
static _Atomic uint64_t generation = 1; /* changes with every change of the table */
static uint64_t next_id = 1;

/* The number of allocations that begin at or before the address. Called with the lock. */
static size_t up_to(CUdeviceptr address)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle].base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct bf_allocation *holding(CUdeviceptr address)
{
    size_t index = up_to(address);
    struct bf_allocation *found = index ? &sorted[index - 1] : NULL;
    return found && address - found->base < found->bytes ? found : NULL;
}

bool bf_allocation_add(struct bf_allocation allocation)
{
    bool good = true;
    bf_lock(&lock, BF_LEAF);
    if (count == capacity) {
        size_t larger = capacity ? 2 * capacity : 256;
        struct bf_allocation *grown = realloc(sorted, larger * sizeof *sorted);
        good = grown != NULL;
        if (good) {
            sorted = grown;
            capacity = larger;
        }
    }
    size_t index = up_to(allocation.base);
    if (good && allocation.kind == BF_GLOBAL && index &&
        sorted[index - 1].base == allocation.base) {
        good = true; /* the same variable, asked for again */
    } else if (good) {
        allocation.id = next_id++;
        memmove(&sorted[index + 1], &sorted[index], (count - index) * sizeof *sorted);
        sorted[index] = allocation;
        count++;
        atomic_fetch_add(&generation, 1);
    }
    bf_unlock(&lock, BF_LEAF);
    return good;
}

static bool is_mapped_here(uint64_t address)
{
    unsigned char there;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return !mincore((void *)(uintptr_t)(address / page * page), 1, &there) || errno != ENOMEM;
}

/* The real driver places a module's variables itself, outside of the window; but never where this
 * process has memory. */
static bool is_a_variable_of_no_host_memory(const struct bf_allocation *given)
{
    uint64_t end;
    return given->kind == BF_GLOBAL && given->bytes && given->base >= 1 << 20 &&
           !__builtin_add_overflow(given->base, given->bytes, &end) && end <= 1ull << 47 &&
           !is_mapped_here(given->base) && !is_mapped_here(end - 1);
}

CUresult bf_allocation_given(struct bf_allocation given)
{
    struct bf_worker *worker = given.context->device->worker;
    uint64_t offset = given.base - worker->window_base;
    if ((offset > worker->window_bytes || given.bytes > worker->window_bytes - offset) &&
        !is_a_variable_of_no_host_memory(&given)) {
        bf_connection_end(&worker->connection, "the worker gave addresses outside of its window");
        return CUDA_ERROR_DEVICE_UNAVAILABLE;
    }
    return bf_allocation_add(given) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static void take_out(size_t index)
{
    memmove(&sorted[index], &sorted[index + 1], (count - index - 1) * sizeof *sorted);
    count--;
    atomic_fetch_add(&generation, 1);
}

bool bf_allocation_remove(CUdeviceptr base, struct bf_allocation *removed)
{
    bf_lock(&lock, BF_LEAF);
    struct bf_allocation *found = holding(base);
    bool good = found && found->base == base && found->kind != BF_GLOBAL;
    if (good) {
        *removed = *found;
        take_out((size_t)(found - sorted));
    }
    bf_unlock(&lock, BF_LEAF);
    return good;
}

bool bf_allocation_find(CUdeviceptr address, struct bf_allocation *out)
{
    bf_lock(&lock, BF_LEAF);
    const struct bf_allocation *found = holding(address);
    if (found)
        *out = *found;
    bf_unlock(&lock, BF_LEAF);
    return found != NULL;
}

bool bf_allocation_covers(CUdeviceptr address, size_t bytes)
{
    struct bf_thread *thread = bf_thread_self();
    uint64_t now = atomic_load_explicit(&generation, memory_order_acquire);
    if (!thread)
        return false;
    if (thread->found_generation != now ||
        address - thread->found_low >= thread->found_high - thread->found_low) {
        struct bf_allocation found;
        if (!bf_allocation_find(address, &found))
            return false;
        thread->found_generation = now;
        thread->found_low = found.base;
        thread->found_high = found.base + found.bytes;
    }
    return bytes <= thread->found_high - address;
}

void bf_allocations_forget(const struct bf_context *context, uint64_t owner)
{
    bf_lock(&lock, BF_LEAF);
    for (size_t i = count; i-- > 0;) {
        if (sorted[i].context == context && sorted[i].owner == owner)
            take_out(i);
    }
    bf_unlock(&lock, BF_LEAF);
}

bool bf_is_device_address(CUdeviceptr address)
{
    bool found = false;
    for (unsigned i = 0; i < bf_state.worker_count && !found; i++)
        found = address - bf_state.workers[i]->window_base < bf_state.workers[i]->window_bytes;
    if (!found) { /* a device without virtual memory management has addresses of its own */
        struct bf_allocation allocation;
        found = bf_allocation_find(address, &allocation);
    }
    return found;
}
