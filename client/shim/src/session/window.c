#include "session/window.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "program/log.h"

/* Both this process and the server's worker must have the place free, and the GPU must reach it. Programs, libraries and
 * stacks lie at both ends of the address space (0 to 1 TiB, 85 TiB to 128 TiB), sanitizers keep their shadows below
 * 16 TiB; most programs have nothing in between. The last places serve where something does. */
#define TIB (1ull << 40)
static const uint64_t first_place = 16 * TIB, end_of_places = 80 * TIB;
static const uint64_t most_bytes = 4 * TIB; /* twice the memory of eight large GPUs, and more */
static const uint64_t least_bytes = 32ull << 30;
static const uint64_t alignment = 2u << 20;

/* 0 if the place is not free here; errno says why. */
static uint64_t map_at(uint64_t place, uint64_t bytes)
{
    void *got = mmap((void *)(uintptr_t)place, bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED)
        return 0;
    if ((uint64_t)(uintptr_t)got == place)
        return place;
    munmap(got, bytes); /* kernels before 4.17 and thread sanitizers take the address as a hint */
    errno = EEXIST;
    return 0;
}

static uint64_t map_anywhere(uint64_t bytes)
{
    void *got = mmap(NULL, bytes + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return got == MAP_FAILED ? 0 : ((uint64_t)(uintptr_t)got + alignment - 1) / alignment * alignment;
}

static bool take(struct bf_worker *worker, uint64_t place, uint64_t bytes)
{
    worker->window_base = place;
    worker->window_bytes = place ? bytes : 0;
    return place != 0;
}

CUresult bf_window_reserve(struct bf_worker *worker)
{
    uint64_t place = first_place;
    bool again = worker->window_bytes != 0;
    if (again) {
        place = worker->window_base + most_bytes;
        munmap((void *)(uintptr_t)worker->window_base, worker->window_bytes);
    }
    for (; place < end_of_places; place += most_bytes) {
        for (uint64_t bytes = most_bytes; bytes >= least_bytes; bytes /= 2) {
            if (take(worker, map_at(place, bytes), bytes))
                return CUDA_SUCCESS;
            if (errno != ENOMEM) /* taken; otherwise over a limit */
                break;
        }
    }
    /* Past the end: the last of the places. Beyond it there is no other. */
    for (uint64_t bytes = most_bytes; place < end_of_places + most_bytes && bytes >= least_bytes; bytes /= 2) {
        if (take(worker, map_anywhere(bytes), bytes))
            return CUDA_SUCCESS;
    }
    if (again)
        bf_say("%s can set no addresses aside that are free in this program.", worker->name);
    else
        bf_say("cannot reserve 32 GiB of address space for device addresses: %s. Raise \"ulimit -v\".", strerror(errno));
    return CUDA_ERROR_OUT_OF_MEMORY;
}

bool bf_window_reserve_at(struct bf_worker *worker, uint64_t base, uint64_t bytes)
{
    bool possible = base % alignment == 0 && bytes % alignment == 0 && bytes &&
                    base < end_of_places && bytes <= end_of_places - base;
    return possible && take(worker, map_at(base, bytes), bytes);
}

void bf_window_give_up(struct bf_worker *worker)
{
    munmap((void *)(uintptr_t)worker->window_base, worker->window_bytes);
    worker->window_base = worker->window_bytes = 0;
}
