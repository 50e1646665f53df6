#include "memory/pinned.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/allocations.h"
#include "copies/late.h"
#include "copies/reads.h"
#include "program/refusals.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct bf_pinned *sorted; /* by base */
static size_t count, capacity;
static uint64_t next_id = (uint64_t)1 << 62;

static size_t up_to(uintptr_t address)
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

static const struct bf_pinned *holding(uintptr_t address)
{
    size_t index = up_to(address);
    return index && address - sorted[index - 1].base < sorted[index - 1].bytes ? &sorted[index - 1]
                                                                               : NULL;
}

bool bf_pinned_find(const void *address, struct bf_pinned *out)
{
    pthread_rwlock_rdlock(&lock);
    const struct bf_pinned *found = holding((uintptr_t)address);
    if (found)
        *out = *found;
    pthread_rwlock_unlock(&lock);
    return found != NULL;
}

bool bf_pinned_covers(const void *address, size_t bytes)
{
    pthread_rwlock_rdlock(&lock);
    const struct bf_pinned *found = holding((uintptr_t)address);
    bool covers = found && bytes <= found->base + found->bytes - (uintptr_t)address;
    pthread_rwlock_unlock(&lock);
    return covers;
}

/* Adds a range unless it overlaps another. */
static CUresult add(struct bf_pinned range)
{
    CUresult status = CUDA_SUCCESS;
    pthread_rwlock_wrlock(&lock);
    size_t index = up_to(range.base);
    if (holding(range.base) || (index < count && sorted[index].base - range.base < range.bytes))
        status = CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    if (status == CUDA_SUCCESS && count == capacity) {
        size_t larger = capacity ? 2 * capacity : 64;
        struct bf_pinned *grown = realloc(sorted, larger * sizeof *sorted);
        if (grown) {
            sorted = grown;
            capacity = larger;
        } else {
            status = CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    if (status == CUDA_SUCCESS) {
        range.id = next_id++;
        memmove(&sorted[index + 1], &sorted[index], (count - index) * sizeof *sorted);
        sorted[index] = range;
        count++;
    }
    pthread_rwlock_unlock(&lock);
    return status;
}

static bool take_out(void *pointer, bool allocated, struct bf_pinned *range)
{
    pthread_rwlock_wrlock(&lock);
    const struct bf_pinned *found = holding((uintptr_t)pointer);
    bool good = found && found->base == (uintptr_t)pointer && found->allocated == allocated;
    if (good) {
        size_t index = (size_t)(found - sorted);
        *range = *found;
        memmove(&sorted[index], &sorted[index + 1], (count - index - 1) * sizeof *sorted);
        count--;
    }
    pthread_rwlock_unlock(&lock);
    return good;
}

static size_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

CUresult bf_cuMemHostAlloc(void **pointer, size_t bytes, unsigned int flags)
{
    struct bf_context *context;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS && (!pointer || !bytes ||
                                   (flags & ~(CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP |
                                              CU_MEMHOSTALLOC_WRITECOMBINED))))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && whole_pages(bytes) < bytes)
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (status != CUDA_SUCCESS)
        return status;
    void *memory =
        mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return CUDA_ERROR_OUT_OF_MEMORY;
    struct bf_pinned range = {.base = (uintptr_t)memory,
                              .bytes = bytes,
                              .flags = flags,
                              .allocated = true,
                              .context = context->object.handle};
    status = add(range);
    if (status == CUDA_SUCCESS)
        *pointer = memory;
    else
        munmap(memory, whole_pages(bytes));
    return status;
}

CUresult bf_cuMemAllocHost_v2(void **pointer, size_t bytes)
{
    return bf_cuMemHostAlloc(pointer, bytes, 0);
}

/* Copies under way still read from the memory, or write to it. */
static CUresult await_copies(const void *pointer)
{
    struct bf_pinned range;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && bf_pinned_find(pointer, &range)) {
        bf_late_wait(range.base, range.base + range.bytes);
        bf_reads_wait(range.base, range.base + range.bytes);
    }
    return status;
}

CUresult bf_cuMemFreeHost(void *pointer)
{
    struct bf_pinned range;
    CUresult status = await_copies(pointer);
    if (status == CUDA_SUCCESS && !take_out(pointer, true, &range))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        munmap(pointer, whole_pages(range.bytes));
    return status;
}

/* Whether something is mapped at every page. */
static bool mapped(uintptr_t base, size_t bytes)
{
    unsigned char residence[256];
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    bool good = true;
    for (uintptr_t at = base / page * page; good && at < base + bytes;
         at += sizeof residence * page) {
        uintptr_t left = base + bytes - at;
        good = !mincore((void *)at, left < sizeof residence * page ? left : sizeof residence * page,
                        residence);
    }
    return good;
}

CUresult bf_cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned int flags)
{
    struct bf_context *context;
    const unsigned known = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP |
                           CU_MEMHOSTREGISTER_IOMEMORY | CU_MEMHOSTREGISTER_READ_ONLY;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS &&
        (!pointer || !bytes || (flags & ~known) || (uintptr_t)pointer + bytes < (uintptr_t)pointer))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && (flags & CU_MEMHOSTREGISTER_IOMEMORY))
        status = bf_refused("memory of a device in cuMemHostRegister");
    if (status == CUDA_SUCCESS && (bf_is_device_address((CUdeviceptr)(uintptr_t)pointer) ||
                                   !mapped((uintptr_t)pointer, bytes)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct bf_pinned range = {.base = (uintptr_t)pointer,
                                  .bytes = bytes,
                                  .flags = flags,
                                  .context = context->object.handle};
        status = add(range);
    }
    return status;
}

CUresult bf_cuMemHostUnregister(void *pointer)
{
    struct bf_pinned range;
    CUresult status = await_copies(pointer);
    if (status == CUDA_SUCCESS && !pointer)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !take_out(pointer, false, &range))
        status = CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    return status;
}

CUresult bf_cuMemHostGetFlags(unsigned int *flags, void *pointer)
{
    struct bf_pinned range;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!flags || !bf_pinned_find(pointer, &range)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = range.flags;
    return status;
}
