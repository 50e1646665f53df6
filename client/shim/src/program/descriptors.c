#include "program/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FREE = 3, HIGH = 1024, ROOM = 32 /* for the library, below the limit */ };

static int wanted(void)
{
    struct rlimit limit;
    int lowest = HIGH;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < 2 * ROOM)
        lowest = FIRST_FREE;
    else if (limit.rlim_cur < HIGH + ROOM)
        lowest = (int)limit.rlim_cur - ROOM;
    return lowest;
}

int bf_descriptor_out_of_the_way(int descriptor)
{
    if (descriptor < 0)
        return descriptor;
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, wanted());
    if (moved < 0 && descriptor >= FIRST_FREE)
        return descriptor;
    if (moved < 0)
        moved = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_FREE);
    int error = errno;
    close(descriptor);
    errno = error;
    return moved;
}

uint64_t bf_socket_identity(int descriptor)
{
    uint64_t cookie = 0;
    socklen_t bytes = sizeof cookie;
    return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &bytes) ? 0 : cookie;
}
