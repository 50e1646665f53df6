/* The programs of the lease, as NVML has them, and as NVIDIA's own tools ask for them. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nvml/state.h"

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
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS && (!name || !length))
        result = NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; result == NVML_SUCCESS && i < bf_nvml_known.count; i++)
        for (unsigned k = 0; k < bf_nvml_known.devices[i].program_count; k++)
            if (!*whole && bf_nvml_known.devices[i].programs[k].process == pid)
                name_of(&bf_nvml_known.devices[i].programs[k], whole, sizeof whole);
    if (result == NVML_SUCCESS && !*whole)
        result = NVML_ERROR_NOT_FOUND;
    if (result == NVML_SUCCESS)
        snprintf(name, length, "%s", whole); /* "cropped to provided length" */
    return bf_nvml_leave(result);
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
    nvmlReturn_t result = bf_nvml_enter();
    if (result == NVML_SUCCESS && (!count || (*count && !infos)))
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS && (result = bf_nvml_find_now(handle, &device)) == NVML_SUCCESS) {
        unsigned room = *count;
        unsigned long long used =
            device->program_count == 1 ? device->used_bytes : NVML_VALUE_NOT_AVAILABLE;
        *count = device->program_count;
        if (room < device->program_count)
            result = NVML_ERROR_INSUFFICIENT_SIZE;
        for (unsigned i = 0; result == NVML_SUCCESS && i < device->program_count; i++)
            put(infos, i, &device->programs[i], used);
    }
    return bf_nvml_leave(result);
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
    nvmlReturn_t result = count ? bf_nvml_index(handle, &index) : NVML_ERROR_INVALID_ARGUMENT;
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


/* ---- What NVIDIA's own tools ask besides ---- */
/* nvidia-smi takes the library for one of another driver where this table is missing. It begins with its size in
 * bytes; what nvidia-smi 535 calls of it was seen by giving it one that says so (docs/decisions/0032): three lists
 * of programs, that compute, draw, and use MPS, and functions that may fail. */
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
    (void)bf_nvml_enter();
    if (!slots[0]) {
        for (int i = 1; i < TOOLS_SLOTS; i++)
            slots[i] = (const void *)(uintptr_t)nothing;
        slots[LIST_COMPUTING] = (const void *)(uintptr_t)list_computing;
        slots[LIST_DRAWING] = (const void *)(uintptr_t)list_none;
        slots[LIST_MPS] = (const void *)(uintptr_t)list_none;
        slots[0] = (const void *)(uintptr_t)sizeof slots;
    }
    *table = slots;
    return bf_nvml_leave(NVML_SUCCESS);
}
