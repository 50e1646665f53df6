/*
 * The private tables that NVIDIA's libraries ask for. Slot 0 is the table's size in bytes unless
 * said; a slot that nobody calls holds a function that answers NOT_SUPPORTED.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entry/integrity.h"
#include "program/log.h"
#include "modules/modules.h"
#include "objects/state.h"
#include "program/ranks.h"

typedef CUresult (*slot)(void);

static CUresult not_supported(void)
{
    return CUDA_ERROR_NOT_SUPPORTED;
}

static CUresult nothing(void)
{
    return CUDA_SUCCESS;
}

#define SLOT(function) ((slot)(void (*)(void))(function))
#define SIZE(count) ((slot)(uintptr_t)((count) * sizeof(slot)))

/* ---- CUDART_INTERFACE ---- */
static CUresult load(CUmodule *module, const void *wrapper)
{
    return bf_cuModuleLoadData(module, wrapper);
}

static CUresult load_header(const void *header, CUmodule *module)
{
    return bf_cuModuleLoadData(module, header);
}

/* The primary context's handle, without making it active. */
static CUresult primary_context(CUcontext *out, CUdevice ordinal)
{
    struct bf_device *device;
    struct bf_context *context;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !out)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &device);
    if (status == CUDA_SUCCESS)
        status = bf_primary_handle(device, &context);
    if (status == CUDA_SUCCESS)
        *out = (CUcontext)(uintptr_t)context->object.handle;
    return status;
}

static const slot cudart_interface[13] = {
    SIZE(13),   SLOT(load), SLOT(primary_context), not_supported, not_supported, not_supported,
    SLOT(load), nothing,    SLOT(load_header),     not_supported, not_supported, not_supported,
    nothing};

/* ---- TOOLS_TLS ---- */
static const slot tools_tls[4] = {SIZE(4), not_supported, SLOT(bf_cuCtxGetCurrent), not_supported};

/* ---- TOOLS_RUNTIME_CALLBACK_HOOKS: buffers of so many 32-bit elements, for tools that are not
 * there ---- */
static CUresult hooks_large(void **buffer, size_t *count)
{
    static uint32_t elements[1024];
    *buffer = elements;
    *count = sizeof elements / sizeof elements[0];
    return CUDA_SUCCESS;
}

static CUresult hooks_small(void **buffer, size_t *count)
{
    static uint32_t elements[14];
    *buffer = elements;
    *count = sizeof elements / sizeof elements[0];
    return CUDA_SUCCESS;
}

static const slot callback_hooks[7] = {SIZE(7),          not_supported, SLOT(hooks_large),
                                       not_supported,    not_supported, not_supported,
                                       SLOT(hooks_small)};

/* ---- CONTEXT_LOCAL_STORAGE ---- */
static pthread_mutex_t locals = PTHREAD_MUTEX_INITIALIZER;

/* NULL means the current context; an inactive primary context has storage too. */
static CUresult context_for(CUcontext handle, struct bf_context **context)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && handle) {
        *context = bf_object_find(BF_CONTEXT, (uint64_t)(uintptr_t)handle);
        status = *context ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
    } else if (status == CUDA_SUCCESS) {
        status = bf_current(context);
    }
    return status;
}

static CUresult local_put(CUcontext handle, void *key, void *value,
                          void (*destructor)(CUcontext, void *, void *))
{
    struct bf_context *context;
    CUresult status = context_for(handle, &context);
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_local_value *local = malloc(sizeof *local);
    if (!local)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *local = (struct bf_local_value){key, value, destructor, NULL};
    bf_lock(&locals, BF_LEAF);
    local->next = context->locals;
    context->locals = local;
    bf_unlock(&locals, BF_LEAF);
    return CUDA_SUCCESS;
}

static CUresult local_delete(CUcontext handle, void *key)
{
    struct bf_context *context;
    CUresult status = context_for(handle, &context);
    if (status != CUDA_SUCCESS)
        return status;
    bf_lock(&locals, BF_LEAF);
    struct bf_local_value **link = &context->locals;
    while (*link && (*link)->key != key)
        link = &(*link)->next;
    struct bf_local_value *found = *link;
    if (found)
        *link = found->next;
    bf_unlock(&locals, BF_LEAF);
    free(found);
    return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

static CUresult local_get(void **value, CUcontext handle, void *key)
{
    struct bf_context *context;
    CUresult status = context_for(handle, &context);
    if (status != CUDA_SUCCESS)
        return status;
    bf_lock(&locals, BF_LEAF);
    const struct bf_local_value *local = context->locals;
    while (local && local->key != key)
        local = local->next;
    if (local)
        *value = local->value;
    bf_unlock(&locals, BF_LEAF);
    return local ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

static const slot context_local_storage[4] = {SLOT(local_put), SLOT(local_delete), SLOT(local_get),
                                              NULL};

/* ---- INTEGRITY_CHECK ---- */
static CUresult integrity(uint32_t version, uint64_t seconds, uint64_t out[2]);
static const slot integrity_check[3] = {SIZE(3), SLOT(integrity), not_supported};

static CUresult integrity(uint32_t version, uint64_t seconds, uint64_t out[2])
{
    enum { DEVICE_BYTES = 28 };
    uint8_t devices[BF_MAX_DEVICES * DEVICE_BYTES];
    struct bf_integrity_question question = {
        .driver_version = (uint32_t)bf_state.driver_version,
        .version = version,
        .process = (uint32_t)getpid(),
        .thread = (uint32_t)pthread_self(),
        .interface_table = (uint64_t)(uintptr_t)cudart_interface,
        .integrity_table = (uint64_t)(uintptr_t)integrity_check,
        .function = (uint64_t)(uintptr_t)integrity,
        .seconds = seconds};
    for (int i = 0; i < bf_state.device_count; i++) {
        const struct bf_device *device = bf_state.devices[i];
        const int32_t place[3] = {device->attributes[CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID],
                                  device->attributes[CU_DEVICE_ATTRIBUTE_PCI_BUS_ID],
                                  device->attributes[CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID]};
        memcpy(devices + i * DEVICE_BYTES, device->uuid, sizeof device->uuid);
        memcpy(devices + i * DEVICE_BYTES + sizeof device->uuid, place, sizeof place);
    }
    bf_integrity_answer(&question, devices, (size_t)bf_state.device_count, out);
    return CUDA_SUCCESS;
}

/* ---- CONTEXT_CHECKS ---- */
static CUresult context_check(CUcontext context, uint32_t *result, void **out)
{
    (void)context;
    *result = 0;
    if (out)
        *out = NULL;
    return CUDA_SUCCESS;
}

static const slot context_checks[17] = {
    SIZE(17),      not_supported, SLOT(context_check), nothing,       not_supported, not_supported,
    not_supported, not_supported, not_supported,       not_supported, not_supported, not_supported,
    not_supported, not_supported, not_supported,       not_supported, not_supported};

/* ---- Tables of which nothing, or one slot, is carried ---- */
static const slot context_create_bypass[2] = {SIZE(2), not_supported};
static const slot heap_access[3] = {SIZE(3), not_supported, not_supported};

enum { EXTENDED_SLOTS = 26, CONTEXT_SLOTS = 95, MODULE_SLOTS = 104 };
static slot device_extended[EXTENDED_SLOTS], tools_context[CONTEXT_SLOTS],
    tools_module[MODULE_SLOTS];

static CUresult tools_context_state(CUcontext context, uint64_t *out)
{
    *out = context ? 1 : 0;
    return CUDA_SUCCESS;
}

/* cuBLAS asks for both before it takes a workspace that another call used: the stream behind a handle
 * (the third argument says where NULL means the thread's own), and the number that no other stream has. */
static CUresult tools_context_stream(CUcontext context, CUstream handle, CUstream *stream,
                                     uint32_t of_thread)
{
    (void)context;
    *stream = handle ? handle : of_thread ? CU_STREAM_PER_THREAD : CU_STREAM_LEGACY;
    return CUDA_SUCCESS;
}

static CUresult tools_context_stream_id(CUcontext context, CUstream stream, unsigned long long *id)
{
    (void)context;
    return bf_cuStreamGetId(stream, id);
}

/* Calls back for every function of a module, and answers whether it could: 1, as cuFFT 12 demands,
 * or 0. cuFFT's callback stores its second argument where the first one points: the caller's data
 * comes first. */
static int tools_module_functions(CUcontext context, CUmodule handle,
                                       void (*callback)(void *data, CUfunction function),
                                       void *data)
{
    unsigned count = 0;
    (void)context;
    CUresult status = bf_cuModuleGetFunctionCount(&count, handle);
    CUfunction *functions = calloc(count ? count : 1, sizeof(CUfunction));
    if (!functions)
        return 0;
    if (status == CUDA_SUCCESS)
        status = bf_cuModuleEnumerateFunctions(functions, count, handle);
    for (unsigned i = 0; i < count && status == CUDA_SUCCESS; i++)
        callback(data, functions[i]);
    free(functions);
    return status == CUDA_SUCCESS;
}

static void fill(slot *table, size_t count)
{
    table[0] = SIZE(count);
    for (size_t i = 1; i < count; i++)
        table[i] = not_supported;
}

static void fill_tables(void)
{
    fill(device_extended, EXTENDED_SLOTS);
    fill(tools_context, CONTEXT_SLOTS);
    fill(tools_module, MODULE_SLOTS);
    tools_context[4] = SLOT(tools_context_state);
    tools_context[39] = SLOT(tools_context_stream_id);
    tools_context[51] = SLOT(tools_context_stream);
    tools_module[7] = SLOT(tools_module_functions);
}

static const struct {
    uint8_t uuid[16];
    const slot *table;
} tables[] = {
    {{0x6b, 0xd5, 0xfb, 0x6c, 0x5b, 0xf4, 0xe7, 0x4a, 0x89, 0x87, 0xd9, 0x39, 0x12, 0xfd, 0x9d,
      0xf9},
     cudart_interface},
    {{0x42, 0xd8, 0x5a, 0x81, 0x23, 0xf6, 0xcb, 0x47, 0x82, 0x98, 0xf6, 0xe7, 0x8a, 0x3a, 0xec,
      0xdc},
     tools_tls},
    {{0xa0, 0x94, 0x79, 0x8c, 0x2e, 0x74, 0x2e, 0x74, 0x93, 0xf2, 0x08, 0x00, 0x20, 0x0c, 0x0a,
      0x66},
     callback_hooks},
    {{0xc6, 0x93, 0x33, 0x6e, 0x11, 0x21, 0xdf, 0x11, 0xa8, 0xc3, 0x68, 0xf3, 0x55, 0xd8, 0x95,
      0x93},
     context_local_storage},
    {{0xd4, 0x08, 0x20, 0x55, 0xbd, 0xe6, 0x70, 0x4b, 0x8d, 0x34, 0xba, 0x12, 0x3c, 0x66, 0xe1,
      0xf2},
     integrity_check},
    {{0x26, 0x3e, 0x88, 0x60, 0x7c, 0xd2, 0x61, 0x43, 0x92, 0xf6, 0xbb, 0xd5, 0x00, 0x6d, 0xfa,
      0x7e},
     context_checks},
    {{0x0c, 0xa5, 0x0b, 0x8c, 0x10, 0x04, 0x92, 0x9a, 0x89, 0xa7, 0xd0, 0xdf, 0x10, 0xe7, 0x72,
      0x86},
     context_create_bypass},
    {{0x19, 0x5b, 0xcb, 0xf4, 0xd6, 0x7d, 0x02, 0x4a, 0xac, 0xc5, 0x1d, 0x29, 0xce, 0xa6, 0x31,
      0xae},
     heap_access},
    {{0xb1, 0x05, 0x41, 0xe1, 0xf7, 0xc7, 0xc7, 0x4a, 0x9f, 0x64, 0xf2, 0x23, 0xbe, 0x99, 0xf1,
      0xe2},
     device_extended},
    {{0x21, 0x31, 0x8c, 0x60, 0x97, 0x14, 0x32, 0x48, 0x8c, 0xa6, 0x41, 0xff, 0x73, 0x24, 0xc8,
      0xf2},
     tools_context},
    {{0x6e, 0x16, 0x3f, 0xbe, 0xb9, 0x58, 0x44, 0x4d, 0x83, 0x5c, 0xe1, 0x82, 0xaf, 0xf1, 0x99,
      0x1e},
     tools_module},
};

CUresult bf_cuGetExportTable(const void **table, const CUuuid *id)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!table || !id)
        return CUDA_ERROR_INVALID_VALUE;
    pthread_once(&once, fill_tables);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (!memcmp(tables[i].uuid, id->bytes, sizeof tables[i].uuid)) {
            *table = tables[i].table;
            return CUDA_SUCCESS;
        }
    }
    const unsigned char *b = (const unsigned char *)id->bytes;
    bf_log(BF_LOG_INFORMATION, "the table %02x%02x%02x%02x-%02x%02x-... is not carried", b[0], b[1],
           b[2], b[3], b[4], b[5]);
    return CUDA_ERROR_INVALID_VALUE;
}
