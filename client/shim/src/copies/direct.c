#include "copies/direct.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "bf_requests.h"
#include "program/cancellation.h"
#include "program/log.h"
#include "session/handshake.h"
#include "session/hmac.h"
#include "streams/progress.h"
#include "program/ranks.h"

enum {
    SINCE = 3,               /* the version of peer.expect and peer.send */
    LEAST_BYTES = 64 * 1024, /* the workers' connection and its hello cost more than fewer bytes */
    MOST_BREAKS = 3          /* then another address is taken; after the last all copies go through here */
};

enum result { LANDED, NOT_REACHED, BROKEN_OFF };

enum mode { AUTO, OFF, ALWAYS };

static enum mode mode;

static void read_mode(void)
{
    const char *text = getenv("BF_DIRECT_COPIES");
    mode = text && !strcmp(text, "off") ? OFF : text && !strcmp(text, "always") ? ALWAYS : AUTO;
}

/* Where this process is connected to the worker. */
struct address {
    struct in6_addr ip; /* IPv4 as ::ffff:a.b.c.d */
    uint32_t port;      /* 0: it is not known */
    bool loopback;
};

static struct address read_address(const void *socket_address, size_t bytes)
{
    struct address address = {.port = 0};
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    memcpy(&peer, socket_address, bytes < sizeof peer ? bytes : sizeof peer);
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&peer;
        address.ip.s6_addr[10] = address.ip.s6_addr[11] = 0xff;
        memcpy(address.ip.s6_addr + 12, &in->sin_addr, sizeof in->sin_addr);
        address.port = ntohs(in->sin_port);
        address.loopback = address.ip.s6_addr[12] == 127;
    } else if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&peer;
        address.ip = in6->sin6_addr;
        address.port = ntohs(in6->sin6_port);
        address.loopback = IN6_IS_ADDR_LOOPBACK(&address.ip);
    }
    return address;
}

static struct address address_of(struct bf_worker *worker)
{
    uint8_t peer[sizeof worker->connection.transport.peer];
    struct bf_connection *c = &worker->connection;
    bf_lock(&c->sender.lock, BF_SENDER); /* the keeper may just put another one in its place */
    size_t bytes = c->transport.peer_bytes < sizeof peer ? c->transport.peer_bytes : sizeof peer;
    memcpy(peer, c->transport.peer, bytes);
    bf_unlock(&c->sender.lock, BF_SENDER);
    return read_address(peer, bytes);
}

/* Where another worker may reach it: first where this process is connected to it, then in its other
 * networks. Port 0: there is no such number. */
static struct address address_number(struct bf_worker *worker, unsigned number)
{
    struct address here = address_of(worker);
    if (!number)
        return here;
    for (int i = 0; i < worker->ways.count; i++) {
        const struct bf_way *way = &worker->ways.way[i];
        struct address other = read_address(way->address, way->bytes);
        if (memcmp(&other.ip, &here.ip, sizeof here.ip) && !--number)
            return other;
    }
    return (struct address){.port = 0};
}

/* A worker on this machine is at an address that means another machine elsewhere; one that speaks TLS
 * speaks nothing else. */
static bool may_go(struct bf_worker *from, struct bf_worker *to, uint64_t bytes,
                   struct address *address)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_mode);
    if (mode == AUTO && bytes < LEAST_BYTES)
        return false;
    if (mode == OFF || from->version < SINCE ||
        to->version < SINCE || from->tls != to->tls || atomic_load(&from->breaks[to->index]) >= MOST_BREAKS)
        return false;
    *address = address_number(to, atomic_load(&from->via[to->index]));
    return address->port && (!address->loopback || address_of(from).loopback);
}

static void code(const uint8_t key[BF_SECRET_BYTES], const char *what, const uint8_t *transfer,
                 uint8_t secret[BF_SECRET_BYTES])
{
    const struct bf_piece pieces[] = {{what, strlen(what)}, {transfer, BF_ID_BYTES}};
    uint8_t whole[BF_PROOF_BYTES];
    bf_hmac(key, pieces, 2, whole);
    memcpy(secret, whole, BF_SECRET_BYTES);
}

/* What the workers prove to each other: the one that expects the copy derives it, the other is told
 * it under a mask that it derives. */
static void mask_secret(const struct bf_worker *from, const struct bf_worker *to,
                        const uint8_t *transfer, uint8_t masked[BF_SECRET_BYTES])
{
    uint8_t mask[BF_SECRET_BYTES];
    code(to->session_secret, "bitfusion-transfer", transfer, masked);
    code(from->session_secret, "bitfusion-mask", transfer, mask);
    for (int i = 0; i < BF_SECRET_BYTES; i++)
        masked[i] ^= mask[i];
}

/* It hears, and will have heard of the copy before the second has passed in which it has to be reached. */
static CUresult await_first(struct bf_connection *c)
{
    struct bf_ping m = {{NULL, 0, 0}};
    struct bf_ping_answer answer;
    struct bf_answer kept;
    CUresult status = bf_ask_ping(c, &m, &answer, &kept);
    bf_answer_free(&kept);
    return status;
}

static void note(struct bf_worker *from, struct bf_worker *to, enum result result)
{
    if (result == LANDED) {
        atomic_store(&from->met[to->index], true);
    } else {
        bf_log(BF_LOG_INFORMATION, "a copy from %s to %s goes through this machine: %s",
               from->name, to->name,
               result == NOT_REACHED ? "the one does not reach the other" : "it has broken off");
        unsigned number = atomic_load(&from->via[to->index]);
        unsigned breaks = result == NOT_REACHED ? MOST_BREAKS : 1;
        breaks += atomic_fetch_add(&from->breaks[to->index], breaks);
        if (breaks >= MOST_BREAKS && address_number(to, number + 1).port &&
            atomic_compare_exchange_strong(&from->via[to->index], &number, number + 1)) {
            atomic_store(&from->met[to->index], false);
            atomic_store(&from->breaks[to->index], 0);
        }
    }
}

/* Two copies take their places in the streams of both workers in one order: else each could stand in
 * front of the other at one of them, and both would wait for ever. */
static pthread_mutex_t placing = PTHREAD_MUTEX_INITIALIZER;

/* What has been asked of the two workers. */
struct request {
    struct bf_peer_expect expect;
    struct bf_peer_send send;
    struct bf_answer answer;
};

/* False if the one that is to expect the copy has not been told. */
static bool place(struct request *r, struct bf_connection *from, struct bf_connection *to, bool met,
                  CUresult *sent)
{
    uint8_t frame[BF_FRAME_BYTES + BF_PEER_SEND_MINIMUM];
    int cancellation = bf_hold_cancellation();
    bool puts_off = bf_send_as_put_off(true); /* copies that were put off wait for the lock, too */
    CUresult told = met ? CUDA_SUCCESS : await_first(to); /* without the lock: it may be silent */
    bf_lock(&placing, BF_PLACING);
    if (told == CUDA_SUCCESS)
        told = bf_send_peer_expect(to, &r->expect);
    if (told == CUDA_SUCCESS)
        told = bf_flush(to);
    if (told == CUDA_SUCCESS) {
        uint32_t request = bf_next_request(from);
        *sent = bf_ask_begin(from, frame, bf_peer_send_frame(frame, &r->send, request), request,
                             &r->answer);
    }
    bf_unlock(&placing, BF_PLACING);
    bf_send_as_put_off(puts_off);
    bf_allow_cancellation(cancellation);
    return told == CUDA_SUCCESS;
}

static void forget(struct bf_connection *to, const struct bf_peer_expect *expect)
{
    struct bf_peer_forget m;
    memcpy(m.transfer, expect->transfer, sizeof m.transfer);
    bf_send_exempt_peer_forget(to, &m);
}

bool bf_copy_directly(const struct bf_stream_use *out, const struct bf_stream_use *in,
                      CUdeviceptr destination, const struct bf_region *to, CUdeviceptr source,
                      const struct bf_region *from, CUresult *status)
{
    struct bf_worker *sender = out->context->device->worker;
    struct bf_worker *receiver = in->context->device->worker;
    struct address address;
    struct request r = {
        .expect = {.stream = in->wire, .destination = destination, .region = *to},
        .send = {.stream = out->wire, .source = source, .region = *from}};
    struct bf_peer_send_answer answer = {.result = BROKEN_OFF};
    if (!may_go(sender, receiver, from->width_bytes * from->height * from->depth, &address) ||
        getrandom(r.expect.transfer, sizeof r.expect.transfer, 0) != sizeof r.expect.transfer)
        return false;
    memcpy(r.send.transfer, r.expect.transfer, sizeof r.send.transfer);
    mask_secret(sender, receiver, r.send.transfer, r.send.masked_secret);
    memcpy(r.send.address, &address.ip, sizeof r.send.address);
    r.send.port = address.port;
    uint64_t mark = bf_progress_mark(out->context);
    bool met = atomic_load(&sender->met[receiver->index]);
    CUresult sent = CUDA_ERROR_DEVICE_UNAVAILABLE;
    bool placed = place(&r, out->connection, in->connection, met, &sent);
    bf_progress_work(in);
    if (!placed)
        return false; /* the way through here tells what is wrong there */
    CUresult asked = bf_ask_end(out->connection, sent, &r.answer);
    if (asked == CUDA_SUCCESS &&
        !bf_peer_send_answer_read(r.answer.body, r.answer.length, &answer))
        asked = CUDA_ERROR_UNKNOWN;
    bf_answer_free(&r.answer);
    if (asked == CUDA_SUCCESS) {
        bf_progress_reached(out, mark);
        note(sender, receiver, (enum result)answer.result);
    } else {
        *status = bf_outcome(out->context, asked);
    }
    if (asked != CUDA_SUCCESS || answer.result != LANDED)
        forget(in->connection, &r.expect);
    return asked != CUDA_SUCCESS || answer.result == LANDED;
}
