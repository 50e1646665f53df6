/* Functions by name, error names and texts, the profiler that is not there. */
#include "bf_proc_table.h"
#include "program/log.h"
#include "program/refusals.h"
#include "objects/state.h"

enum { PER_THREAD = 2, KNOWN_FLAGS = 3 };

CUresult bf_cuGetProcAddress_v2(const char *symbol, void **entry, int version, cuuint64_t flags,
                                CUdriverProcAddressQueryResult *result)
{
    bool known = false;
    if (!symbol || !entry || (flags & ~(cuuint64_t)KNOWN_FLAGS) || flags == KNOWN_FLAGS)
        return CUDA_ERROR_INVALID_VALUE;
    const struct bf_proc *proc = bf_proc_find(symbol, version, flags == PER_THREAD, &known);
    *entry = proc ? (void *)(uintptr_t)proc->entry : NULL;
    if (result)
        *result = proc    ? CU_GET_PROC_ADDRESS_SUCCESS
                  : known ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                          : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    if (!proc)
        bf_log(BF_LOG_INFORMATION, "cuGetProcAddress: %s of version %d is not there", symbol,
               version);
    return proc || result ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult bf_cuGetProcAddress(const char *symbol, void **entry, int version, cuuint64_t flags)
{
    return bf_cuGetProcAddress_v2(symbol, entry, version, flags, NULL);
}

#define NAME(name, number, text)                                                                   \
    case number:                                                                                   \
        *out = #name;                                                                              \
        break;
#define TEXT(name, number, text)                                                                   \
    case number:                                                                                   \
        *out = text;                                                                               \
        break;

CUresult bf_cuGetErrorName(CUresult error, const char **out)
{
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    switch ((int)error) {
        BF_CUresult_TABLE(NAME) default : *out = NULL;
    }
    return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult bf_cuGetErrorString(CUresult error, const char **out)
{
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    switch ((int)error) {
        BF_CUresult_TABLE(TEXT) default : *out = NULL;
    }
    return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult bf_cuProfilerInitialize(const char *config_file, const char *output_file,
                                 CUoutput_mode mode)
{
    (void)config_file;
    (void)output_file;
    (void)mode;
    return bf_refused("cuProfilerInitialize");
}

CUresult bf_cuProfilerStart(void)
{
    struct bf_context *context;
    return bf_current(&context);
}

CUresult bf_cuProfilerStop(void)
{
    struct bf_context *context;
    return bf_current(&context);
}
