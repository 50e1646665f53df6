#include "copies/copies.h"

#include <stdlib.h>
#include <string.h>

#include "bf_requests.h"
#include "memory/allocations.h"
#include "contexts/context_queries.h"
#include "copies/between.h"
#include "streams/host_functions.h"
#include "streams/progress.h"
#include "copies/late.h"
#include "memory/pinned.h"
#include "copies/reads.h"
#include "transport/safely.h"
#include "transport/tickets.h"

enum { SMALL_BYTES = 4096, NARROW_BYTES = 2048, PACK_BYTES = 256 * 1024, ROWS_AT_ONCE = 256 };

struct bf_region bf_region_of(struct bf_place place, struct bf_extent extent)
{
    struct bf_region region = {extent.width, extent.height, extent.depth, place.pitch,
                               place.slice_pitch};
    if ((extent.height == 1 || place.pitch == extent.width) &&
        (extent.depth == 1 || place.slice_pitch == extent.width * extent.height)) {
        /* one piece */
        region.width_bytes = extent.width * extent.height * extent.depth;
        region.height = region.depth = 1;
        region.pitch = region.slice_pitch = region.width_bytes;
    }
    return region;
}

/* Bytes from the first to the last of the region; false if that is more than there is. */
static bool span_of(struct bf_place place, struct bf_extent e, size_t *span)
{
    size_t slices, rows;
    return !__builtin_mul_overflow(e.depth - 1, place.slice_pitch, &slices) &&
           !__builtin_mul_overflow(e.height - 1, place.pitch, &rows) &&
           !__builtin_add_overflow(slices, rows, span) &&
           !__builtin_add_overflow(*span, e.width, span);
}

size_t bf_span(struct bf_place place, struct bf_extent e)
{
    return (e.depth - 1) * place.slice_pitch + (e.height - 1) * place.pitch + e.width;
}

/* ---- Host to device ---- */

/* False if the rows cannot be read. */
static bool pack(const struct bf_region *host, char *source, uint64_t offset, char *packed,
                 size_t bytes)
{
    bool good = true;
    for (size_t done = 0; done < bytes && good;) {
        struct iovec parts[ROWS_AT_ONCE];
        int count =
            bf_region_parts(host, source, offset + done, bytes - done, parts, ROWS_AT_ONCE);
        good = bf_gather_safely(packed + done, parts, count);
        for (int i = 0; i < count; i++)
            done += parts[i].iov_len;
    }
    return good;
}

/* Packs rows that are too narrow to be sent from where they lie. */
static CUresult send_packed(struct bf_connection *c, struct bf_mem_write *m,
                            const struct bf_region *host, char *source, uint64_t total)
{
    CUresult status = CUDA_SUCCESS;
    char *packed = malloc(PACK_BYTES);
    if (!packed)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (uint64_t offset = 0; offset < total && status == CUDA_SUCCESS;) {
        size_t bytes = total - offset < PACK_BYTES ? (size_t)(total - offset) : PACK_BYTES;
        if (!pack(host, source, offset, packed, bytes)) {
            status = CUDA_ERROR_INVALID_VALUE;
            break;
        }
        struct iovec payload = {packed, bytes};
        m->packed_offset = offset;
        status = bf_send_mem_write(c, m, (uint32_t)bytes, &payload, 1, NULL);
        offset += bytes;
    }
    free(packed);
    return status;
}

static CUresult send_small(struct bf_connection *c, struct bf_mem_write *m,
                           const struct bf_region *host, char *source, size_t total)
{
    uint8_t frame[BF_FRAME_BYTES + BF_MEM_WRITE_MINIMUM + SMALL_BYTES];
    size_t head = bf_mem_write_frame(frame, m, (uint32_t)total);
    for (size_t done = 0; done < total;) {
        struct iovec part;
        bf_region_parts(host, source, done, total - done, &part, 1);
        if (!bf_copy_safely(frame + head + done, part.iov_base, part.iov_len))
            return CUDA_ERROR_INVALID_VALUE;
        done += part.iov_len;
    }
    return bf_send(c, frame, head + total);
}

CUresult bf_write_region(const struct bf_stream_use *use, CUdeviceptr destination,
                             const struct bf_region *device, char *source,
                             const struct bf_region *host)
{
    uint64_t total = host->width_bytes * host->height * host->depth;
    struct bf_mem_write m = {use->wire, destination, *device, 0};
    struct bf_loan loan = {false, false};
    CUresult status = CUDA_SUCCESS;
    if (total <= SMALL_BYTES && host->height * host->depth <= 8)
        return send_small(use->connection, &m, host, source, (size_t)total);
    if (host->width_bytes < NARROW_BYTES)
        return send_packed(use->connection, &m, host, source, total);
    for (uint64_t offset = 0; offset < total && status == CUDA_SUCCESS;) {
        struct iovec parts[BF_PAYLOAD_PARTS];
        size_t bytes = 0;
        size_t wanted = total - offset < BF_BULK_CHUNK ? (size_t)(total - offset) : BF_BULK_CHUNK;
        int count = bf_region_parts(host, source, offset, wanted, parts, BF_PAYLOAD_PARTS);
        for (int i = 0; i < count; i++)
            bytes += parts[i].iov_len;
        m.packed_offset = offset;
        status = bf_send_mem_write(use->connection, &m, (uint32_t)bytes, parts, count, &loan);
        offset += bytes;
    }
    CUresult end = bf_loan_end(use->connection, &loan);
    return status == CUDA_SUCCESS ? end : status;
}

/* A page-locked source may still be written by what was asked for before: by copies to the host,
 * which are awaited, and by host functions, which may wait for the calling thread themselves: an
 * asynchronous copy is then put off, one that waits for its stream anyway waits now. */
static CUresult await_writers(const struct bf_stream_use *use, char *source, size_t span,
                              bool functions)
{
    CUresult status = functions ? bf_stream_synchronize(use) : CUDA_SUCCESS;
    if (status == CUDA_SUCCESS)
        bf_reads_wait((uintptr_t)source, (uintptr_t)source + span);
    return status;
}

/* What is sent from now on, to any stream, sees the copy. */
static CUresult put_before_all(const struct bf_stream_use *use)
{
    struct bf_stream_precede m = {use->wire};
    return bf_send_stream_precede(use->connection, &m);
}

/* CUDA Driver API, "API synchronization behavior", synchronous copies: from pageable memory the
 * stream is synchronised before the copy begins, and the call returns when the source is staged;
 * from page-locked memory the copy is done when the call returns. A copy that nothing stands before
 * need not be waited for to be seen so: it cannot fail any more, and all later work comes after. */
static CUresult write_now(const struct bf_stream_use *use, CUdeviceptr destination,
                          const struct bf_region *device, char *source,
                          const struct bf_region *host, bool pinned)
{
    CUresult status = pinned ? CUDA_SUCCESS : bf_stream_quieten(use);
    if (status != CUDA_SUCCESS)
        return status;
    bool awaited = pinned && !bf_progress_free(use);
    status = bf_write_region(use, destination, device, source, host);
    bf_progress_write(use);
    if (status == CUDA_SUCCESS)
        status = awaited ? bf_stream_synchronize(use) : put_before_all(use);
    return status;
}

/* A copy between host and device that is put off. */
struct late_copy {
    struct bf_context *context; /* of the memory */
    uint64_t wire;
    CUdeviceptr address;
    struct bf_region device, host;
    char *pointer;
    bool to_device;
};

/* By a stream that nothing of the program stands in. */
static CUresult copy_aside(const void *what)
{
    const struct late_copy *copy = what;
    struct bf_stream_use aside;
    if (atomic_load(&copy->context->wire) != copy->wire)
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    CUresult status = bf_stream_aside(copy->context, &aside);
    if (status != CUDA_SUCCESS)
        return status;
    if (!copy->to_device)
        return bf_read_region(&aside, copy->pointer, &copy->host, copy->address, &copy->device,
                              false);
    status = bf_write_region(&aside, copy->address, &copy->device, copy->pointer, &copy->host);
    if (status == CUDA_SUCCESS) {
        bf_progress_work(&aside);
        status = bf_stream_await(&aside);
    }
    return status;
}

static CUresult put_off(const struct bf_stream_use *use, struct bf_context *owner,
                        struct bf_place to, struct bf_place from, struct bf_extent extent)
{
    struct bf_place device = to.device ? to : from, host = to.device ? from : to;
    const struct late_copy copy = {owner,
                                   atomic_load(&owner->wire),
                                   device.address,
                                   bf_region_of(device, extent),
                                   bf_region_of(host, extent),
                                   (char *)(uintptr_t)host.address,
                                   to.device};
    const struct bf_range touches[2] = {{to.address, to.address + bf_span(to, extent)},
                                        {from.address, from.address + bf_span(from, extent)}};
    return bf_late(use, copy_aside, &copy, sizeof copy, touches, !to.device);
}

static CUresult host_to_device(const struct bf_stream_use *use, struct bf_place to,
                               struct bf_place from, struct bf_extent extent, bool asynchronous)
{
    char *source = (char *)(uintptr_t)from.address;
    struct bf_region host = bf_region_of(from, extent);
    struct bf_region device = bf_region_of(to, extent);
    size_t span = bf_span(from, extent);
    CUresult status = CUDA_SUCCESS;
    bool pinned = bf_pinned_covers(source, span);
    bool functions = pinned && bf_host_functions_outstanding();
    if (functions && asynchronous)
        return put_off(use, use->context, to, from, extent);
    if (pinned)
        status = await_writers(use, source, span, functions);
    if (status == CUDA_SUCCESS && !asynchronous)
        return write_now(use, to.address, &device, source, &host, pinned);
    if (status == CUDA_SUCCESS) {
        status = bf_write_region(use, to.address, &device, source, &host);
        bf_progress_work(use);
    }
    return status;
}

/* ---- Device to host ---- */
static CUresult device_to_host(const struct bf_stream_use *use, struct bf_place to,
                               struct bf_place from, struct bf_extent extent, bool asynchronous)
{
    char *destination = (char *)(uintptr_t)to.address;
    struct bf_region host = bf_region_of(to, extent);
    struct bf_region device = bf_region_of(from, extent);
    bool later = asynchronous && bf_pinned_covers(destination, bf_span(to, extent));
    CUresult status = bf_read_region(use, destination, &host, from.address, &device, later);
    return later ? status : bf_synchronised(use->context, status);
}

/* ---- Host to host ---- */
static CUresult host_to_host(const struct bf_stream_use *use, struct bf_place to,
                             struct bf_place from, struct bf_extent extent)
{
    CUresult status = bf_stream_synchronize(use);
    for (size_t z = 0; z < extent.depth && status == CUDA_SUCCESS; z++) {
        for (size_t y = 0; y < extent.height; y++) {
            const char *source =
                (const char *)(uintptr_t)from.address + z * from.slice_pitch + y * from.pitch;
            memmove((char *)(uintptr_t)to.address + z * to.slice_pitch + y * to.pitch, source,
                    extent.width);
        }
    }
    return status;
}

/* ---- Device to device ---- */
static CUresult within_worker(const struct bf_stream_use *use, struct bf_place to,
                              struct bf_place from, struct bf_extent extent)
{
    struct bf_region destination = bf_region_of(to, extent);
    struct bf_region source = bf_region_of(from, extent);
    if (destination.height * destination.depth == 1 && source.height * source.depth == 1) {
        struct bf_mem_copy m = {use->wire, to.address, from.address, destination.width_bytes};
        CUresult status = bf_send_mem_copy(use->connection, &m);
        bf_progress_work(use);
        return status;
    }
    struct bf_region rows = {extent.width, extent.height, extent.depth, to.pitch, to.slice_pitch};
    struct bf_mem_copy_region m = {use->wire, to.address, from.address,
                                   rows,      from.pitch, from.slice_pitch};
    CUresult status = bf_send_mem_copy_region(use->connection, &m);
    bf_progress_work(use);
    return status;
}

/* Between two devices "in the implicit NULL stream": CUDA Programming Guide, "Peer-to-Peer Memory
 * Copy": starts when all commands previously issued to either device have completed, and runs to
 * completion before any commands issued after it to either device can start. */
static CUresult between_contexts(const struct bf_stream_use *use, struct bf_place to,
                                 struct bf_place from, struct bf_extent extent,
                                 struct bf_context *const contexts[2])
{
    struct bf_stream_use ends[2];
    CUresult status = CUDA_SUCCESS;
    int count = bf_default_streams(use, contexts[0], contexts[1], ends);
    for (int i = 0; i < count && status == CUDA_SUCCESS; i++)
        status = bf_stream_join(use, &ends[i]);
    if (status == CUDA_SUCCESS)
        status = within_worker(use, to, from, extent);
    for (int i = 0; i < count && status == CUDA_SUCCESS; i++)
        status = bf_stream_join(&ends[i], use);
    return status;
}

int bf_default_streams(const struct bf_stream_use *use, struct bf_context *a, struct bf_context *b,
                       struct bf_stream_use streams[2])
{
    int count = 0;
    if (a != use->context)
        streams[count++] = bf_stream_default_of(a);
    if (b != use->context && b != a)
        streams[count++] = bf_stream_default_of(b);
    return count;
}

static CUresult device_to_device(const struct bf_stream_use *use, struct bf_place to,
                                 struct bf_place from, struct bf_extent extent, bool asynchronous)
{
    struct bf_allocation destination, source;
    if (!bf_allocation_find(to.address, &destination) || !bf_allocation_find(from.address, &source))
        return CUDA_ERROR_INVALID_VALUE;
    const struct bf_connection *c = use->connection;
    struct bf_context *const contexts[2] = {destination.context, source.context};
    if (bf_connection_of(contexts[0]) != c || bf_connection_of(contexts[1]) != c)
        return bf_copy_between(use, to, contexts[0], from, contexts[1], extent, asynchronous);
    bool serialised = use->order == BF_LEGACY &&
                      (contexts[0] != use->context || contexts[1] != use->context);
    return serialised ? between_contexts(use, to, from, extent, contexts)
                      : within_worker(use, to, from, extent);
}

/* ---- All ---- */
struct bf_context *bf_foreign_owner(const struct bf_stream_use *use, CUdeviceptr address)
{
    struct bf_allocation allocation;
    bool foreign = bf_state.worker_count > 1 && bf_allocation_find(address, &allocation) &&
                   bf_connection_of(allocation.context) != use->connection;
    return foreign ? allocation.context : NULL;
}

/* Of another server's memory than the stream's. From and to pageable memory it waits for the stream. */
static CUresult foreign(const struct bf_stream_use *use, struct bf_context *owner, struct bf_place to,
                        struct bf_place from, struct bf_extent extent, bool asynchronous)
{
    struct bf_place host = to.device ? from : to;
    void *pointer = (void *)(uintptr_t)host.address;
    if (asynchronous && bf_pinned_covers(pointer, bf_span(host, extent)))
        return put_off(use, owner, to, from, extent);
    CUresult status = bf_stream_synchronize(use);
    struct bf_stream_use there = bf_stream_default_of(owner);
    if (status == CUDA_SUCCESS)
        status = to.device ? host_to_device(&there, to, from, extent, false)
                           : device_to_host(&there, to, from, extent, false);
    return status == CUDA_SUCCESS && to.device ? bf_stream_synchronize(&there) : status;
}

static CUresult between_host_and_device(const struct bf_stream_use *use, struct bf_place to,
                                        struct bf_place from, struct bf_extent extent,
                                        bool asynchronous)
{
    struct bf_place host = to.device ? from : to;
    size_t span;
    if (!host.address || !span_of(host, extent, &span))
        return CUDA_ERROR_INVALID_VALUE;
    struct bf_context *owner = bf_foreign_owner(use, to.device ? to.address : from.address);
    if (owner)
        return foreign(use, owner, to, from, extent, asynchronous);
    return to.device ? host_to_device(use, to, from, extent, asynchronous)
                     : device_to_host(use, to, from, extent, asynchronous);
}

static bool is_live(struct bf_place place, struct bf_extent extent)
{
    size_t span;
    return !place.device ||
           (span_of(place, extent, &span) && bf_allocation_covers(place.address, span));
}

CUresult bf_copy(CUstream stream, struct bf_place to, struct bf_place from, struct bf_extent extent,
                 bool asynchronous)
{
    struct bf_stream_use use;
    CUdeviceptr memory = to.device ? to.address : from.device ? from.address : 0;
    CUresult status = bf_stream_use_at(stream, memory, &use);
    if (status != CUDA_SUCCESS || !extent.width || !extent.height || !extent.depth)
        return status;
    if (!is_live(to, extent) || !is_live(from, extent))
        return CUDA_ERROR_INVALID_VALUE;
    if (to.device && from.device)
        status = device_to_device(&use, to, from, extent, asynchronous);
    else if (to.device || from.device)
        status = between_host_and_device(&use, to, from, extent, asynchronous);
    else
        status = to.address && from.address ? host_to_host(&use, to, from, extent)
                                            : CUDA_ERROR_INVALID_VALUE;
    return status;
}
