/*
 * The program's memory, which may not be there: looked at and copied without a signal where it is not.
 */
#ifndef BF_SAFELY_H
#define BF_SAFELY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Copies the parts one behind the other, within this process; false instead of a fault where that
 * can be had. */
bool bf_gather_safely(void *destination, const struct iovec *parts, int count);

/* The same of one part; false instead of a fault where that can be had. */
bool bf_copy_safely(void *destination, const void *source, size_t bytes);

/* Whether every page of it can be read; or written, for which a byte of each is set to 0. */
bool bf_is_readable(const void *memory, size_t bytes);
bool bf_is_writable(void *memory, size_t bytes);

#endif
