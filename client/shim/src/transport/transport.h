/*
 * What a connection needs of the network. A transport may be sent on by one thread and received
 * from by another at once; two threads never send, nor receive, at the same time.
 */
#ifndef BF_TRANSPORT_H
#define BF_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { BF_BINDING_BYTES = 32 };

struct bf_transport {
    int descriptor;
    uint64_t identity; /* of the socket: the number may have become a file of the program's */
    uint8_t peer[128]; /* the address that it is connected to; 0 bytes: not known */
    unsigned peer_bytes;
    struct bf_tls *tls;                /* NULL: plain */
    bool more; /* what is sent next follows at once: a network's packets are filled (MSG_MORE) */
    uint8_t binding[BF_BINDING_BYTES]; /* with TLS, what only its two ends know; else zeros */
    /* As sendmsg and recvmsg without waiting: bytes moved; -1 with errno (EAGAIN, EFAULT, EINTR
     * ...; EBADF: the program has closed the descriptor); receive 0: the other side has ended. */
    ssize_t (*send)(struct bf_transport *transport, const struct iovec *parts, int count);
    ssize_t (*receive)(struct bf_transport *transport, const struct iovec *parts, int count,
                       bool wait);
    /* Waits until it can be received from or sent on (as asked), at most that long (-1: for ever).
     * Bit 0: readable, bit 1: writable. */
    int (*wait)(struct bf_transport *transport, bool readable, bool writable, int milliseconds);
    /* Whether the descriptor is still this socket's. */
    bool (*is_ours)(const struct bf_transport *transport);
    /* Nothing moves any more; who waits in any of the others returns. */
    void (*stop)(struct bf_transport *transport);
    void (*close)(struct bf_transport *transport);
};

/* With neither asked for, wait returns BF_ENDED when the other side has closed. */
enum { BF_READABLE = 1, BF_WRITABLE = 2, BF_ENDED = 4 };

/* Over a stream socket that is connected already. */
void bf_transport_over(struct bf_transport *transport, int descriptor);

/* In a child of the process that made it, in the place of close: the child's descriptor is closed.
 * Nothing is sent, and nothing of TLS is touched: a thread that the child does not have may have been
 * using it, and its locks, when the child was made. */
void bf_transport_forget(struct bf_transport *transport);

/* Moves exactly so many bytes, waiting at most that long in all. */
bool bf_transport_write_all(struct bf_transport *transport, const void *data, size_t bytes,
                            int milliseconds);
bool bf_transport_read_all(struct bf_transport *transport, void *data, size_t bytes,
                           int milliseconds);

#endif
