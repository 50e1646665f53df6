/*
 * NVML for the GPUs of the lease: the share is their memory, the lease's programs are theirs. Asks the dispatchers when it is
 * initialised, and again when something is wanted that changes and is not quite new; needs no session, opens none and
 * starts no thread. What nobody measures (temperature, power, clocks, utilisation) is NOT_SUPPORTED, which tools show as N/A.
 */
#include "nvml/nvml.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "nvml/use.h"
#include "objects/state.h"
#include "program/ranks.h"
#include "session/session.h"

enum { FRESH_MILLISECONDS = 250 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned initialised;
static struct bf_nvml_use use;
static struct timespec asked;

/* ---- Beginning and end ---- */
/* In a child whose parent was asking just then: it begins anew. */
static void after_fork_in_child(void)
{
    if (pthread_mutex_trylock(&lock)) {
        lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
        memset(&use, 0, sizeof use); /* what another thread was changing is not given back */
        initialised = 0;
    } else {
        pthread_mutex_unlock(&lock);
    }
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork_in_child);
}

static nvmlReturn_t initialise(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    bf_lock(&lock, BF_NVML);
    bool good = initialised || bf_nvml_use_ask(&use);
    if (good && !initialised++)
        clock_gettime(CLOCK_MONOTONIC, &asked);
    bf_unlock(&lock, BF_NVML);
    return good ? NVML_SUCCESS : NVML_ERROR_DRIVER_NOT_LOADED;
}

NVML nvmlInit_v2(void) { return initialise(); }
NVML nvmlInit(void) { return initialise(); }

NVML nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    return initialise();
}

NVML nvmlShutdown(void)
{
    bf_lock(&lock, BF_NVML);
    nvmlReturn_t result = initialised ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
    if (initialised && !--initialised)
        bf_nvml_use_free(&use);
    bf_unlock(&lock, BF_NVML);
    return result;
}

static const char *error_text(nvmlReturn_t result)
{
    switch ((int)result) {
    case NVML_SUCCESS: return "Success";
    case NVML_ERROR_UNINITIALIZED: return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT: return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED: return "Not Supported";
    case NVML_ERROR_NOT_FOUND: return "Not Found";
    case NVML_ERROR_INSUFFICIENT_SIZE: return "Insufficient Size";
    case NVML_ERROR_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case NVML_ERROR_TIMEOUT: return "Timeout";
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: return "Argument version mismatch";
    default: return "Unknown Error";
    }
}

__attribute__((visibility("default"))) const char *nvmlErrorString(nvmlReturn_t result)
{
    return error_text(result);
}

/* ---- The state, under the lock ---- */
static nvmlReturn_t enter(void)
{
    bf_lock(&lock, BF_NVML);
    return initialised ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

static nvmlReturn_t leave(nvmlReturn_t result)
{
    bf_unlock(&lock, BF_NVML);
    return result;
}

static void renew(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long passed = (now.tv_sec - asked.tv_sec) * 1000 + (now.tv_nsec - asked.tv_nsec) / 1000000;
    if (passed < FRESH_MILLISECONDS)
        return;
    bf_nvml_use_renew(&use);
    clock_gettime(CLOCK_MONOTONIC, &asked);
}

static nvmlDevice_t handle_of(unsigned index)
{
    return (nvmlDevice_t)(uintptr_t)(index + 1);
}

/* Between enter and leave. */
static nvmlReturn_t find(nvmlDevice_t handle, struct bf_nvml_device **device)
{
    uintptr_t number = (uintptr_t)handle;
    if (!number || number > use.count)
        return NVML_ERROR_INVALID_ARGUMENT;
    *device = &use.devices[number - 1];
    return NVML_SUCCESS;
}

/* Of what changes: asked anew. */
static nvmlReturn_t find_now(nvmlDevice_t handle, struct bf_nvml_device **device)
{
    nvmlReturn_t result = find(handle, device);
    if (result == NVML_SUCCESS) {
        renew();
        result = (*device)->lost ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
    }
    return result;
}

static nvmlReturn_t give_text(char *out, unsigned length, const char *text)
{
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (strlen(text) >= length)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    memcpy(out, text, strlen(text) + 1);
    return NVML_SUCCESS;
}

/* ---- The system ---- */
NVML nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS)
        result = give_text(version, length, use.driver);
    return leave(result);
}

NVML nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    return give_text(version, length, "12." BF_BUILD);
}

NVML nvmlSystemGetCudaDriverVersion(int *version)
{
    if (!version)
        return NVML_ERROR_INVALID_ARGUMENT;
    *version = bf_state.driver_version ? bf_state.driver_version : BF_DRIVER_VERSION;
    return NVML_SUCCESS;
}

NVML nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    return nvmlSystemGetCudaDriverVersion(version);
}

/* Whether a process of this host is one of the session's: numbers of other hosts mean other processes. */
static bool is_of_this_session(unsigned pid)
{
    enum { MOST = 256 * 1024 };
    char path[32], wanted[4096 + 32];
    const char *adaptor = getenv("BF_ADAPTOR_CONFIG");
    if (pid == (unsigned)getpid())
        return true;
    if (!adaptor || strlen(adaptor) > 4096)
        return false;
    int length = snprintf(wanted, sizeof wanted, "BF_ADAPTOR_CONFIG=%s", adaptor);
    snprintf(path, sizeof path, "/proc/%u/environ", pid);
    FILE *file = fopen(path, "re");
    char *environment = malloc(MOST);
    size_t bytes = file && environment ? fread(environment, 1, MOST - 1, file) : 0;
    bool found = false;
    if (environment)
        environment[bytes] = 0;
    for (size_t at = 0; at < bytes && !found; at += strlen(environment + at) + 1)
        found = !strncmp(environment + at, wanted, (size_t)length + 1);
    free(environment);
    if (file)
        fclose(file);
    return found;
}

/* What is known of it: what it said, what it executes here, or "-". */
static void name_of(const struct bf_nvml_program *program, char *name, size_t bytes)
{
    char link[32];
    ssize_t length = 0;
    snprintf(name, bytes, "%s", program->name);
    if (*name)
        return;
    snprintf(link, sizeof link, "/proc/%u/exe", program->process);
    if (is_of_this_session(program->process))
        length = readlink(link, name, bytes - 1);
    if (length > 0)
        name[length] = 0;
    else
        snprintf(name, bytes, "-");
}

NVML nvmlSystemGetProcessName(unsigned pid, char *name, unsigned length)
{
    char whole[4096] = "";
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS && (!name || !length))
        result = NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; result == NVML_SUCCESS && i < use.count; i++)
        for (unsigned k = 0; k < use.devices[i].program_count; k++)
            if (!*whole && use.devices[i].programs[k].process == pid)
                name_of(&use.devices[i].programs[k], whole, sizeof whole);
    if (result == NVML_SUCCESS && !*whole)
        result = NVML_ERROR_NOT_FOUND;
    if (result == NVML_SUCCESS)
        snprintf(name, length, "%s", whole); /* "cropped to provided length" */
    return leave(result);
}

/* ---- Which device ---- */
NVML nvmlDeviceGetCount_v2(unsigned *count)
{
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS && !count)
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *count = use.count;
    return leave(result);
}

NVML nvmlDeviceGetCount(unsigned *count)
{
    return nvmlDeviceGetCount_v2(count);
}

NVML nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *out)
{
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS && (!out || index >= use.count))
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *out = handle_of(index);
    return leave(result);
}

NVML nvmlDeviceGetHandleByIndex(unsigned index, nvmlDevice_t *out)
{
    return nvmlDeviceGetHandleByIndex_v2(index, out);
}

static void uuid_text(const uint8_t uuid[16], char text[41])
{
    char *out = text + sprintf(text, "GPU-");
    for (int i = 0; i < 16; i++)
        out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

static bool is_uuid(const struct bf_nvml_device *device, const char *text)
{
    char own[41];
    uuid_text(device->uuid, own);
    return !strcasecmp(own, text);
}

/* The domain may have four digits or eight. */
static bool read_place(const char *text, unsigned place[4])
{
    char end;
    return sscanf(text, "%x:%x:%x.%x%c", &place[0], &place[1], &place[2], &place[3], &end) == 4;
}

static bool is_place(const struct bf_nvml_device *device, const char *text)
{
    unsigned own[4], wanted[4];
    return read_place(device->pci_bus_id, own) && read_place(text, wanted) &&
           !memcmp(own, wanted, sizeof own);
}

static nvmlReturn_t find_by(bool (*is)(const struct bf_nvml_device *, const char *),
                            const char *text, nvmlDevice_t *out)
{
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS)
        result = text && out ? NVML_ERROR_NOT_FOUND : NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; result == NVML_ERROR_NOT_FOUND && i < use.count; i++) {
        if (is(&use.devices[i], text)) {
            *out = handle_of(i);
            result = NVML_SUCCESS;
        }
    }
    return leave(result);
}

NVML nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *out)
{
    return find_by(is_uuid, uuid, out);
}

NVML nvmlDeviceGetHandleByPciBusId_v2(const char *place, nvmlDevice_t *out)
{
    return find_by(is_place, place, out);
}

NVML nvmlDeviceGetHandleByPciBusId(const char *place, nvmlDevice_t *out)
{
    return find_by(is_place, place, out);
}

/* ---- What a device is ---- */
NVML nvmlDeviceGetName(nvmlDevice_t handle, char *name, unsigned length)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS && (result = find(handle, &device)) == NVML_SUCCESS)
        result = give_text(name, length, device->name);
    return leave(result);
}

NVML nvmlDeviceGetUUID(nvmlDevice_t handle, char *uuid, unsigned length)
{
    struct bf_nvml_device *device;
    char text[41];
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS && (result = find(handle, &device)) == NVML_SUCCESS) {
        uuid_text(device->uuid, text);
        result = give_text(uuid, length, text);
    }
    return leave(result);
}

static nvmlReturn_t give_index(nvmlDevice_t handle, unsigned *index)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS)
        result = index ? find(handle, &device) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *index = (unsigned)(uintptr_t)handle - 1;
    return leave(result);
}

NVML nvmlDeviceGetIndex(nvmlDevice_t handle, unsigned *index) { return give_index(handle, index); }
NVML nvmlDeviceGetMinorNumber(nvmlDevice_t handle, unsigned *number) { return give_index(handle, number); }

NVML nvmlDeviceGetPciInfo_v3(nvmlDevice_t handle, nvmlPciInfo_t *out)
{
    struct bf_nvml_device *device;
    unsigned place[4];
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS)
        result = out ? find(handle, &device) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS && !read_place(device->pci_bus_id, place))
        result = NVML_ERROR_NOT_SUPPORTED;
    if (result == NVML_SUCCESS) {
        memset(out, 0, sizeof *out);
        snprintf(out->busIdLegacy, sizeof out->busIdLegacy, "%04X:%02X:%02X.%X", place[0] & 0xffff,
                 place[1] & 0xff, place[2] & 0xff, place[3] & 0xf);
        snprintf(out->busId, sizeof out->busId, "%08X:%02X:%02X.%X", place[0], place[1] & 0xff,
                 place[2] & 0xff, place[3] & 0xf);
        out->domain = place[0];
        out->bus = place[1];
        out->device = place[2];
    }
    return leave(result);
}

NVML nvmlDeviceGetPciInfoExt(nvmlDevice_t handle, nvmlPciInfoExt_t *out)
{
    nvmlPciInfo_t whole;
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (out->version != NVML_PCI_INFO_EXT_V1)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlReturn_t result = nvmlDeviceGetPciInfo_v3(handle, &whole);
    if (result == NVML_SUCCESS) {
        memset(out, 0, sizeof *out);
        out->version = NVML_PCI_INFO_EXT_V1;
        out->domain = whole.domain;
        out->bus = whole.bus;
        out->device = whole.device;
        memcpy(out->busId, whole.busId, sizeof out->busId);
    }
    return result;
}

NVML nvmlDeviceGetPciInfo_v2(nvmlDevice_t handle, nvmlPciInfo_v2_t *out)
{
    nvmlPciInfo_t whole;
    nvmlReturn_t result = out ? nvmlDeviceGetPciInfo_v3(handle, &whole) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS) {
        memset(out, 0, sizeof *out);
        memcpy(out->busId, whole.busIdLegacy, sizeof out->busId);
        out->domain = whole.domain;
        out->bus = whole.bus;
        out->device = whole.device;
    }
    return result;
}

NVML nvmlDeviceGetPciInfo(nvmlDevice_t handle, nvmlPciInfo_v2_t *out)
{
    return nvmlDeviceGetPciInfo_v2(handle, out);
}

NVML nvmlDeviceGetCudaComputeCapability(nvmlDevice_t handle, int *major, int *minor)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS)
        result = major && minor ? find(handle, &device) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS) {
        *major = (int)device->compute_major;
        *minor = (int)device->compute_minor;
    }
    return leave(result);
}

/* Any number of programs may use it. */
NVML nvmlDeviceGetComputeMode(nvmlDevice_t handle, unsigned *mode)
{
    unsigned index;
    nvmlReturn_t result = mode ? give_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *mode = 0;
    return result;
}

NVML nvmlDeviceIsMigDeviceHandle(nvmlDevice_t handle, unsigned *is)
{
    unsigned index;
    nvmlReturn_t result = is ? give_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *is = 0;
    return result;
}

/* ---- Its memory ---- */
static nvmlReturn_t memory_of(nvmlDevice_t handle, nvmlMemory_t *out)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS && (result = find_now(handle, &device)) == NVML_SUCCESS) {
        uint64_t used = device->used_bytes < device->share_bytes ? device->used_bytes
                                                                 : device->share_bytes;
        *out = (nvmlMemory_t){device->share_bytes, device->share_bytes - used, used};
    }
    return leave(result);
}

NVML nvmlDeviceGetMemoryInfo(nvmlDevice_t handle, nvmlMemory_t *out)
{
    return out ? memory_of(handle, out) : NVML_ERROR_INVALID_ARGUMENT;
}

NVML nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t handle, nvmlMemory_v2_t *out)
{
    nvmlMemory_t memory;
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (out->version != NVML_MEMORY_V2)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlReturn_t result = memory_of(handle, &memory);
    if (result == NVML_SUCCESS) {
        out->total = memory.total;
        out->reserved = 0;
        out->free = memory.free;
        out->used = memory.used;
    }
    return result;
}

/* ---- Its programs ---- */
/* "used": bytes, where somebody knows: the only program of a lease has what the lease uses. */
typedef void put_program(void *infos, unsigned at, const struct bf_nvml_program *program,
                         unsigned long long used);

static void put_v1(void *infos, unsigned at, const struct bf_nvml_program *program,
                   unsigned long long used)
{
    ((nvmlProcessInfo_v1_t *)infos)[at] = (nvmlProcessInfo_v1_t){program->process, used};
}

static void put_v2(void *infos, unsigned at, const struct bf_nvml_program *program,
                   unsigned long long used)
{
    ((nvmlProcessInfo_v2_t *)infos)[at] =
        (nvmlProcessInfo_v2_t){program->process, used, NVML_NO_INSTANCE, NVML_NO_INSTANCE};
}

/* "count": room in infos, then how many there are. */
static nvmlReturn_t programs_of(nvmlDevice_t handle, unsigned *count, void *infos, put_program *put)
{
    struct bf_nvml_device *device;
    nvmlReturn_t result = enter();
    if (result == NVML_SUCCESS && (!count || (*count && !infos)))
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS && (result = find_now(handle, &device)) == NVML_SUCCESS) {
        unsigned room = *count;
        unsigned long long used =
            device->program_count == 1 ? device->used_bytes : NVML_VALUE_NOT_AVAILABLE;
        *count = device->program_count;
        if (room < device->program_count)
            result = NVML_ERROR_INSUFFICIENT_SIZE;
        for (unsigned i = 0; result == NVML_SUCCESS && i < device->program_count; i++)
            put(infos, i, &device->programs[i], used);
    }
    return leave(result);
}

NVML nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t handle, unsigned *count, void *infos)
{
    return programs_of(handle, count, infos, put_v1);
}

NVML nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t handle, unsigned *count, void *infos)
{
    return programs_of(handle, count, infos, put_v2);
}

NVML nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t handle, unsigned *count, void *infos)
{
    return programs_of(handle, count, infos, put_v2);
}

/* Of programs that draw, or use MPS. */
static nvmlReturn_t no_programs(nvmlDevice_t handle, unsigned *count)
{
    unsigned index;
    nvmlReturn_t result = count ? give_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *count = 0;
    return result;
}

#define NO_PROGRAMS(name)                                                                          \
    NVML name(nvmlDevice_t handle, unsigned *count, void *infos)                                   \
    {                                                                                              \
        (void)infos;                                                                               \
        return no_programs(handle, count);                                                         \
    }

NO_PROGRAMS(nvmlDeviceGetGraphicsRunningProcesses)
NO_PROGRAMS(nvmlDeviceGetGraphicsRunningProcesses_v2)
NO_PROGRAMS(nvmlDeviceGetGraphicsRunningProcesses_v3)
NO_PROGRAMS(nvmlDeviceGetMPSComputeRunningProcesses)
NO_PROGRAMS(nvmlDeviceGetMPSComputeRunningProcesses_v2)
NO_PROGRAMS(nvmlDeviceGetMPSComputeRunningProcesses_v3)

/* ---- How it is connected with others ---- */
/* NCCL asks of every pair, a device with itself too, and begins only where it is answered. */
NVML nvmlDeviceGetP2PStatus(nvmlDevice_t one, nvmlDevice_t other, unsigned capability, unsigned *status)
{
    enum { P2P_OK, P2P_NOT_SUPPORTED = 5 };
    unsigned index;
    (void)capability;
    nvmlReturn_t result = status ? give_index(one, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        result = give_index(other, &index);
    if (result == NVML_SUCCESS)
        *status = one == other ? P2P_OK : P2P_NOT_SUPPORTED;
    return result;
}

/* ---- Events, of which none ever comes ---- */
NVML nvmlDeviceGetSupportedEventTypes(nvmlDevice_t handle, unsigned long long *types)
{
    unsigned index;
    nvmlReturn_t result = types ? give_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *types = 0;
    return result;
}

/* Who watches over a device's health takes it for broken where this fails. */
NVML nvmlDeviceRegisterEvents(nvmlDevice_t handle, unsigned long long types, nvmlEventSet_t set)
{
    unsigned index;
    (void)types;
    return set ? give_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
}

NVML nvmlEventSetCreate(nvmlEventSet_t *out)
{
    static char set;
    if (!out)
        return NVML_ERROR_INVALID_ARGUMENT;
    *out = (nvmlEventSet_t)&set;
    return NVML_SUCCESS;
}

NVML nvmlEventSetFree(nvmlEventSet_t set)
{
    return set ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t wait_for_nothing(nvmlEventSet_t set, unsigned milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    if (!set)
        return NVML_ERROR_INVALID_ARGUMENT;
    nanosleep(&time, NULL);
    return NVML_ERROR_TIMEOUT;
}

NVML nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t *data, unsigned milliseconds)
{
    (void)data;
    return wait_for_nothing(set, milliseconds);
}

NVML nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned milliseconds)
{
    (void)data;
    return wait_for_nothing(set, milliseconds);
}

/* ---- What NVIDIA's own tools ask besides ---- */
/* nvidia-smi takes the library for one of another driver where this table is missing. It begins with its size in bytes; what
 * nvidia-smi 535 calls of it was seen by giving it one that says so (docs/decisions/0032): three lists of programs, that
 * compute, draw, and use MPS, and functions that may fail. */
struct program_record {
    unsigned pid, unused;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
    unsigned long long unknown;
    char name[4096];
};

_Static_assert(sizeof(struct program_record) == 4128, "as nvidia-smi 535 reads it");

static void put_record(void *infos, unsigned at, const struct bf_nvml_program *program,
                       unsigned long long used)
{
    struct program_record *record = &((struct program_record *)infos)[at];
    memset(record, 0, sizeof *record);
    record->pid = program->process;
    record->used = used;
    record->gpu_instance = NVML_NO_INSTANCE;
    record->compute_instance = NVML_NO_INSTANCE;
    name_of(program, record->name, sizeof record->name);
}

static nvmlReturn_t list_computing(nvmlDevice_t handle, unsigned *count, void *infos)
{
    return programs_of(handle, count, infos, put_record);
}

static nvmlReturn_t list_none(nvmlDevice_t handle, unsigned *count, void *infos)
{
    (void)infos;
    return no_programs(handle, count);
}

static nvmlReturn_t nothing(void)
{
    return NVML_ERROR_NOT_SUPPORTED;
}

enum { TOOLS_SLOTS = 256, LIST_COMPUTING = 213, LIST_DRAWING = 214, LIST_MPS = 215 };

NVML nvmlInternalGetExportTable(const void **table, const uint8_t uuid[16])
{
    static const uint8_t tools[16] = {0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
                                      0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};
    static const void *slots[TOOLS_SLOTS];
    if (!table || !uuid || memcmp(uuid, tools, sizeof tools) != 0)
        return NVML_ERROR_NOT_FOUND;
    bf_lock(&lock, BF_NVML);
    if (!slots[0]) {
        for (int i = 1; i < TOOLS_SLOTS; i++)
            slots[i] = (const void *)(uintptr_t)nothing;
        slots[LIST_COMPUTING] = (const void *)(uintptr_t)list_computing;
        slots[LIST_DRAWING] = (const void *)(uintptr_t)list_none;
        slots[LIST_MPS] = (const void *)(uintptr_t)list_none;
        slots[0] = (const void *)(uintptr_t)sizeof slots;
    }
    bf_unlock(&lock, BF_NVML);
    *table = slots;
    return NVML_SUCCESS;
}
