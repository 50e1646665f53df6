/* Which of several ways a connection takes. Where nobody answers is a listener of loopback whose line is full. */
#include "transport/ways.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { FILLERS = 4, FIRST = 1, SECOND = 2, BOTH = 3 };

static int milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)(now.tv_sec % 1000000) * 1000 + (int)(now.tv_nsec / 1000000);
}

struct place {
    char host[16];
    unsigned port;
    int listener;
    int fillers[FILLERS];
};

static struct place place(int last, bool listens, bool silent)
{
    struct place p = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    snprintf(p.host, sizeof p.host, "127.0.0.%d", last);
    inet_pton(AF_INET, p.host, &address.sin_addr);
    CHECK(!bind(p.listener, (struct sockaddr *)&address, sizeof address));
    getsockname(p.listener, (struct sockaddr *)&address, &bytes);
    p.port = ntohs(address.sin_port);
    CHECK(!listens || !listen(p.listener, silent ? 0 : 5));
    for (int i = 0; i < FILLERS; i++) {
        p.fillers[i] = silent ? socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) : -1;
        if (silent)
            (void)!connect(p.fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    return p;
}

static void leave(struct place *p)
{
    close(p->listener);
    for (int i = 0; i < FILLERS; i++)
        if (p->fillers[i] >= 0)
            close(p->fillers[i]);
}

static struct bf_ways ways_to(const struct place *first, unsigned rank, const struct place *second)
{
    struct bf_ways ways = {.count = 0};
    CHECK(!bf_ways_add(&ways, "net1", first->host, first->port, rank));
    CHECK(!bf_ways_add(&ways, "net2", second->host, second->port, 1));
    CHECK(ways.count == 2 && !strcmp(ways.way[1].name, "net2 (127.0.0.4)"));
    return ways;
}

/* The way's number; what it took is checked. */
static int connect_to(struct bf_ways *ways, unsigned among, int least, int most, int *error)
{
    struct bf_transport transport;
    int begin = milliseconds();
    *error = 0;
    int way = bf_ways_connect(ways, among, false, &transport, 1000, error);
    int taken = milliseconds() - begin;
    CHECK(taken >= least && taken <= most);
    CHECK((way < 0) == (transport.descriptor < 0));
    if (way >= 0)
        transport.close(&transport);
    return way;
}

static void the_preferred_one_that_answers_is_taken(void)
{
    int error;
    struct place good = place(3, true, false), other = place(4, true, false);
    struct bf_ways ways = ways_to(&good, 2, &other);
    CHECK(connect_to(&ways, BOTH, 0, 100, &error) == 1);
    ways = ways_to(&good, 0, &other);
    CHECK(connect_to(&ways, BOTH, 0, 100, &error) == 0);
    CHECK(connect_to(&ways, SECOND, 0, 100, &error) == 1);
    leave(&good);
    leave(&other);
}

static void one_that_is_silent_is_waited_for_if_it_is_preferred(void)
{
    int error;
    struct place silent = place(3, true, true), other = place(4, true, false);
    struct bf_ways ways = ways_to(&silent, 0, &other);
    CHECK(connect_to(&ways, BOTH, 150, 600, &error) == 1);
    ways = ways_to(&silent, 1, &other);
    CHECK(connect_to(&ways, BOTH, 0, 100, &error) == 1);
    ways = ways_to(&silent, 2, &other);
    CHECK(connect_to(&ways, BOTH, 0, 100, &error) == 1);
    CHECK(connect_to(&ways, FIRST, 900, 1500, &error) == -1 && error == ETIMEDOUT);
    leave(&silent);
    leave(&other);
}

static void one_that_refuses_costs_nothing(void)
{
    int error;
    struct place refuses = place(3, false, false), other = place(4, true, false);
    struct bf_ways ways = ways_to(&refuses, 0, &other);
    CHECK(connect_to(&ways, BOTH, 0, 100, &error) == 1);
    CHECK(connect_to(&ways, FIRST, 0, 100, &error) == -1 && error == ECONNREFUSED);
    leave(&refuses);
    leave(&other);
}

/* A worker may not listen in a network that was not there when it began. */
static void nobody_is_there_only_where_somebody_was(void)
{
    int error;
    struct place refuses = place(3, false, false), silent = place(4, true, true);
    struct bf_ways ways = ways_to(&refuses, 0, &silent);
    CHECK(connect_to(&ways, BOTH, 900, 1500, &error) == -1 && error != ECONNREFUSED);
    ways.way[0].met = true;
    CHECK(connect_to(&ways, BOTH, 0, 100, &error) == -1 && error == ECONNREFUSED);
    leave(&refuses);
    leave(&silent);
}

static void small_packets_are_small(void)
{
    int error;
    struct bf_transport transport;
    struct place good = place(3, true, false), other = place(4, true, false);
    struct bf_ways ways = ways_to(&good, 0, &other);
    CHECK(bf_ways_connect(&ways, FIRST, true, &transport, 1000, &error) == 0);
    CHECK(bf_way_segment(&transport) <= 1220 && bf_way_is_loopback(&ways.way[0]));
    transport.close(&transport);
    leave(&good);
    leave(&other);
}

int main(void)
{
    the_preferred_one_that_answers_is_taken();
    one_that_is_silent_is_waited_for_if_it_is_preferred();
    one_that_refuses_costs_nothing();
    nobody_is_there_only_where_somebody_was();
    small_packets_are_small();
    return checks_failed;
}
