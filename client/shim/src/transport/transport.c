#include "transport/transport.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "program/cancellation.h"
#include "program/descriptors.h"

/* A program may close descriptors that it did not open, and its next file gets the number. Asked
 * before anything leaves or is read and before a wait: another thread may be in such a wait when that
 * happens, and goes on with what has taken the number. */
static bool is_ours(const struct bf_transport *transport)
{
    bool ours = bf_socket_identity(transport->descriptor) == transport->identity;
    if (!ours)
        errno = EBADF;
    return ours;
}

/* One part takes the simpler system call, which is cheaper by a tenth of a microsecond. */
static ssize_t tcp_send(struct bf_transport *transport, const struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                             .msg_iovlen = (size_t)count};
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (transport->more ? MSG_MORE : 0);
    if (!is_ours(transport))
        return -1;
    int cancellation = bf_hold_cancellation();
    ssize_t moved =
        count == 1 ? send(transport->descriptor, parts->iov_base, parts->iov_len, flags)
                   : sendmsg(transport->descriptor, &message, flags);
    bf_allow_cancellation(cancellation);
    return moved;
}

static ssize_t tcp_receive(struct bf_transport *transport, const struct iovec *parts, int count,
                           bool wait)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                             .msg_iovlen = (size_t)count};
    int flags = wait ? 0 : MSG_DONTWAIT;
    if (!is_ours(transport))
        return -1;
    int cancellation = bf_hold_cancellation();
    ssize_t moved =
        count == 1 ? recv(transport->descriptor, parts->iov_base, parts->iov_len, flags)
                   : recvmsg(transport->descriptor, &message, flags);
    bf_allow_cancellation(cancellation);
    return moved;
}

static int tcp_wait(struct bf_transport *transport, bool readable, bool writable, int milliseconds)
{
    struct pollfd event = {.fd = transport->descriptor,
                           .events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0))};
    int bits = 0;
    if (!event.events)
        event.events = POLLRDHUP; /* what arrives does not wake us */
    if (!is_ours(transport))
        return event.events == POLLRDHUP ? BF_ENDED : bits;
    int cancellation = bf_hold_cancellation();
    int ready = poll(&event, 1, milliseconds);
    bf_allow_cancellation(cancellation);
    if (ready > 0) {
        bits |= event.revents & (POLLIN | POLLERR | POLLHUP) ? BF_READABLE : 0;
        bits |= event.revents & (POLLOUT | POLLERR | POLLHUP) ? BF_WRITABLE : 0;
        bits |= event.revents & (POLLRDHUP | POLLERR | POLLHUP | POLLNVAL) ? BF_ENDED : 0;
    }
    return bits;
}

static void tcp_stop(struct bf_transport *transport)
{
    if (is_ours(transport))
        shutdown(transport->descriptor, SHUT_RDWR);
}

static void tcp_close(struct bf_transport *transport)
{
    if (transport->descriptor >= 0 && is_ours(transport))
        close(transport->descriptor);
    transport->descriptor = -1;
}

void bf_transport_over(struct bf_transport *transport, int descriptor)
{
    *transport = (struct bf_transport){.descriptor = descriptor,
                                       .identity = bf_socket_identity(descriptor),
                                       .is_ours = is_ours,
                                       .send = tcp_send,
                                       .receive = tcp_receive,
                                       .wait = tcp_wait,
                                       .stop = tcp_stop,
                                       .close = tcp_close};
    struct sockaddr_storage peer;
    socklen_t bytes = sizeof peer;
    if (!getpeername(descriptor, (struct sockaddr *)&peer, &bytes) &&
        bytes <= sizeof transport->peer) {
        memcpy(transport->peer, &peer, bytes);
        transport->peer_bytes = bytes;
    }
}

void bf_transport_forget(struct bf_transport *transport)
{
    tcp_close(transport); /* under TLS it has the same descriptor */
}

static int left(const struct timespec *end)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long milliseconds =
        (end->tv_sec - now.tv_sec) * 1000LL + (end->tv_nsec - now.tv_nsec) / 1000000;
    return milliseconds > 0 ? (int)milliseconds : 0;
}

static struct timespec after(int milliseconds)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000L;
    return end;
}

bool bf_transport_write_all(struct bf_transport *transport, const void *data, size_t bytes,
                            int milliseconds)
{
    struct timespec end = after(milliseconds);
    const char *at = data;
    while (bytes) {
        struct iovec part = {(void *)(uintptr_t)at, bytes};
        ssize_t moved = transport->send(transport, &part, 1);
        if (moved > 0) {
            at += moved;
            bytes -= (size_t)moved;
        } else if (errno != EAGAIN && errno != EINTR) {
            return false;
        } else if (!left(&end)) {
            return false;
        } else {
            transport->wait(transport, false, true, left(&end));
        }
    }
    return true;
}

bool bf_transport_read_all(struct bf_transport *transport, void *data, size_t bytes,
                           int milliseconds)
{
    struct timespec end = after(milliseconds);
    char *at = data;
    while (bytes) {
        struct iovec part = {at, bytes};
        ssize_t moved = transport->receive(transport, &part, 1, false);
        if (moved > 0) {
            at += moved;
            bytes -= (size_t)moved;
        } else if (!moved || (errno != EAGAIN && errno != EINTR) || !left(&end)) {
            return false;
        } else {
            transport->wait(transport, true, false, left(&end));
        }
    }
    return true;
}
