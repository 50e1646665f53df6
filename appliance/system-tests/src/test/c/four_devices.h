// Two servers with two devices each: devices 0 and 1 are the first server's.
#ifndef FOUR_DEVICES_H
#define FOUR_DEVICES_H

#include "kernels.h"

static CUcontext context[4];
static CUstream stream[4];

/* A context and a stream of each; the first device's context is current then. */
static CUresult begin_devices(void)
{
    int count;
    CUresult r = cuInit(0);
    if (!r) r = cuDeviceGetCount(&count);
    if (!r && count != 4) r = INVALID_VALUE;
    for (int i = 0; i < 4 && !r; i++) {
        r = cuDevicePrimaryCtxRetain(&context[i], i);
        if (!r) r = cuCtxSetCurrent(context[i]);
        if (!r) r = cuStreamCreate(&stream[i], 1);
    }
    return r ? r : cuCtxSetCurrent(context[0]);
}

#endif
