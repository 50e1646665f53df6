/*
 * The ways to one port of a server: an address in each network that the server is in. They are tried
 * all at once, so that a network that is down costs no more than a moment.
 */
#ifndef BF_WAYS_H
#define BF_WAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/transport.h"

enum { BF_MOST_WAYS = 8, BF_WAY_TEXT = 72 };

struct bf_way {
    char name[BF_WAY_TEXT]; /* for messages: the network, if it has a name, and the address */
    _Alignas(8) uint8_t address[128]; /* a struct sockaddr */
    unsigned bytes;
    unsigned rank; /* 0: what the administrator would rather have is taken */
    bool met;      /* somebody has listened there */
    bool narrow;   /* large packets do not get through */
    bool told;     /* and the user knows */
};

struct bf_ways {
    struct bf_way way[BF_MOST_WAYS];
    int count;
};

/* Adds what a host's name or address means; beyond BF_MOST_WAYS nothing. NULL, or why there is
 * nothing (getaddrinfo's text).
 * network: NULL: it has no name */
const char *bf_ways_add(struct bf_ways *ways, const char *network, const char *host, unsigned port,
                        unsigned rank);

/* Connects: over the way of the lowest rank that answers within a moment, among these over the one
 * with the shortest round trip. The way's number; -1 with *error (an errno; ECONNREFUSED only where
 * nobody listens any more, or anywhere).
 * among: bit i: way i may be taken
 * small: with packets that every network lets through */
int bf_ways_connect(struct bf_ways *ways, unsigned among, bool small, struct bf_transport *transport,
                    int milliseconds, int *error);

/* To this machine itself: no network is in between. */
bool bf_way_is_loopback(const struct bf_way *way);

/* The most bytes of a packet that travels over the connection; 0: not known. */
unsigned bf_way_segment(const struct bf_transport *transport);

#endif
