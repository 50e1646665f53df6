/* Access of one device to another's memory. Between workers it does not exist: copies go through
 * this process. */
#include "bf_requests.h"
#include "objects/state.h"

static bool reaches(const struct bf_device *from, const struct bf_device *to)
{
    return from != to && from->worker == to->worker && to->index < 64 &&
           (from->peers >> to->index & 1);
}

CUresult bf_cuDeviceCanAccessPeer(int *can, CUdevice ordinal, CUdevice peer)
{
    struct bf_device *from, *to;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !can)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_device_of(ordinal, &from);
    if (status == CUDA_SUCCESS)
        status = bf_device_of(peer, &to);
    if (status == CUDA_SUCCESS)
        *can = reaches(from, to);
    return status;
}

CUresult bf_cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attribute, CUdevice source,
                                    CUdevice destination)
{
    struct bf_device *from, *to;
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = bf_device_of(source, &from);
    if (status == CUDA_SUCCESS)
        status = bf_device_of(destination, &to);
    if (status == CUDA_SUCCESS && from == to)
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status != CUDA_SUCCESS)
        return status;
    switch (attribute) {
    case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED:
        *value = reaches(from, to);
        break;
    case CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK:
    case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_ACCESS_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_ONLY_PARTIAL_NATIVE_ATOMIC_SUPPORTED:
        *value = 0;
        break;
    default:
        status = CUDA_ERROR_INVALID_VALUE;
    }
    return status;
}

static CUresult change(CUcontext peer_handle, bool enable)
{
    struct bf_context *context, *peer;
    CUresult status = bf_current(&context);
    if (status == CUDA_SUCCESS)
        status = bf_context_of(peer_handle, &peer);
    if (status != CUDA_SUCCESS)
        return status;
    if (peer == context)
        return CUDA_ERROR_INVALID_DEVICE;
    if (!reaches(context->device, peer->device))
        return enable ? CUDA_ERROR_PEER_ACCESS_UNSUPPORTED : CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
    uint64_t known = atomic_load(&context->peers[peer->device->index]);
    uint64_t wanted = atomic_load(&peer->wire);
    if (enable && known == wanted)
        return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
    if (!enable && known != wanted)
        return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
    atomic_store(&context->peers[peer->device->index], enable ? wanted : 0);
    struct bf_context_peer m = {context->wire, wanted, enable};
    return bf_send_context_peer(bf_connection_of(context), &m);
}

CUresult bf_cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags)
{
    CUresult status = bf_ready();
    if (status == CUDA_SUCCESS)
        status = flags ? CUDA_ERROR_INVALID_VALUE : change(peer, true);
    return status;
}

CUresult bf_cuCtxDisablePeerAccess(CUcontext peer)
{
    CUresult status = bf_ready();
    return status == CUDA_SUCCESS ? change(peer, false) : status;
}
