#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "strict.h"

enum range_kind { RESERVED, MAPPED, PLAIN, HOST };

struct range {
    struct range *next;
    enum range_kind kind;
    uint64_t address, bytes;
    struct physical *physical;
    bool accessible;
    int device;
    unsigned readers; /* bit d: device d may use it */
};

/* Memory of a device that may be mapped somewhere; CUDA counts its users: the handle and each mapping. */
struct physical {
    uint32_t magic;
    int device, descriptor;
    uint64_t bytes;
    unsigned users;
};

enum { PHYSICAL = 0x50687973 };

static struct range *ranges;
static uint64_t total[MOST_DEVICES], taken[MOST_DEVICES], refuse_below;

void memory_start(void)
{
    const char *memory = getenv("STRICT_MEMORY");
    uint64_t mib = 1024;
    for (int i = 0; i < MOST_DEVICES; i++) {
        if (memory && *memory) {
            char *end;
            mib = strtoull(memory, &end, 0);
            memory = *end == ',' ? end + 1 : NULL;
        }
        total[i] = mib << 20;
        taken[i] = 0;
    }
    while (ranges) {
        struct range *gone = ranges;
        ranges = gone->next;
        munmap((void *)gone->address, gone->bytes);
        free(gone);
    }
    const char *below = getenv("STRICT_REFUSE_BELOW");
    refuse_below = below ? strtoull(below, NULL, 0) : 0;
}

/* Hints below this address are refused from now on. */
void strict_refuse_below(uint64_t address);
void strict_refuse_below(uint64_t address)
{
    refuse_below = address;
}

/* Bytes of a device that are in use. */
uint64_t strict_taken(int device);
uint64_t strict_taken(int device)
{
    return taken[device];
}

/* How many ranges of addresses are reserved. */
uint64_t strict_reservations(void);
uint64_t strict_reservations(void)
{
    uint64_t count = 0;
    pthread_mutex_lock(&strict_lock);
    for (struct range *range = ranges; range; range = range->next)
        count += range->kind == RESERVED;
    pthread_mutex_unlock(&strict_lock);
    return count;
}

bool memory_take(int device, uint64_t bytes)
{
    if (bytes > total[device] - taken[device])
        return false;
    taken[device] += bytes;
    return true;
}

void memory_give(int device, uint64_t bytes)
{
    taken[device] -= bytes;
}

static struct range *add(enum range_kind kind, uint64_t address, uint64_t bytes, int device)
{
    struct range *range = calloc(1, sizeof *range);
    *range = (struct range){.next = ranges, .kind = kind, .address = address, .bytes = bytes, .device = device};
    ranges = range;
    return range;
}

static struct range *find(enum range_kind kind, uint64_t address)
{
    struct range *range = ranges;
    while (range && (range->kind != kind || range->address != address))
        range = range->next;
    return range;
}

static void remove_range(struct range *range)
{
    struct range **link = &ranges;
    while (*link != range)
        link = &(*link)->next;
    *link = range->next;
    free(range);
}

/* The bytes may lie in several mappings that follow each other. */
bool memory_covers(uint64_t address, uint64_t bytes)
{
    if (address + bytes < address)
        return false;
    uint64_t at = address, end = address + (bytes ? bytes : 1);
    while (at < end) {
        struct range *range = ranges;
        while (range && !(((range->kind == MAPPED && range->accessible) || range->kind == PLAIN) &&
                          at - range->address < range->bytes))
            range = range->next;
        if (!range)
            return false;
        at = range->address + range->bytes;
    }
    return true;
}

uint64_t memory_map_anywhere(int device, uint64_t bytes)
{
    uint64_t whole = (bytes + PAGE_2M - 1) / PAGE_2M * PAGE_2M;
    if (!memory_take(device, whole))
        return 0;
    void *place = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) {
        memory_give(device, whole);
        return 0;
    }
    add(PLAIN, (uint64_t)place, whole, device);
    return (uint64_t)place;
}

void memory_unmap_anywhere(uint64_t address)
{
    struct range *range = find(PLAIN, address);
    if (range) {
        memory_give(range->device, range->bytes);
        munmap((void *)range->address, range->bytes);
        remove_range(range);
    }
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    if (device < 0 || device >= strict_devices)
        return CUDA_ERROR_INVALID_DEVICE;
    *bytes = total[device];
    return CUDA_SUCCESS;
}

CUresult cuMemGetInfo_v2(size_t *available, size_t *all)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    *available = total[context->device] - taken[context->device];
    *all = total[context->device];
    return strict_leave(CUDA_SUCCESS);
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    *address = bytes ? memory_map_anywhere(context->device, bytes) : 0;
    return strict_leave(!bytes ? CUDA_ERROR_INVALID_VALUE : *address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY);
}

CUresult cuMemFree_v2(CUdeviceptr address)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    if (!find(PLAIN, address))
        return strict_leave(CUDA_ERROR_INVALID_VALUE);
    while (!strict_error && !context_idle(context))
        strict_wait();
    memory_unmap_anywhere(address);
    return strict_leave(strict_error);
}

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned int flags)
{
    (void)flags;
    CUresult status;
    if (!strict_enter(&status))
        return status;
    void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        return strict_leave(CUDA_ERROR_OUT_OF_MEMORY);
    add(HOST, (uint64_t)place, bytes, 0);
    *pointer = place;
    return strict_leave(CUDA_SUCCESS);
}

CUresult cuMemFreeHost(void *pointer)
{
    CUresult status;
    struct context *context = strict_enter(&status);
    if (!context)
        return status;
    struct range *range = find(HOST, (uint64_t)pointer);
    if (!range)
        return strict_leave(CUDA_ERROR_INVALID_VALUE);
    while (!strict_error && !context_idle(context))
        strict_wait();
    munmap(pointer, range->bytes);
    remove_range(range);
    return strict_leave(CUDA_SUCCESS);
}

CUresult cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *properties,
                                       CUmemAllocationGranularity_flags option)
{
    (void)properties, (void)option;
    *granularity = PAGE_2M;
    return CUDA_SUCCESS;
}

/* Needs no context. Other addresses than those asked for are no error. */
CUresult cuMemAddressReserve(CUdeviceptr *address, size_t bytes, size_t alignment, CUdeviceptr hint,
                             unsigned long long flags)
{
    if (!bytes || bytes % PAGE_2M || flags || hint % PAGE_2M || (alignment & (alignment - 1)))
        return CUDA_ERROR_INVALID_VALUE;
    CUresult past = strict_enter_alone();
    if (past)
        return past;
    void *place = MAP_FAILED;
    int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (hint && hint >= refuse_below)
        place = mmap((void *)hint, bytes, PROT_NONE, how | MAP_FIXED_NOREPLACE, -1, 0);
    if (place == MAP_FAILED) {
        uint64_t room = bytes + PAGE_2M;
        place = mmap(NULL, room, PROT_NONE, how, -1, 0);
        if (place == MAP_FAILED)
            return strict_leave(CUDA_ERROR_OUT_OF_MEMORY);
        uint64_t aligned = ((uint64_t)place + PAGE_2M - 1) / PAGE_2M * PAGE_2M;
        if (aligned != (uint64_t)place)
            munmap(place, aligned - (uint64_t)place);
        munmap((void *)(aligned + bytes), (uint64_t)place + room - aligned - bytes);
        place = (void *)aligned;
    }
    add(RESERVED, (uint64_t)place, bytes, 0);
    *address = (uint64_t)place;
    return strict_leave(CUDA_SUCCESS);
}

CUresult cuMemAddressFree(CUdeviceptr address, size_t bytes)
{
    CUresult past = strict_enter_alone();
    if (past)
        return past;
    struct range *range = find(RESERVED, address);
    if (!range || range->bytes != bytes)
        return strict_leave(CUDA_ERROR_INVALID_VALUE);
    for (struct range *other = ranges; other; other = other->next) {
        if (other->kind == MAPPED && other->address - address < bytes)
            return strict_leave(CUDA_ERROR_INVALID_VALUE); /* unmap first */
    }
    munmap((void *)address, bytes);
    remove_range(range);
    return strict_leave(CUDA_SUCCESS);
}

static void leave_physical(struct physical *physical)
{
    if (--physical->users == 0) {
        memory_give(physical->device, physical->bytes);
        physical->magic = 0;
    }
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes, const CUmemAllocationProp *properties,
                     unsigned long long flags)
{
    if (!bytes || bytes % PAGE_2M || flags || properties->type != 1 || properties->location.type != 1)
        return CUDA_ERROR_INVALID_VALUE;
    int device = properties->location.id;
    if (device < 0 || device >= strict_devices)
        return CUDA_ERROR_INVALID_DEVICE;
    CUresult past = strict_enter_alone();
    if (past)
        return past;
    if (strict_error)
        return strict_leave(strict_error);
    if (!memory_take(device, bytes))
        return strict_leave(CUDA_ERROR_OUT_OF_MEMORY);
    struct physical *physical = calloc(1, sizeof *physical);
    *physical = (struct physical){.magic = PHYSICAL, .device = device, .bytes = bytes, .users = 1};
    *handle = (uint64_t)physical;
    return strict_leave(CUDA_SUCCESS);
}

static struct physical *physical_of(CUmemGenericAllocationHandle handle)
{
    struct physical *physical = (struct physical *)handle;
    return physical && physical->magic == PHYSICAL ? physical : NULL;
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
    CUresult past = strict_enter_alone();
    if (past)
        return past;
    struct physical *physical = physical_of(handle);
    if (physical)
        leave_physical(physical);
    return strict_leave(physical ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,
                  unsigned long long flags)
{
    CUresult past = strict_enter_alone();
    if (past)
        return past;
    struct physical *physical = physical_of(handle);
    bool good = physical && !flags && !offset && bytes == physical->bytes && address % PAGE_2M == 0;
    bool reserved = false;
    for (struct range *range = ranges; range; range = range->next) {
        reserved = reserved || (range->kind == RESERVED && address - range->address < range->bytes &&
                                address + bytes - range->address <= range->bytes);
        if (range->kind == MAPPED && address < range->address + range->bytes && range->address < address + bytes)
            good = false;
    }
    if (good && reserved) {
        physical->users++;
        add(MAPPED, address, bytes, physical->device)->physical = physical;
    }
    return strict_leave(good && reserved ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

/* Over one mapping or several that follow each other. */
CUresult cuMemSetAccess(CUdeviceptr address, size_t bytes, const CUmemAccessDesc *wanted, size_t count)
{
    CUresult past = strict_enter_alone();
    if (past)
        return past;
    uint64_t at = address;
    while (at < address + bytes) {
        struct range *range = find(MAPPED, at);
        if (!range || at + range->bytes > address + bytes)
            return strict_leave(CUDA_ERROR_INVALID_VALUE);
        for (size_t i = 0; i < count; i++) {
            if (wanted[i].location.type != 1 || wanted[i].location.id >= strict_devices)
                return strict_leave(CUDA_ERROR_INVALID_VALUE);
            if (wanted[i].flags == 3)
                range->readers |= 1u << wanted[i].location.id;
            else
                range->readers &= ~(1u << wanted[i].location.id);
        }
        if (!range->accessible && mprotect((void *)range->address, range->bytes, PROT_READ | PROT_WRITE))
            return strict_leave(CUDA_ERROR_OUT_OF_MEMORY);
        range->accessible = true;
        at += range->bytes;
    }
    return strict_leave(CUDA_SUCCESS);
}

/* Bit d: device d may use the memory at the address. */
uint64_t strict_readers(uint64_t address);
uint64_t strict_readers(uint64_t address)
{
    unsigned readers = 0;
    pthread_mutex_lock(&strict_lock);
    for (struct range *range = ranges; range; range = range->next) {
        if (range->kind == MAPPED && address - range->address < range->bytes)
            readers = range->readers;
    }
    pthread_mutex_unlock(&strict_lock);
    return readers;
}

/* Whoever still uses the memory faults. */
CUresult cuMemUnmap(CUdeviceptr address, size_t bytes)
{
    CUresult past = strict_enter_alone();
    if (past)
        return past;
    struct range *range = find(MAPPED, address);
    if (!range || range->bytes != bytes)
        return strict_leave(CUDA_ERROR_INVALID_VALUE);
    mmap((void *)address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    leave_physical(range->physical);
    remove_range(range);
    return strict_leave(CUDA_SUCCESS);
}
