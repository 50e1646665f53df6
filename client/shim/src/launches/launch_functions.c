/* The program's ways to ask for a launch. */
#include <stdlib.h>
#include <string.h>

#include "launches/launches.h"
#include "program/refusals.h"

CUresult bf_cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                           unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                           unsigned int block_z, unsigned int shared_bytes, CUstream stream,
                           void **parameters, void **extra)
{
    struct bf_launch_wish wish = {.function = function,
                                  .grid = {grid_x, grid_y, grid_z},
                                  .block = {block_x, block_y, block_z},
                                  .shared_bytes = shared_bytes,
                                  .stream = stream,
                                  .parameters = parameters,
                                  .extra = extra};
    return bf_launch(&wish);
}

CUresult bf_cuLaunchCooperativeKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                                      unsigned int grid_z, unsigned int block_x,
                                      unsigned int block_y, unsigned int block_z,
                                      unsigned int shared_bytes, CUstream stream, void **parameters)
{
    struct bf_launch_wish wish = {.function = function,
                                  .grid = {grid_x, grid_y, grid_z},
                                  .block = {block_x, block_y, block_z},
                                  .shared_bytes = shared_bytes,
                                  .stream = stream,
                                  .cooperative = true,
                                  .parameters = parameters};
    return bf_launch(&wish);
}

/* Attributes that change what is computed; the others are hints about when and where. */
static CUresult read_attribute(const CUlaunchAttribute *attribute, struct bf_launch_wish *wish,
                               CUevent *event)
{
    CUresult status = CUDA_SUCCESS;
    switch ((int)attribute->id) {
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
        wish->cooperative = attribute->value.cooperative != 0;
        break;
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
        wish->cluster[0] = attribute->value.clusterDim.x;
        wish->cluster[1] = attribute->value.clusterDim.y;
        wish->cluster[2] = attribute->value.clusterDim.z;
        break;
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
        *event = attribute->value.programmaticEvent.event;
        break;
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
        *event = attribute->value.launchCompletionEvent.event;
        break;
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
        status = bf_refused("a launch that a graph can update (cuLaunchKernelEx)");
        break;
    default:
        status = (unsigned)attribute->id > CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING
                     ? CUDA_ERROR_INVALID_VALUE
                     : CUDA_SUCCESS;
    }
    return status;
}

CUresult bf_cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction function, void **parameters,
                             void **extra, CUstream default_stream)
{
    CUevent event = NULL;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!c || (c->numAttrs && !c->attrs)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_launch_wish wish = {.function = function,
                                  .grid = {c->gridDimX, c->gridDimY, c->gridDimZ},
                                  .block = {c->blockDimX, c->blockDimY, c->blockDimZ},
                                  .shared_bytes = c->sharedMemBytes,
                                  .stream = c->hStream ? c->hStream : default_stream,
                                  .parameters = parameters,
                                  .extra = extra};
    for (unsigned i = 0; i < c->numAttrs && status == CUDA_SUCCESS; i++)
        status = read_attribute(&c->attrs[i], &wish, &event);
    if (status == CUDA_SUCCESS)
        status = bf_launch(&wish);
    return status == CUDA_SUCCESS && event ? bf_cuEventRecord(event, wish.stream) : status;
}

/* ---- The way of CUDA 2: state set on the function, then a launch ---- */
enum { OLD_PARAMETER_BYTES = 4096 };

struct bf_launch_state {
    unsigned block[3];
    unsigned shared_bytes;
    unsigned bytes;
    uint8_t parameters[OLD_PARAMETER_BYTES];
};

static CUresult state_of(CUfunction handle, struct bf_launch_state **state)
{
    struct bf_function *function;
    CUresult status = bf_function_find(handle, &function);
    if (status == CUDA_SUCCESS && !function->old_style) {
        function->old_style = calloc(1, sizeof *function->old_style);
        status = function->old_style ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (status == CUDA_SUCCESS)
        *state = function->old_style;
    return status;
}

CUresult bf_cuFuncSetBlockShape(CUfunction function, int x, int y, int z)
{
    struct bf_launch_state *state;
    CUresult status = state_of(function, &state);
    if (status == CUDA_SUCCESS && (x <= 0 || y <= 0 || z <= 0))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        state->block[0] = (unsigned)x;
        state->block[1] = (unsigned)y;
        state->block[2] = (unsigned)z;
    }
    return status;
}

CUresult bf_cuFuncSetSharedSize(CUfunction function, unsigned int bytes)
{
    struct bf_launch_state *state;
    CUresult status = state_of(function, &state);
    if (status == CUDA_SUCCESS)
        state->shared_bytes = bytes;
    return status;
}

CUresult bf_cuParamSetSize(CUfunction function, unsigned int bytes)
{
    struct bf_launch_state *state;
    CUresult status = state_of(function, &state);
    if (status == CUDA_SUCCESS && bytes > OLD_PARAMETER_BYTES)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        state->bytes = bytes;
    return status;
}

CUresult bf_cuParamSetv(CUfunction function, int offset, void *value, unsigned int bytes)
{
    struct bf_launch_state *state;
    CUresult status = state_of(function, &state);
    if (status == CUDA_SUCCESS && (offset < 0 || !value || bytes > OLD_PARAMETER_BYTES ||
                                   (unsigned)offset > OLD_PARAMETER_BYTES - bytes))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        memcpy(state->parameters + offset, value, bytes);
    return status;
}

CUresult bf_cuParamSeti(CUfunction function, int offset, unsigned int value)
{
    return bf_cuParamSetv(function, offset, &value, sizeof value);
}

CUresult bf_cuParamSetf(CUfunction function, int offset, float value)
{
    return bf_cuParamSetv(function, offset, &value, sizeof value);
}

CUresult bf_cuLaunchGridAsync(CUfunction function, int width, int height, CUstream stream)
{
    struct bf_launch_state *state;
    CUresult status = state_of(function, &state);
    if (status == CUDA_SUCCESS && (width <= 0 || height <= 0))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    size_t bytes = state->bytes;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, state->parameters, CU_LAUNCH_PARAM_BUFFER_SIZE,
                     &bytes, CU_LAUNCH_PARAM_END};
    return bf_cuLaunchKernel(function, (unsigned)width, (unsigned)height, 1, state->block[0],
                             state->block[1], state->block[2], state->shared_bytes, stream, NULL,
                             extra);
}

CUresult bf_cuLaunchGrid(CUfunction function, int width, int height)
{
    return bf_cuLaunchGridAsync(function, width, height, NULL);
}

CUresult bf_cuLaunch(CUfunction function)
{
    return bf_cuLaunchGridAsync(function, 1, 1, NULL);
}
