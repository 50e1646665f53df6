#include "session/session.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session/adaptor.h"
#include "session/handshake.h"
#include "session/host_word.h"
#include "session/prepared.h"
#include "session/reach.h"
#include "session/window.h"
#include "contexts/devices.h"
#include "program/cancellation.h"
#include "transport/incoming.h"
#include "transport/tls.h"
#include "program/log.h"
#include "objects/state.h"

static void program_name(char *name, size_t bytes)
{
    ssize_t length = readlink("/proc/self/exe", name, bytes - 1);
    name[length > 0 ? length : 0] = 0;
}

/* How long a worker is waited for. A dispatcher that has none yet says within 20 s that it is to be
   asked again over the same connection, which keeps the place in the line; so one that says nothing
   for ANSWER_MILLISECONDS is not there. */
enum { WORKER_MILLISECONDS = 300000, ANSWER_MILLISECONDS = 60000 };

/* Asks until there is a worker, with the first "once" bytes only the first time. False: no answer. */
static bool ask(struct bf_transport *transport, const uint8_t *question, size_t bytes, size_t once,
                struct bf_frame *answer)
{
    uint8_t head[BF_FRAME_BYTES];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + WORKER_MILLISECONDS / 1000;
    for (size_t said = 0;; said = once) {
        if (!bf_transport_write_all(transport, question + said, bytes - said,
                                    BF_HELLO_MILLISECONDS) ||
            !bf_transport_read_all(transport, head, sizeof head, ANSWER_MILLISECONDS))
            return false;
        bf_frame_read(head, answer);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (answer->status != CUDA_ERROR_NOT_READY || now.tv_sec >= end)
            return true;
    }
}

/* Asks the dispatcher for a worker; the first time with the proof that it may. MAP_FAILED: not with this
 * window; "gone": no answer. */
static CUresult ask_for_worker(struct bf_worker *worker, struct bf_transport *transport,
                               const struct bf_handshake *handshake, bool first,
                               struct bf_session_open_answer *opened, bool *gone)
{
    char program[1024];
    uint8_t frame[BF_PROOF_BYTES + BF_FRAME_BYTES + BF_SESSION_OPEN_MINIMUM + sizeof program];
    uint8_t body[64];
    struct bf_frame answer;
    program_name(program, sizeof program);
    struct bf_session_open m = {(uint32_t)getpid(), bf_view_of_text(program), worker->window_base,
                                worker->window_bytes, bf_host_word_given()};
    size_t proof = first ? BF_PROOF_BYTES : 0;
    memcpy(frame, handshake->proof, proof);
    size_t bytes = proof + bf_session_open_frame(frame + proof, &m, 1);
    *gone = !ask(transport, frame, bytes, proof, &answer);
    if (*gone) {
        bf_say("%s does not answer this program's wish for a worker.", worker->name);
        return CUDA_ERROR_DEVICE_UNAVAILABLE;
    }
    bool good = answer.length <= sizeof body &&
                bf_transport_read_all(transport, body, answer.length, BF_HELLO_MILLISECONDS);
    if (good && answer.status == CUDA_ERROR_MAP_FAILED)
        return CUDA_ERROR_MAP_FAILED;
    if (good && answer.status == CUDA_ERROR_NOT_READY) {
        bf_say("%s had no worker for this program within %d s: too many programs start there.",
               worker->name, WORKER_MILLISECONDS / 1000);
        return CUDA_ERROR_DEVICE_UNAVAILABLE;
    }
    if (good && answer.status) {
        bf_say("%s has no worker for this program (error %d); its log says why.", worker->name,
               answer.status);
        return (CUresult)answer.status;
    }
    if (!good || !bf_session_open_answer_read(body, answer.length, opened)) {
        bf_say("what answers at %s is no Bitfusion server of this version.", worker->name);
        return CUDA_ERROR_NO_DEVICE;
    }
    bf_host_word_watch(worker->index, opened->session);
    return CUDA_SUCCESS;
}

enum { REACH_MILLISECONDS = 10000, RESUME_MILLISECONDS = 3000 /* for a connection, and again for each word of its hello */ };

/* See bf_connection's "resume". */
static enum bf_resumption resume(struct bf_connection *c, struct bf_transport *fresh,
                                 uint64_t *received)
{
    struct bf_worker *worker =
        (struct bf_worker *)((char *)c - offsetof(struct bf_worker, connection));
    char why[BF_WHY_BYTES];
    enum bf_resumption reached = bf_reach_worker(worker, fresh, RESUME_MILLISECONDS, why);
    if (reached != BF_RESUMED) {
        bf_log(BF_LOG_INFORMATION, "no new connection: %s", why);
        return reached;
    }
    enum bf_resumption end = bf_handshake_resume(worker, fresh, c->epoch, received,
                                                 RESUME_MILLISECONDS);
    if (end != BF_RESUMED)
        fresh->close(fresh);
    return end;
}

/* Sets *bytes to what was received. */
static CUresult receive_devices(struct bf_worker *worker, struct bf_transport *transport,
                                const struct bf_handshake *handshake, uint64_t *bytes)
{
    uint8_t head[BF_FRAME_BYTES];
    struct bf_frame frame;
    CUresult status = CUDA_ERROR_NO_DEVICE;
    uint8_t *body = NULL;
    bool good = bf_transport_write_all(transport, handshake->proof, sizeof handshake->proof,
                                       BF_HELLO_MILLISECONDS) &&
                bf_transport_read_all(transport, head, sizeof head, BF_HELLO_MILLISECONDS);
    if (good) {
        bf_frame_read(head, &frame);
        good = frame.call == BF_CALL_SESSION_DEVICES && frame.length <= BF_MAX_BODY;
    }
    if (good) {
        body = malloc(frame.length ? frame.length : 1);
        good = body && bf_transport_read_all(transport, body, frame.length, BF_HELLO_MILLISECONDS) &&
               bf_devices_add(worker, body, frame.length);
    }
    if (good) {
        status = CUDA_SUCCESS;
        *bytes = sizeof head + frame.length;
    } else
        bf_say_of(worker, "the worker at %s did not say what devices it has; the server's log says why.",
               worker->name);
    free(body);
    return status;
}

enum { PACKING_SINCE = 3 }; /* the version of link.pack and link.packed */

static void start_connection(struct bf_connection *c, uint64_t received, uint32_t version)
{
    if (version < PACKING_SINCE)
        c->sender.packing.mode = BF_PACKING_OFF;
    c->on_frame = bf_incoming;
    c->on_end = bf_incoming_end;
    c->resume = resume;
    atomic_store(&c->receiver.received, received);
    bf_link_keep(c);
}

/* Begins the session over a connection to its worker. */
static CUresult begin(struct bf_worker *worker, struct bf_transport *transport)
{
    struct bf_handshake handshake;
    uint64_t received = 0;
    CUresult status = bf_handshake(&handshake, worker, transport, BF_HELLO_DATA, worker->session,
                                   worker->session_secret);
    worker->version = handshake.answer.chosen_version;
    if (status == CUDA_SUCCESS)
        status = receive_devices(worker, transport, &handshake, &received);
    if (status == CUDA_SUCCESS && !bf_connection_start(&worker->connection, *transport))
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS)
        start_connection(&worker->connection, received, handshake.answer.chosen_version);
    else
        transport->close(transport);
    return status;
}

/* With the session that was prepared, if there is one and its worker is still there. Nobody hears of
 * it if not. */
static bool open_prepared(struct bf_worker *worker, const struct bf_server *server)
{
    struct bf_prepared prepared;
    struct bf_transport transport;
    if (!bf_host_word_given() || /* which was promised for it */
        !bf_prepared_take(&prepared) ||
        !bf_window_reserve_at(worker, prepared.window_base, prepared.window_bytes))
        return false;
    worker->tls = server->tls;
    memcpy(worker->session, prepared.session, sizeof worker->session);
    memcpy(worker->session_secret, prepared.secret, sizeof worker->session_secret);
    bf_host_word_watch(worker->index, worker->session);
    char why[BF_WHY_BYTES];
    bf_reach_find(worker, server, prepared.port);
    bool reached = bf_reach_worker(worker, &transport, REACH_MILLISECONDS, why) == BF_RESUMED;
    if (reached && begin(worker, &transport) == CUDA_SUCCESS) {
        snprintf(worker->name, sizeof worker->name, "%.255s:%u", server->host, prepared.port);
        return true;
    }
    bf_log(BF_LOG_INFORMATION, "the prepared session is gone (%s)", reached ? "its worker is another's" : why);
    bf_window_give_up(worker);
    return false;
}

/* What the dispatcher answers; "gone": it has ended, and may be starting again. */
static CUresult ask_dispatcher(struct bf_worker *worker, const struct bf_server *server,
                               struct bf_session_open_answer *opened, bool *gone)
{
    struct bf_transport transport;
    struct bf_handshake handshake;
    CUresult status = bf_reach_dispatcher(worker, server, &transport, gone);
    if (status != CUDA_SUCCESS)
        return status;
    status = bf_handshake(&handshake, worker, &transport, BF_HELLO_SESSION, server->lease,
                          server->secret);
    *gone = handshake.unanswered;
    if (status == CUDA_SUCCESS)
        status = ask_for_worker(worker, &transport, &handshake, true, opened, gone);
    while (status == CUDA_ERROR_MAP_FAILED && bf_window_reserve(worker) == CUDA_SUCCESS)
        status = ask_for_worker(worker, &transport, &handshake, false, opened, gone);
    transport.close(&transport);
    if (status == CUDA_SUCCESS)
        bf_handshake_session_secret(&handshake, opened->session, worker->session_secret);
    return status;
}

/* An appliance's manager that is started again (an update, a crash) is back within seconds, and with it
 * every lease of the appliance: a program that begins just then waits for it. */
enum { RESTART_SECONDS = 30, RETRY_MILLISECONDS = 500, LINE = 1024 };

static CUresult ask_appliance(struct bf_worker *worker, const struct bf_server *server,
                              struct bf_session_open_answer *opened)
{
    char problem[LINE] = "";
    struct timespec now, pause = {0, RETRY_MILLISECONDS * 1000000L};
    bool gone = false, told = false;
    time_t end = 0;
    for (;;) {
        problem[0] = 0;
        bf_say_hold(problem, sizeof problem);
        CUresult status = ask_dispatcher(worker, server, opened, &gone);
        bf_say_hold(NULL, 0);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (status == CUDA_SUCCESS)
            return status;
        if (!gone || !server->tls || (told && now.tv_sec >= end)) {
            if (problem[0])
                bf_say("%s", problem);
            return status;
        }
        if (!told)
            end = now.tv_sec + RESTART_SECONDS; /* it may have been waited for long before it ended */
        if (!told)
            bf_say("%s:%u does not answer; if its manager is being started again, it does soon: waiting "
                   "for up to %d s.",
                   server->host, server->port, RESTART_SECONDS);
        told = true;
        int cancellation = bf_hold_cancellation();
        nanosleep(&pause, NULL);
        bf_allow_cancellation(cancellation);
    }
}

static CUresult open_worker(struct bf_worker *worker, const struct bf_server *server)
{
    struct bf_transport transport;
    struct bf_session_open_answer opened;
    char why[BF_WHY_BYTES];
    CUresult status = bf_window_reserve(worker);
    worker->tls = server->tls;
    if (status == CUDA_SUCCESS)
        status = ask_appliance(worker, server, &opened);
    if (status != CUDA_SUCCESS)
        return status;
    memcpy(worker->session, opened.session, sizeof worker->session);
    bf_reach_find(worker, server, opened.port);
    if (bf_reach_worker(worker, &transport, REACH_MILLISECONDS, why) != BF_RESUMED) {
        bf_say("cannot connect to %s port %u, where its data goes: %s. Are the ports of data connections "
               "(45201 to 46225) open there, in one of its networks that this machine reaches?",
               server->host, opened.port, why);
        return CUDA_ERROR_NO_DEVICE;
    }
    snprintf(worker->name, sizeof worker->name, "%.255s:%u", server->host, opened.port);
    return begin(worker, &transport);
}

CUresult bf_session_open(void)
{
    struct bf_server servers[BF_MAX_WORKERS];
    int count = bf_adaptor_read(servers, BF_MAX_WORKERS);
    CUresult status = count ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
    bf_devices_forget();
    if (count)
        bf_host_word_open();
    for (int i = 0; i < count && status == CUDA_SUCCESS; i++) {
        struct bf_worker *worker = calloc(1, sizeof *worker);
        if (!worker)
            return CUDA_ERROR_OUT_OF_MEMORY;
        worker->index = (unsigned)i;
        bool prepared = count == 1 && servers[0].leased && open_prepared(worker, &servers[0]);
        if (!prepared)
            status = open_worker(worker, &servers[i]);
        if (status == CUDA_SUCCESS) {
            bf_state.workers[bf_state.worker_count++] = worker;
            if (!i || worker->driver_version < bf_state.driver_version)
                bf_state.driver_version = worker->driver_version;
        } else {
            free(worker);
        }
    }
    if (status != CUDA_SUCCESS)
        bf_host_word_close();
    return status;
}
