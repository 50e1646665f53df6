/* The options of a load that are about its compiler: only the buffers for its logs mean something
 * here. */
#ifndef BF_JIT_OPTIONS_H
#define BF_JIT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "bf_cuda_types.h"

struct bf_jit_log {
    char *buffer; /* the program's; NULL: none */
    size_t bytes;
    void **filled; /* where the program learns how much of it was filled; NULL: nowhere */
};

struct bf_jit_logs {
    struct bf_jit_log error, info;
};

/* INVALID_VALUE if the options make no sense. */
CUresult bf_jit_options_read(unsigned count, const CUjit_option *options, void **values,
                             struct bf_jit_logs *logs);

/* Whether the program would see the text. */
bool bf_jit_log_wanted(const struct bf_jit_log *log);

/* Fills the buffer with as much of the text as it holds, ended by NUL, and tells how much that is,
 * the NUL not counted. */
void bf_jit_log_fill(const struct bf_jit_log *log, const void *text, size_t bytes);

#endif
