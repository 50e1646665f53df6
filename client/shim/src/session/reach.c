#include "session/reach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "program/cancellation.h"
#include "program/log.h"
#include "session/handshake.h"
#include "session/session.h"

enum {
    CONNECT_MILLISECONDS = 10000,
    LEAST_PROBE = 4096,
    CUT_OFF_TRIES = 3,
    CUT_OFF_MILLISECONDS = 500,
};

static unsigned all_of(const struct bf_ways *ways)
{
    return (1u << ways->count) - 1;
}

enum security { SECURE, CUT_OFF, NOT_TRUSTED };

/* Puts TLS in between, or closes. */
static enum security secure(const struct bf_worker *worker, struct bf_transport *transport,
                            char why[BF_WHY_BYTES])
{
    if (!worker->tls || bf_tls_start(transport, bf_adaptor_tls(), bf_hello_patience(worker), why))
        return SECURE;
    enum security result = errno == ECONNRESET ? CUT_OFF : NOT_TRUSTED;
    transport->close(transport);
    return result;
}

static CUresult connect_to(const struct bf_worker *worker, const struct bf_server *server,
                           struct bf_transport *transport, bool *gone)
{
    int patience = worker->hurry ? worker->hurry : CONNECT_MILLISECONDS;
    struct bf_ways ways = {.count = 0};
    int error = 0;
    const char *why = bf_ways_add(&ways, NULL, server->host, server->port, 0);
    for (int i = 0; i < server->network_count; i++)
        bf_ways_add(&ways, server->networks[i].name, server->networks[i].address, server->port, 1);
    if (ways.count) {
        int way = bf_ways_connect(&ways, all_of(&ways), false, transport, patience, &error);
        why = way < 0 ? strerror(error) : NULL;
    }
    *gone = why && error == ECONNREFUSED;
    if (why)
        bf_say("cannot connect to %s port %u: %s. Is the server running (\"bitfusion server\"), "
               "and is the address right?",
               server->host, server->port, why);
    return why ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}

CUresult bf_reach_dispatcher(struct bf_worker *worker, const struct bf_server *server,
                             struct bf_transport *transport, bool *gone)
{
    char why[BF_WHY_BYTES];
    struct timespec pause = {0, CUT_OFF_MILLISECONDS * 1000000L};
    for (int tries = 1;; tries++) {
        CUresult status = connect_to(worker, server, transport, gone);
        if (status != CUDA_SUCCESS)
            return status;
        snprintf(worker->name, sizeof worker->name, "%.255s:%u", server->host, server->port);
        enum security security = secure(worker, transport, why);
        if (security == SECURE)
            return CUDA_SUCCESS;
        if (security == NOT_TRUSTED || tries == CUT_OFF_TRIES || worker->hurry)
            break;
        int cancellation = bf_hold_cancellation();
        nanosleep(&pause, NULL); /* what ends in the midst of its greeting may be starting again */
        bf_allow_cancellation(cancellation);
    }
    bf_say_of(worker, "%s is not trusted: %s. If the pool is new or was set up anew, this client has to be "
           "enrolled again (\"bitfusion token\").",
           worker->name, why);
    return CUDA_ERROR_NO_DEVICE;
}

void bf_reach_find(struct bf_worker *worker, const struct bf_server *server, unsigned port)
{
    struct bf_ways *ways = &worker->ways;
    ways->count = 0;
    for (int i = 0; i < server->network_count; i++) {
        const struct bf_network *network = &server->networks[i];
        bf_ways_add(ways, network->name, network->address, port, network->rank);
    }
    if (!ways->count)
        bf_ways_add(ways, NULL, server->host, port, 0);
}

/* Whether large packets get through to the worker and back. */
static enum bf_probe probe(const struct bf_worker *worker, const struct bf_way *way,
                           struct bf_transport *transport, int milliseconds)
{
    size_t bytes = 2 * (size_t)bf_way_segment(transport);
    if (worker->unprobed || bf_way_is_loopback(way))
        return BF_PROBE_PASSED;
    if (bytes < LEAST_PROBE)
        bytes = LEAST_PROBE;
    return bf_handshake_probe(worker, transport, bytes < BF_PROBE_MOST ? bytes : BF_PROBE_MOST,
                              milliseconds);
}

/* Tells the user what is wrong with the networks that are not used as they should be. */
static void tell_narrow(struct bf_ways *ways, int used)
{
    for (int i = 0; i < ways->count; i++) {
        struct bf_way *way = &ways->way[i];
        char instead[BF_WAY_TEXT + 32] = "small ones are used there, which is slower";
        if (!way->narrow || way->told)
            continue;
        way->told = true;
        if (i != used)
            snprintf(instead, sizeof instead, "%s is used instead", ways->way[used].name);
        bf_say("large packets do not get through %s: %s. Give the interfaces at both ends the MTU of what "
               "is between them (mostly 1500), or have jumbo frames let through all the way.",
               way->name, instead);
    }
}

/* With TLS, and probed; otherwise closed. */
static enum bf_probe use(struct bf_worker *worker, int i, struct bf_transport *transport,
                         int milliseconds, char why[BF_WHY_BYTES])
{
    enum bf_probe result = BF_PROBE_FAILED;
    if (!worker->tls || bf_tls_start(transport, NULL, milliseconds, why)) {
        result = probe(worker, &worker->ways.way[i], transport, milliseconds);
        snprintf(why, BF_WHY_BYTES, "%s",
                 result == BF_PROBE_STUCK ? "large packets do not get through" : "it does not answer");
    }
    if (result != BF_PROBE_PASSED)
        transport->close(transport);
    if (result == BF_PROBE_STUCK)
        worker->ways.way[i].narrow = true;
    if (result == BF_PROBE_UNKNOWN)
        worker->unprobed = true;
    return result;
}

static enum bf_resumption reach(struct bf_worker *worker, bool narrow, struct bf_transport *transport,
                                int milliseconds, char why[BF_WHY_BYTES])
{
    struct bf_ways *ways = &worker->ways;
    unsigned among = 0;
    for (int i = 0; i < ways->count; i++)
        among |= ways->way[i].narrow == narrow ? 1u << i : 0;
    while (among) {
        int error = 0;
        int i = bf_ways_connect(ways, among, narrow, transport, milliseconds, &error);
        if (i < 0) {
            snprintf(why, BF_WHY_BYTES, "%s", strerror(error));
            return error == ECONNREFUSED ? BF_NOBODY : BF_UNREACHED;
        }
        enum bf_probe result = use(worker, i, transport, milliseconds, why);
        if (result == BF_PROBE_PASSED) {
            tell_narrow(ways, i);
            bf_log(BF_LOG_INFORMATION, "connected to the worker over %s, packets of up to %u bytes",
                   ways->way[i].name, bf_way_segment(transport));
            return BF_RESUMED;
        }
        bf_log(BF_LOG_WARNING, "no connection over %s: %s", ways->way[i].name, why);
        if (result != BF_PROBE_UNKNOWN)
            among &= ~(1u << i);
    }
    return BF_UNREACHED;
}

enum bf_resumption bf_reach_worker(struct bf_worker *worker, struct bf_transport *transport,
                                   int milliseconds, char why[BF_WHY_BYTES])
{
    snprintf(why, BF_WHY_BYTES, "it has no address");
    enum bf_resumption wide = reach(worker, false, transport, milliseconds, why);
    if (wide == BF_RESUMED)
        return wide;
    bool any = false;
    for (int i = 0; i < worker->ways.count; i++)
        any |= worker->ways.way[i].narrow;
    return any ? reach(worker, true, transport, milliseconds, why) : wide;
}
