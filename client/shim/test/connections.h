/* What tests of a connection share: one over a socket pair, and its end. */
#ifndef BF_TEST_CONNECTIONS_H
#define BF_TEST_CONNECTIONS_H

#include "transport/connection.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "program/log.h"

void bf_log(enum bf_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

static CUresult ask_status(struct bf_connection *c, const void *frame, size_t bytes,
                           uint32_t request)
{
    struct bf_answer answer;
    CUresult status = bf_ask(c, frame, bytes, request, &answer);
    bf_answer_free(&answer);
    return status;
}

static pthread_t threads[64];
static int thread_count; /* only one connection at a time starts any */

bool bf_thread_start(void *(*run)(void *argument), void *argument)
{
    return !pthread_create(&threads[thread_count], NULL, run, argument) && ++thread_count;
}

/* Ends the connection and its threads. */
static void end_connection(struct bf_connection *c)
{
    bf_connection_end(c, "the test is over");
    c->transport.stop(&c->transport);
    for (; thread_count; thread_count--)
        pthread_join(threads[thread_count - 1], NULL);
    c->transport.close(&c->transport);
    bf_outbox_free(&c->sender.box);
    free(c->receiver.buffer);
    free(c->receiver.unpacked);
    bf_packing_free(&c->sender.packing);
}

static void ignore(struct bf_connection *c, const struct bf_frame *frame, const uint8_t *body)
{
    (void)c;
    (void)frame;
    (void)body;
}

/* A connection over a socket pair; the peer's end is returned. */
static int connect_pair(struct bf_connection *c)
{
    struct bf_transport transport;
    int pair[2] = {-1, -1};
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    bf_transport_over(&transport, pair[0]);
    CHECK(bf_connection_start(c, transport));
    c->on_frame = ignore;
    return pair[1];
}

static bool read_all(int peer, void *data, size_t bytes)
{
    return recv(peer, data, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

#endif
