/* A driver for tests, in the place of the machine's libcuda.so.1, with its hard edges and without a GPU. Memory is this
 * machine's, at the addresses that the caller sees; kernels are C functions found by their names (kernels.c), PTX is read
 * for names, parameters and variables only (image.c). A kernel that is not known is not launched (NOT_SUPPORTED), unless
 * its body only returns.
 *
 * What it is strict about:
 *   - the current context is each thread's own, cuCtxCreate changes it, and most calls without one are refused;
 *   - a launch into a stream of another context is refused, an event belongs to its context;
 *   - a stream takes STREAM_DEPTH pieces of work; then the call waits, and its thread with it;
 *   - one thread runs all host functions of the process, one after the other;
 *   - loading code, cuMemFree and cuCtxDestroy wait until the context's work is done;
 *   - addresses asked for by cuMemAddressReserve may be refused: then it gives others, as CUDA does;
 *   - an error of a kernel ends everything: every context answers it until the process ends;
 *   - memory is mapped in pieces of 2 MiB, and each process has at most what a device has.
 *
 * Settings, by environment when cuInit is called: STRICT_DEVICES (2), STRICT_MEMORY (MiB a device, 1024; a list separated
 * by commas gives each device its own), STRICT_REFUSE_BELOW (hints below this address are refused). CUDA_MODULE_LOADING
 * as CUDA takes it. strict_restart() makes a new driver of it, as a new process would have. */
#ifndef STRICT_H
#define STRICT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bf_cuda_types.h"

enum {
    MOST_DEVICES = 8,
    LIMITS = 10,
    STREAM_DEPTH = 1024,
    MULTIPROCESSORS = 4,
    BLOCK_SHARED = 48 << 10,
    MOST_SHARED = 227 << 10,
    MULTIPROCESSOR_SHARED = 228 << 10,
};
#define PAGE_2M (2ull << 20)

struct context {
    uint32_t magic;
    int device;
    bool alive;
    struct stream *legacy;
    uint64_t limits[LIMITS];
};

struct event {
    uint32_t magic;
    struct context *context;
    unsigned flags;
    uint64_t recorded, reached; /* counts of records */
    double milliseconds;        /* when it was reached last */
};

enum work_kind { KERNEL, COPY, FILL, RECORD, AWAIT, HOST_FUNCTION };

struct rows {
    uint64_t address, pitch, slice;
    bool host;
};

struct work {
    struct work *next;
    uint64_t order; /* of all work of the process */
    enum work_kind kind;
    struct function *function;
    unsigned grid[3], block[3];
    uint8_t *parameters;
    struct rows to, from;
    uint64_t width, height, depth;
    unsigned value, element;
    struct event *event;
    uint64_t record;
    CUhostFn host_function;
    void *argument;
};

struct stream {
    uint32_t magic;
    struct context *context;
    unsigned flags;
    bool closing, stopped;
    unsigned length;
    struct work *first, *last; /* the first is being executed */
    struct stream *next;
};

struct parameter {
    unsigned offset, bytes;
};

struct function {
    uint32_t magic;
    struct module *module;
    struct function *next;
    char *name;
    bool loaded, empty; /* empty: its body only returns */
    int most_threads, own_shared, most_dynamic;
    unsigned count, bytes;
    struct parameter parameters[16];
};

struct variable {
    struct variable *next;
    char *name;
    uint64_t address, bytes;
    uint8_t *initial;
};

struct module {
    uint32_t magic;
    struct module *next;
    struct context *context;
    struct function *functions;
    struct variable *variables;
};

enum { CONTEXT = 0x43745831, EVENT, STREAM, FUNCTION, MODULE };

/* All state is under this lock; "changed" is told whenever something has. */
extern pthread_mutex_t strict_lock;
extern pthread_cond_t strict_changed;
extern CUresult strict_error; /* of a kernel: what everything answers from then on */
extern uint64_t strict_generation;
extern int strict_devices;
extern _Thread_local bool strict_own_thread; /* one of the driver's */

void strict_wait(void);
void strict_notify(void);

/* Locks; answers the current context, or unlocks and answers NULL with *status set. */
struct context *strict_enter(CUresult *status);
/* Locks for a call that needs no context. Another status: the caller is of the past, and nothing is locked. */
CUresult strict_enter_alone(void);
CUresult strict_leave(CUresult status);

/* memory.c: what a device has, and which addresses may be used. Under the lock. */
void memory_start(void);
bool memory_take(int device, uint64_t bytes);
void memory_give(int device, uint64_t bytes);
bool memory_covers(uint64_t address, uint64_t bytes);
uint64_t memory_map_anywhere(int device, uint64_t bytes); /* 0: none left */
void memory_unmap_anywhere(uint64_t address);

/* streams.c */
struct stream *stream_make(struct context *context, unsigned flags);
struct stream *stream_of(CUstream handle, struct context *current, CUresult *status);
bool context_idle(const struct context *context);
void context_stop(struct context *context);
/* Takes the work over. Waits for room; under the lock, which it lets go meanwhile. */
CUresult stream_add(struct stream *stream, struct work *work);
void strict_fail(CUresult error);

/* image.c: fills functions and variables. */
CUresult image_read(const void *image, struct module *module);

/* modules.c: the context is gone, and what was loaded into it. */
void modules_forget(const struct context *context);

/* kernels.c: runs a kernel, without the lock; SUCCESS or the error. */
CUresult kernel_run(const struct work *work);
bool kernel_known(const struct function *function);
void kernel_flush_output(void);

#endif
