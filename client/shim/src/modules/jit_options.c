#include "modules/jit_options.h"

#include <stdint.h>
#include <string.h>

CUresult bf_jit_options_read(unsigned count, const CUjit_option *options, void **values,
                             struct bf_jit_logs *logs)
{
    memset(logs, 0, sizeof *logs);
    if (count && (!options || !values))
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; i++) {
        struct bf_jit_log *log = options[i] == CU_JIT_INFO_LOG_BUFFER ||
                                         options[i] == CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES
                                     ? &logs->info
                                     : &logs->error;
        switch (options[i]) {
        case CU_JIT_INFO_LOG_BUFFER:
        case CU_JIT_ERROR_LOG_BUFFER:
            log->buffer = values[i];
            break;
        case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
        case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
            log->bytes = (uint32_t)(uintptr_t)values[i]; /* an unsigned int in a pointer's place */
            log->filled = &values[i];
            break;
        default:
            if ((unsigned)options[i] >= CU_JIT_NUM_OPTIONS)
                return CUDA_ERROR_INVALID_VALUE;
        }
    }
    return CUDA_SUCCESS;
}

bool bf_jit_log_wanted(const struct bf_jit_log *log)
{
    return log->buffer && log->bytes > 1;
}

void bf_jit_log_fill(const struct bf_jit_log *log, const void *text, size_t bytes)
{
    size_t fitting = 0;
    if (log->buffer && log->bytes) {
        fitting = bytes < log->bytes ? bytes : log->bytes - 1;
        if (fitting)
            memcpy(log->buffer, text, fitting);
        log->buffer[fitting] = 0;
    }
    if (log->filled)
        *log->filled = (void *)(uintptr_t)fitting;
}
