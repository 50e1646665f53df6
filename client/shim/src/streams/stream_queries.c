/* What a stream is asked for and told, beyond its work. */
#include <string.h>

#include "streams/streams.h"

static const struct bf_stream *object_of(const struct bf_stream_use *use)
{
    return bf_object_find(BF_STREAM, use->wire);
}

CUresult bf_cuStreamGetFlags(CUstream handle, unsigned int *flags)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS && !flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const struct bf_stream *stream = object_of(&use);
        *flags = stream ? stream->flags : CU_STREAM_DEFAULT;
    }
    return status;
}

CUresult bf_cuStreamGetPriority(CUstream handle, int *priority)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS && !priority)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const struct bf_stream *stream = object_of(&use);
        *priority = stream ? stream->priority : 0;
    }
    return status;
}

CUresult bf_cuStreamGetId(CUstream handle, unsigned long long *id)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS && !id)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *id = use.wire;
    return status;
}

CUresult bf_cuStreamGetCtx(CUstream handle, CUcontext *context)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *context = (CUcontext)(uintptr_t)use.context->object.handle;
    return status;
}

CUresult bf_cuStreamGetCtx_v2(CUstream handle, CUcontext *context, CUgreenCtx *green)
{
    CUresult status = bf_cuStreamGetCtx(handle, context);
    if (status == CUDA_SUCCESS && green)
        *green = NULL;
    return status;
}

CUresult bf_cuStreamGetDevice(CUstream handle, CUdevice *device)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS && !device)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *device = bf_ordinal_of(use.context->device);
    return status;
}

CUresult bf_cuStreamCopyAttributes(CUstream destination, CUstream source)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(destination, &use);
    return status == CUDA_SUCCESS ? bf_stream_use(source, &use) : status;
}

CUresult bf_cuStreamGetAttribute(CUstream handle, CUstreamAttrID attribute,
                                 CUstreamAttrValue *value)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    memset(value, 0, sizeof *value);
    switch ((int)attribute) {
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
        value->syncPolicy = CU_SYNC_POLICY_AUTO;
        break;
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
        status = bf_cuStreamGetPriority(handle, &value->priority);
        break;
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
        break;
    default:
        status = CUDA_ERROR_INVALID_VALUE;
    }
    return status;
}

/* All of them are hints; none changes what the work does. */
CUresult bf_cuStreamSetAttribute(CUstream handle, CUstreamAttrID attribute,
                                 const CUstreamAttrValue *value)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS &&
        (!value || attribute < CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW ||
         (int)attribute > CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING))
        status = CUDA_ERROR_INVALID_VALUE;
    return status;
}

/* Capture into graphs is not carried: nothing ever captures. */
CUresult bf_cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *capture)
{
    struct bf_stream_use use;
    CUresult status = bf_stream_use(handle, &use);
    if (status == CUDA_SUCCESS && !capture)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *capture = CU_STREAM_CAPTURE_STATUS_NONE;
    return status;
}

CUresult bf_cuStreamGetCaptureInfo(CUstream handle, CUstreamCaptureStatus *capture, cuuint64_t *id)
{
    CUresult status = bf_cuStreamIsCapturing(handle, capture);
    if (status == CUDA_SUCCESS && id)
        *id = 0;
    return status;
}

CUresult bf_cuStreamGetCaptureInfo_v2(CUstream handle, CUstreamCaptureStatus *capture,
                                      cuuint64_t *id, CUgraph *graph,
                                      const CUgraphNode **dependencies, size_t *count)
{
    CUresult status = bf_cuStreamGetCaptureInfo(handle, capture, id);
    if (status == CUDA_SUCCESS && graph)
        *graph = NULL;
    if (status == CUDA_SUCCESS && dependencies)
        *dependencies = NULL;
    if (status == CUDA_SUCCESS && count)
        *count = 0;
    return status;
}

CUresult bf_cuStreamGetCaptureInfo_v3(CUstream handle, CUstreamCaptureStatus *capture,
                                      cuuint64_t *id, CUgraph *graph,
                                      const CUgraphNode **dependencies,
                                      const CUgraphEdgeData **edges, size_t *count)
{
    CUresult status = bf_cuStreamGetCaptureInfo_v2(handle, capture, id, graph, dependencies, count);
    if (status == CUDA_SUCCESS && edges)
        *edges = NULL;
    return status;
}

CUresult bf_cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
    static __thread CUstreamCaptureMode mine __attribute__((tls_model("initial-exec"))) =
        CU_STREAM_CAPTURE_MODE_GLOBAL;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && (!mode || (unsigned)*mode > CU_STREAM_CAPTURE_MODE_RELAXED))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        CUstreamCaptureMode before = mine;
        mine = *mode;
        *mode = before;
    }
    return status;
}
