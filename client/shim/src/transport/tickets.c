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

bool bf_gather_safely(void *destination, const struct iovec *parts, int count)
{
    struct iovec to = {destination, 0};
    for (int i = 0; i < count; i++)
        to.iov_len += parts[i].iov_len;
    ssize_t moved = process_vm_writev(getpid(), parts, (unsigned long)count, &to, 1, 0);
    if (moved == (ssize_t)to.iov_len)
        return true;
    if (moved >= 0 || errno == EFAULT)
        return false;
    char *end = destination;
    for (int i = 0; i < count; i++) { /* the kernel does not let us ask it */
        memcpy(end, parts[i].iov_base, parts[i].iov_len);
        end += parts[i].iov_len;
    }
    return true;
}

bool bf_copy_safely(void *destination, const void *source, size_t bytes)
{
    struct iovec part = {(void *)(uintptr_t)source, bytes};
    return bf_gather_safely(destination, &part, 1);
}
