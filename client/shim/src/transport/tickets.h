/* Copies from a device that are under way: where their bytes go, and whether they have landed. */
#ifndef BF_TICKETS_H
#define BF_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bf_cuda_types.h"
#include "bf_messages.h"

/* Where up to "left" bytes from the packed offset go: at most "most" parts. What has no place (an
   unknown ticket, beyond the region, a destination that could not be written) goes to a place where
   nobody looks. Never 0 parts if left is not 0. */
int bf_ticket_parts(uint64_t ticket, uint64_t offset, size_t left, struct iovec *parts, int most);

/* The destination could not be written: the rest goes nowhere and the copy fails. */
void bf_ticket_fault(uint64_t ticket);

/* Parts of the rows of a region that lie at "base": the packed bytes [offset, offset + left). At
 * most "most" parts. */
int bf_region_parts(const struct bf_region *region, char *base, uint64_t offset, size_t left,
                    struct iovec *parts, int most);


#endif
