#include "transport/safely.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, MOST_PAGES = 64 };
enum { POPULATE_READ = 22, POPULATE_WRITE = 23 }; /* MADV_POPULATE_*, which older headers lack */

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

/* A byte of each page: the first, and those at which pages begin. */
static int first_bytes(void *memory, size_t bytes, struct iovec pages[MOST_PAGES], size_t *looked_at)
{
    char *start = memory, *end = start + bytes;
    char *at = start;
    int count = 0;
    while (at < end && count < MOST_PAGES) {
        pages[count++] = (struct iovec){at, 1};
        at = (char *)(((uintptr_t)at + PAGE) & ~(uintptr_t)(PAGE - 1));
    }
    *looked_at = at < end ? (size_t)(at - start) : bytes;
    return count;
}

/* Whether the kernel has all pages of it ready (Linux 5.14; a fifth of what it takes to read a byte of
 * each). False: not sure. */
static bool is_populated(void *memory, size_t bytes, bool write)
{
    uintptr_t start = (uintptr_t)memory & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = (uintptr_t)memory + bytes;
    int error = errno;
    bool populated = !madvise((void *)start, end - start,
                              write ? POPULATE_WRITE : POPULATE_READ);
    errno = error;
    return populated;
}

static bool look(void *memory, size_t bytes, bool write)
{
    if (is_populated(memory, bytes, write))
        return true;
    char *start = memory;
    for (size_t done = 0, step; done < bytes; done += step) {
        struct iovec pages[MOST_PAGES];
        char values[MOST_PAGES] = {0};
        int count = first_bytes(start + done, bytes - done, pages, &step);
        struct iovec here = {values, (size_t)count};
        ssize_t moved =
            write ? process_vm_writev(getpid(), &here, 1, pages, (unsigned long)count, 0)
                  : process_vm_readv(getpid(), &here, 1, pages, (unsigned long)count, 0);
        if (moved >= 0 ? moved < count : errno == EFAULT)
            return false; /* else the kernel does not let us ask it */
    }
    return true;
}

bool bf_is_readable(const void *memory, size_t bytes)
{
    return look((void *)(uintptr_t)memory, bytes, false);
}

bool bf_is_writable(void *memory, size_t bytes)
{
    return look(memory, bytes, true);
}
