/* The library's one state, made by the first call that needs it and never freed; and what every
 * call begins with. */
#ifndef BF_STATE_H
#define BF_STATE_H

#include "bf_functions.h"
#include "objects/model.h"

struct bf_state {
    struct bf_worker *workers[BF_MAX_WORKERS];
    unsigned worker_count;
    struct bf_device *devices[BF_MAX_DEVICES]; /* that the program sees, in its order */
    int device_count;
    int driver_version;
    bool launch_blocking;
};

extern struct bf_state bf_state;

/* Opens the sessions unless that is done. NO_DEVICE and the like if it failed, NOT_INITIALIZED in a
 * forked child. */
CUresult bf_open(void);

/* SUCCESS after a good cuInit, else NOT_INITIALIZED. */
CUresult bf_ready(void);

/* Whether this is a child that no handler of fork has told so and that has not called yet: what it
 * sees here is its parent's. */
bool bf_in_strange_child(void);

/* The current context, if there is a usable one: not destroyed, no sticky error, its worker alive.
 */
CUresult bf_current(struct bf_context **context);

/* The context with this handle, usable as above. */
CUresult bf_context_of(CUcontext handle, struct bf_context **context);

/* Whether the context can be used: CUDA_SUCCESS, its sticky error, DEVICE_UNAVAILABLE,
 * CONTEXT_IS_DESTROYED. */
CUresult bf_context_usable(const struct bf_context *context);

/* Something that the program was told is under way has failed here, or in another context, and does not
 * end this one; the first failure stays. */
void bf_fail_later(struct bf_context *context, CUresult status);

/* What a synchronising call answers: its own status, or such a failure, which is told once. */
CUresult bf_synchronised(struct bf_context *context, CUresult status);

/* Passes an answer's status on; keeps it if it ends the context. */
CUresult bf_outcome(struct bf_context *context, CUresult status);

CUresult bf_device_of(CUdevice ordinal, struct bf_device **device);
int bf_ordinal_of(const struct bf_device *device);

/* The context that cuCtxPushCurrent, cuDevicePrimaryCtxRetain and so on give the program. */
CUresult bf_primary_retain(struct bf_device *device, struct bf_context **context);

/* The primary context, active or not. */
CUresult bf_primary_handle(struct bf_device *device, struct bf_context **context);

static inline struct bf_connection *bf_connection_of(const struct bf_context *context)
{
    return &context->device->worker->connection;
}

#endif
