#include "launches/launches.h"

#include <stdlib.h>
#include <string.h>

#include "bf_requests.h"
#include "contexts/context_queries.h"
#include "streams/progress.h"
#include "program/refusals.h"

enum { STACK_BYTES = 4096, MOST_EXTRA = 64 };

static CUresult check_shape(const struct bf_launch_wish *w, const struct bf_device *device,
                            const struct bf_function *function)
{
    const int32_t *a = device->attributes;
    uint64_t threads = (uint64_t)w->block[0] * w->block[1] * w->block[2];
    for (int i = 0; i < 3; i++) {
        if (!w->grid[i] || w->grid[i] > (unsigned)a[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + i] ||
            !w->block[i] || w->block[i] > (unsigned)a[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + i])
            return CUDA_ERROR_INVALID_VALUE;
    }
    if (threads > (uint64_t)a[CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK] ||
        (function->layout->max_threads && threads > function->layout->max_threads))
        return CUDA_ERROR_INVALID_VALUE;
    for (int i = 0; i < 3; i++) {
        if (w->cluster[i] > 1 && !a[CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH])
            return bf_refused("a launch in clusters");
        if (w->cluster[i] > 1 && w->grid[i] % w->cluster[i])
            return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    }
    return CUDA_SUCCESS;
}

/* All blocks of a cooperative grid must be there at once. */
static CUresult check_cooperative(const struct bf_launch_wish *w, const struct bf_device *device,
                                  struct bf_function *function)
{
    int blocks = 0;
    uint64_t grid = (uint64_t)w->grid[0] * w->grid[1] * w->grid[2];
    if (!device->attributes[CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH])
        return bf_refused("a cooperative launch on this device");
    CUresult status = bf_function_occupancy(function, w->block[0] * w->block[1] * w->block[2],
                                            w->shared_bytes, 0, &blocks);
    if (status == CUDA_SUCCESS &&
        grid > (uint64_t)blocks *
                   (uint64_t)device->attributes[CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT])
        status = CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
    return status;
}

static CUresult check_shared(const struct bf_launch_wish *w, struct bf_function *function)
{
    unsigned limit;
    CUresult status = CUDA_SUCCESS;
    if (w->shared_bytes) {
        status = bf_function_dynamic_limit(function, &limit);
        if (status == CUDA_SUCCESS && w->shared_bytes > limit)
            status = CUDA_ERROR_INVALID_VALUE;
    }
    return status;
}

/* Packed parameters out of CU_LAUNCH_PARAM_...; false if the list makes no sense. */
static bool read_extra(void **extra, const void **buffer, size_t *bytes)
{
    int at = 0;
    while (at < MOST_EXTRA && extra[at] != CU_LAUNCH_PARAM_END) {
        if (extra[at] == CU_LAUNCH_PARAM_BUFFER_POINTER)
            *buffer = extra[at + 1];
        else if (extra[at] == CU_LAUNCH_PARAM_BUFFER_SIZE)
            *bytes = *(const size_t *)extra[at + 1];
        else
            return false;
        at += 2;
    }
    return at < MOST_EXTRA && (*buffer || !*bytes);
}

static void gather(const struct bf_kernel_layout *layout, void **parameters, uint8_t *out)
{
    memset(out, 0, layout->parameter_bytes);
    for (uint32_t i = 0; i < layout->parameter_count; i++)
        memcpy(out + layout->parameters[i].offset, parameters[i], layout->parameters[i].bytes);
}

static CUresult send(const struct bf_launch_wish *w, const struct bf_stream_use *use,
                     const struct bf_function *function)
{
    const struct bf_kernel_layout *layout = function->layout;
    uint8_t stack[STACK_BYTES];
    const void *packed = NULL;
    size_t bytes = 0;
    if (w->extra && (w->parameters || !read_extra(w->extra, &packed, &bytes)))
        return CUDA_ERROR_INVALID_VALUE;
    if (!w->extra)
        bytes = layout->parameter_bytes;
    if (bytes > BF_MAX_PARAMETERS || (layout->parameter_count && !w->extra && !w->parameters) ||
        (w->extra && bytes < layout->parameter_bytes))
        return CUDA_ERROR_INVALID_VALUE;
    uint8_t *gathered = NULL;
    if (!packed && bytes) {
        gathered = bytes <= sizeof stack ? stack : malloc(bytes);
        if (!gathered)
            return CUDA_ERROR_OUT_OF_MEMORY;
        gather(layout, w->parameters, gathered);
        packed = gathered;
    }
    struct bf_launch m = {function->object.handle,
                          use->wire,
                          w->grid[0],
                          w->grid[1],
                          w->grid[2],
                          w->block[0],
                          w->block[1],
                          w->block[2],
                          w->shared_bytes,
                          w->cooperative,
                          w->cluster[0],
                          w->cluster[1],
                          w->cluster[2],
                          bf_view_of(packed, bytes)};
    CUresult status = bf_send_launch(use->connection, &m);
    bf_progress_work(use);
    if (gathered != stack)
        free(gathered);
    return status;
}

CUresult bf_launch(const struct bf_launch_wish *w)
{
    struct bf_stream_use use;
    struct bf_function *function;
    CUresult status = bf_stream_use(w->stream, &use);
    if (status == CUDA_SUCCESS)
        status = bf_function_use(w->function, use.context, &function);
    if (status == CUDA_SUCCESS && function->module->context != use.context)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS)
        status = check_shape(w, use.context->device, function);
    if (status == CUDA_SUCCESS)
        status = check_shared(w, function);
    if (status == CUDA_SUCCESS && w->cooperative)
        status = check_cooperative(w, use.context->device, function);
    if (status == CUDA_SUCCESS)
        status = send(w, &use, function);
    if (status == CUDA_SUCCESS && bf_state.launch_blocking)
        status = bf_context_synchronize(use.context);
    return status;
}
