#include "transport/tickets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "objects/model.h"

static char nowhere[65536];

int bf_region_parts(const struct bf_region *region, char *base, uint64_t offset, size_t left,
                    struct iovec *parts, int most)
{
    int count = 0;
    while (left && count < most) {
        uint64_t row = offset / region->width_bytes;
        uint64_t column = offset % region->width_bytes;
        uint64_t place = row / region->height * region->slice_pitch +
                         row % region->height * region->pitch + column;
        uint64_t bytes = region->width_bytes - column;
        if (bytes > left)
            bytes = left;
        parts[count++] = (struct iovec){base + place, (size_t)bytes};
        offset += bytes;
        left -= (size_t)bytes;
    }
    return count;
}

int bf_ticket_parts(uint64_t handle, uint64_t offset, size_t left, struct iovec *parts, int most)
{
    const struct bf_ticket *ticket = bf_object_find(BF_TICKET, handle);
    if (!ticket || atomic_load(&ticket->fault) || offset > ticket->total ||
        left > ticket->total - offset) {
        parts[0] = (struct iovec){nowhere, left < sizeof nowhere ? left : sizeof nowhere};
        return 1;
    }
    return bf_region_parts(&ticket->region, ticket->destination, offset, left, parts, most);
}

void bf_ticket_fault(uint64_t handle)
{
    struct bf_ticket *ticket = bf_object_find(BF_TICKET, handle);
    if (ticket)
        atomic_store(&ticket->fault, true);
}
