#include "copies/reads.h"

#include <time.h>

#include "bf_requests.h"
#include "program/log.h"
#include "streams/progress.h"

/* Asynchronous copies under way, so that a copy that reads what they write can be held back. */
static _Atomic unsigned pending;

/* False if it has been ended already. */
static bool end_ticket(struct bf_ticket *ticket)
{
    struct bf_connection *c = ticket->connection;
    bool first = bf_object_close(ticket);
    if (first) {
        atomic_fetch_sub(&c->receiver.reads, 1);
        bf_object_release(BF_TICKET, ticket);
    }
    return first;
}

void bf_read_landed(uint64_t handle, CUresult status)
{
    struct bf_ticket *ticket = bf_object_find(BF_TICKET, handle);
    if (!ticket || !ticket->asynchronous)
        return;
    struct bf_connection *c = ticket->connection;
    if (ticket->landing)
        ticket->landing->status = status;
    else if (atomic_load(&ticket->fault)) {
        bf_log(BF_LOG_ERROR,
               "the destination of an asynchronous copy to the host could not be written");
        bf_fail_later(ticket->context, CUDA_ERROR_INVALID_VALUE);
    }
    if (status != CUDA_SUCCESS)
        bf_log(BF_LOG_INFORMATION, "an asynchronous copy to the host failed with error %d",
               (int)status);
    struct bf_landing *landing = ticket->landing;
    if (end_ticket(ticket)) {
        if (landing)
            atomic_store(&landing->landed, true);
        atomic_fetch_sub(&pending, 1);
        bf_unasked(c, -1);
    }
}

static void end_if_of(void *object, void *argument)
{
    const struct bf_ticket *ticket = object;
    if (ticket->asynchronous && ticket->connection == argument)
        bf_read_landed(ticket->object.handle, CUDA_ERROR_DEVICE_UNAVAILABLE);
}

void bf_reads_end(const struct bf_connection *c)
{
    bf_object_each(BF_TICKET, end_if_of, (void *)(uintptr_t)c);
}

static struct bf_ticket *new_ticket(const struct bf_stream_use *use, char *destination,
                                    const struct bf_region *host, bool asynchronous,
                                    struct bf_landing *landing)
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
        ticket->landing = landing;
        ticket->asynchronous = asynchronous;
        atomic_fetch_add(&use->connection->receiver.reads, 1);
        bf_object_publish(ticket);
    }
    return ticket;
}

static CUresult read_later(const struct bf_stream_use *use, const struct bf_ticket *ticket,
                           CUdeviceptr source, const struct bf_region *device)
{
    struct bf_mem_read_async m = {use->wire, source, *device, ticket->object.handle};
    atomic_fetch_add(&pending, 1);
    bf_unasked(use->connection, 1);
    CUresult status = bf_send_mem_read_async(use->connection, &m);
    bf_progress_work(use);
    if (status != CUDA_SUCCESS)
        bf_read_landed(m.ticket, status);
    return status;
}

static CUresult read_now(const struct bf_stream_use *use, struct bf_ticket *ticket,
                         CUdeviceptr source, const struct bf_region *device)
{
    uint64_t mark = bf_progress_mark(use->context);
    struct bf_mem_read m = {use->wire, source, *device, ticket->object.handle};
    CUresult status = bf_ask_mem_read(use->connection, &m);
    if (status == CUDA_SUCCESS)
        bf_progress_reached(use, mark);
    if (status == CUDA_SUCCESS && atomic_load(&ticket->fault))
        status = CUDA_ERROR_INVALID_VALUE;
    end_ticket(ticket);
    return bf_outcome(use->context, status);
}

CUresult bf_read_region(const struct bf_stream_use *use, char *destination,
                        const struct bf_region *host, CUdeviceptr source,
                        const struct bf_region *device, bool asynchronous)
{
    struct bf_ticket *ticket = new_ticket(use, destination, host, asynchronous, NULL);
    if (!ticket)
        return CUDA_ERROR_OUT_OF_MEMORY;
    return asynchronous ? read_later(use, ticket, source, device)
                        : read_now(use, ticket, source, device);
}

CUresult bf_read_landing(const struct bf_stream_use *use, char *destination,
                         const struct bf_region *host, CUdeviceptr source,
                         const struct bf_region *device, struct bf_landing *landing)
{
    *landing = (struct bf_landing){false, CUDA_SUCCESS};
    struct bf_ticket *ticket = new_ticket(use, destination, host, true, landing);
    return ticket ? read_later(use, ticket, source, device) : CUDA_ERROR_OUT_OF_MEMORY;
}

static bool has_landed(const void *argument)
{
    const struct bf_landing *landing = argument;
    return atomic_load(&landing->landed);
}

CUresult bf_landing_wait(struct bf_connection *connection, struct bf_landing *landing)
{
    const struct timespec moment = {0, 100000};
    bf_wait_until(connection, has_landed, landing);
    while (!has_landed(landing)) /* the connection has ended: another thread is telling so */
        nanosleep(&moment, NULL);
    return landing->status;
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

void bf_reads_wait(uintptr_t low, uintptr_t high)
{
    while (atomic_load(&pending)) {
        struct range range = {low, high, 0, NULL};
        bf_object_each(BF_TICKET, look, &range);
        if (!range.ticket)
            break;
        bf_wait_until(range.connection, gone, &range.ticket);
    }
}
