#include "copies/reads.h"

#include "program/log.h"
#include "streams/progress.h"

/* Asynchronous copies under way, so that a copy that reads what they write can be held back. */
static _Atomic unsigned pending;

static void end_ticket(struct bf_ticket *ticket)
{
    struct bf_connection *c = ticket->connection;
    if (bf_object_close(ticket)) {
        atomic_fetch_sub(&c->receiver.reads, 1);
        bf_object_release(BF_TICKET, ticket);
    }
}

void bf_read_landed(uint64_t handle, CUresult status)
{
    struct bf_ticket *ticket = bf_object_find(BF_TICKET, handle);
    if (!ticket || !ticket->asynchronous)
        return;
    struct bf_connection *c = ticket->connection;
    if (atomic_load(&ticket->fault)) {
        bf_log(BF_LOG_ERROR,
               "the destination of an asynchronous copy to the host could not be written");
        bf_fail_later(ticket->context, CUDA_ERROR_INVALID_VALUE);
    }
    if (status != CUDA_SUCCESS)
        bf_log(BF_LOG_INFORMATION, "an asynchronous copy to the host failed with error %d",
               (int)status);
    end_ticket(ticket);
    atomic_fetch_sub(&pending, 1);
    bf_unasked(c, -1);
}

static struct bf_ticket *new_ticket(const struct bf_stream_use *use, char *destination,
                                    const struct bf_region *host, bool asynchronous)
{
    struct bf_ticket *ticket = bf_object_new(BF_TICKET, use->context->device->worker->index);
    if (ticket) {
        ticket->destination = destination;
        ticket->region = *host;
        ticket->total = host->width_bytes * host->height * host->depth;
        ticket->low = (uintptr_t)destination;
        ticket->high = ticket->low + (host->depth - 1) * host->slice_pitch +
                       (host->height - 1) * host->pitch + host->width_bytes;
        ticket->connection = use->connection;
        ticket->context = use->context;
        ticket->asynchronous = asynchronous;
        atomic_fetch_add(&use->connection->receiver.reads, 1);
        bf_object_publish(ticket);
    }
    return ticket;
}

CUresult bf_read_region(const struct bf_stream_use *use, char *destination,
                        const struct bf_region *host, CUdeviceptr source,
                        const struct bf_region *device, bool asynchronous)
{
    uint8_t frame[BF_FRAME_BYTES + BF_MEM_READ_MINIMUM];
    struct bf_ticket *ticket = new_ticket(use, destination, host, asynchronous);
    CUresult status;
    if (!ticket)
        return CUDA_ERROR_OUT_OF_MEMORY;
    if (asynchronous) {
        struct bf_mem_read_async m = {use->wire, source, *device, ticket->object.handle};
        atomic_fetch_add(&pending, 1);
        bf_unasked(use->connection, 1);
        status = bf_send(use->connection, frame, bf_mem_read_async_frame(frame, &m));
        bf_progress_work(use);
    } else {
        uint64_t mark = bf_progress_mark(use->context);
        uint32_t request = bf_next_request(use->connection);
        struct bf_mem_read m = {use->wire, source, *device, ticket->object.handle};
        status =
            bf_ask_status(use->connection, frame, bf_mem_read_frame(frame, &m, request), request);
        if (status == CUDA_SUCCESS)
            bf_progress_reached(use, mark);
        if (status == CUDA_SUCCESS && atomic_load(&ticket->fault))
            status = CUDA_ERROR_INVALID_VALUE;
        end_ticket(ticket);
        status = bf_synchronised(use->context, bf_outcome(use->context, status));
    }
    return status;
}

struct range {
    uintptr_t low, high;
    uint64_t ticket;
    struct bf_connection *connection;
};

static void look(void *object, void *argument)
{
    const struct bf_ticket *ticket = object;
    struct range *range = argument;
    if (ticket->asynchronous && ticket->low < range->high && range->low < ticket->high) {
        range->ticket = ticket->object.handle;
        range->connection = ticket->connection;
    }
}

static bool gone(const void *argument)
{
    return !bf_object_find(BF_TICKET, *(const uint64_t *)argument);
}

CUresult bf_reads_wait(uintptr_t low, uintptr_t high)
{
    CUresult status = CUDA_SUCCESS;
    while (status == CUDA_SUCCESS && atomic_load(&pending)) {
        struct range range = {low, high, 0, NULL};
        bf_object_each(BF_TICKET, look, &range);
        if (!range.ticket)
            break;
        status = bf_wait_until(range.connection, gone, &range.ticket);
    }
    return status;
}
