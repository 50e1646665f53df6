#include "transport/ways.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "program/descriptors.h"

enum {
    PREFERRED_MILLISECONDS = 200, /* so long one of a lower rank is waited for when another answers */
    EQUAL_MILLISECONDS = 2,       /* and one of the same rank, whose round trip may be shorter */
    SMALL_SEGMENT = 1220          /* of the least packet that IPv6 allows a network to have: 1280 */
};

static int milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)((now.tv_sec & 0xfffff) * 1000 + now.tv_nsec / 1000000);
}

static const struct sockaddr *socket_address(const struct bf_way *way)
{
    return (const struct sockaddr *)way->address;
}

static void name_way(struct bf_way *way, const char *network)
{
    char address[48] = "?";
    getnameinfo(socket_address(way), way->bytes, address, sizeof address, NULL, 0,
                NI_NUMERICHOST);
    if (network && *network)
        snprintf(way->name, sizeof way->name, "%.15s (%s)", network, address);
    else
        snprintf(way->name, sizeof way->name, "%s", address);
}

const char *bf_ways_add(struct bf_ways *ways, const char *network, const char *host, unsigned port,
                        unsigned rank)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[16];
    snprintf(service, sizeof service, "%u", port);
    int code = getaddrinfo(host, service, &hints, &found);
    if (code)
        return gai_strerror(code);
    for (struct addrinfo *one = found; one && ways->count < BF_MOST_WAYS; one = one->ai_next) {
        struct bf_way *way = &ways->way[ways->count];
        if (one->ai_addrlen > sizeof way->address)
            continue;
        *way = (struct bf_way){.bytes = one->ai_addrlen, .rank = rank};
        memcpy(way->address, one->ai_addr, one->ai_addrlen);
        name_way(way, network);
        ways->count++;
    }
    freeaddrinfo(found);
    return NULL;
}

bool bf_way_is_loopback(const struct bf_way *way)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)way->address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)way->address;
    return in->sin_family == AF_INET6
               ? IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr)
               : in->sin_family == AF_INET && ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

/* Connections that are being made, one a way. */
struct attempt {
    struct bf_ways *ways;
    struct pollfd socket[BF_MOST_WAYS]; /* fd -1: none (any more); events 0: it is there */
    unsigned round_trip[BF_MOST_WAYS];  /* microseconds */
    int error;    /* the last one */
    bool refused; /* where somebody had listened */
    int failures, refusals;
};

static void fail(struct attempt *a, int i, int error)
{
    if (a->socket[i].fd >= 0)
        close(a->socket[i].fd);
    a->socket[i].fd = -1;
    a->error = error;
    a->failures++;
    a->refusals += error == ECONNREFUSED;
    a->refused |= error == ECONNREFUSED && a->ways->way[i].met;
}

static void connected(struct attempt *a, int i)
{
    struct tcp_info info = {.tcpi_rtt = 0};
    socklen_t bytes = sizeof info;
    getsockopt(a->socket[i].fd, IPPROTO_TCP, TCP_INFO, &info, &bytes);
    a->round_trip[i] = info.tcpi_rtt;
    a->socket[i].events = 0;
    a->ways->way[i].met = true;
}

static void begin(struct attempt *a, int i, bool small)
{
    const struct bf_way *way = &a->ways->way[i];
    int segment = SMALL_SEGMENT;
    int descriptor = bf_descriptor_out_of_the_way(
        socket(socket_address(way)->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    a->socket[i] = (struct pollfd){.fd = descriptor, .events = POLLOUT};
    if (descriptor >= 0 && small)
        setsockopt(descriptor, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    if (descriptor < 0)
        fail(a, i, errno);
    else if (!connect(descriptor, socket_address(way), way->bytes))
        connected(a, i);
    else if (errno != EINPROGRESS && errno != EINTR)
        fail(a, i, errno);
}

static void look(struct attempt *a, int i)
{
    int error = 0;
    socklen_t bytes = sizeof error;
    if (getsockopt(a->socket[i].fd, SOL_SOCKET, SO_ERROR, &error, &bytes))
        error = errno;
    if (error)
        fail(a, i, error);
    else
        connected(a, i);
}

/* The best one that is there, or -1. */
static int best(const struct attempt *a)
{
    int found = -1;
    for (int i = 0; i < a->ways->count; i++) {
        const struct bf_way *way = &a->ways->way[i];
        if (a->socket[i].fd < 0 || a->socket[i].events)
            continue;
        if (found < 0 || way->rank < a->ways->way[found].rank ||
            (way->rank == a->ways->way[found].rank && a->round_trip[i] < a->round_trip[found]))
            found = i;
    }
    return found;
}

/* How long one that is still being made is worth waiting for; 0: what there is is as good.
 * since: milliseconds since the first one was there */
static int worth(const struct attempt *a, int found, int since)
{
    int most = 0;
    for (int i = 0; i < a->ways->count; i++) {
        unsigned rank = a->ways->way[i].rank;
        if (a->socket[i].fd < 0 || !a->socket[i].events || rank > a->ways->way[found].rank)
            continue;
        int patience = rank < a->ways->way[found].rank ? PREFERRED_MILLISECONDS : EQUAL_MILLISECONDS;
        most = patience > most ? patience : most;
    }
    return most > since ? most - since : 0;
}

static bool is_any_left(const struct attempt *a)
{
    bool any = false;
    for (int i = 0; i < a->ways->count; i++)
        any |= a->socket[i].fd >= 0 && a->socket[i].events;
    return any;
}

/* Waits until it is known over which way; -1: over none. */
static int wait_for(struct attempt *a, int milliseconds)
{
    int start = milliseconds_now(), first = -1, found;
    while ((found = best(a)) >= 0 || !a->refused) {
        int passed = milliseconds_now() - start;
        int left = passed >= 0 && passed < milliseconds ? milliseconds - passed : 0;
        if (found >= 0) {
            first = first < 0 ? passed : first;
            int more = worth(a, found, passed - first);
            left = more < left ? more : left;
        }
        if (!left || !is_any_left(a))
            break;
        struct pollfd waited[BF_MOST_WAYS];
        for (int i = 0; i < a->ways->count; i++) {
            waited[i] = a->socket[i];
            if (!waited[i].events)
                waited[i].fd = -1;
        }
        if (poll(waited, (nfds_t)a->ways->count, left) > 0) {
            for (int i = 0; i < a->ways->count; i++) {
                if (waited[i].fd >= 0 && waited[i].revents)
                    look(a, i);
            }
        }
    }
    return found;
}

/* The socket does not wait by itself while connecting; afterwards who receives with "wait" does. */
static void make_usual(int descriptor)
{
    int one = 1;
    int flags = fcntl(descriptor, F_GETFL);
    fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

int bf_ways_connect(struct bf_ways *ways, unsigned among, bool small, struct bf_transport *transport,
                    int milliseconds, int *error)
{
    struct attempt a = {.ways = ways, .error = ETIMEDOUT};
    int asked = 0;
    for (int i = 0; i < ways->count; i++) {
        a.socket[i].fd = -1;
        if (among >> i & 1) {
            asked++;
            begin(&a, i, small);
        }
    }
    int taken = wait_for(&a, milliseconds);
    for (int i = 0; i < ways->count; i++) {
        if (i != taken && a.socket[i].fd >= 0)
            close(a.socket[i].fd);
    }
    if (taken >= 0) {
        make_usual(a.socket[taken].fd);
        bf_transport_over(transport, a.socket[taken].fd);
        return taken;
    }
    bf_transport_over(transport, -1);
    bool nobody = a.refused || (asked && a.refusals == asked);
    *error = nobody ? ECONNREFUSED : a.error == ECONNREFUSED ? ETIMEDOUT : a.error;
    return -1;
}

unsigned bf_way_segment(const struct bf_transport *transport)
{
    int segment = 0;
    socklen_t bytes = sizeof segment;
    bool known = !getsockopt(transport->descriptor, IPPROTO_TCP, TCP_MAXSEG, &segment, &bytes);
    return known && segment > 0 ? (unsigned)segment : 0;
}
