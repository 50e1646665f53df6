#include "session/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "session/adaptor.h"
#include "session/host_word.h"
#include "contexts/devices.h"
#include "transport/incoming.h"
#include "program/log.h"
#include "objects/state.h"

#ifndef BF_BUILD
#define BF_BUILD "5.0.0"
#endif

enum {
    HELLO_BYTES = 128,
    HELLO_MILLISECONDS = 15000,
    KIND_SESSION = 2,
    KIND_DATA = 3,
    ANSWER_KIND = 0x80
};

enum hello_status { WELCOME, OTHER_VERSION, NOT_ALLOWED, NO_WORKER, BUSY, UNKNOWN_LEASE };

struct hello {
    char magic[8];
    uint32_t version;
    uint32_t kind;
    char build[64];
    uint8_t id[16];
    uint8_t secret[16];
    uint32_t process;
    uint32_t flags;
    uint64_t reserved;
};
_Static_assert(sizeof(struct hello) == HELLO_BYTES, "layout of the hello");

static const char magic[8] = {'B', 'I', 'T', 'F', 'U', 'S', 'N', 1};

static void say_refusal(const struct bf_worker *worker, const struct hello *answer)
{
    switch ((enum hello_status)answer->flags) {
    case OTHER_VERSION:
        bf_say("%s speaks protocol %u (build %.64s), this client protocol %u (build %s). Install "
               "the same version on both sides.",
               worker->name, answer->version, answer->build, BF_PROTOCOL_VERSION, BF_BUILD);
        break;
    case NOT_ALLOWED:
        bf_say("%s does not let this user in. Run as the user who started the appliance, or "
               "through \"bitfusion run\".",
               worker->name);
        break;
    case NO_WORKER:
        bf_say("%s has no port or worker left for this program. Free some programs, or widen "
               "BF_SERVER_PORT_MIN and BF_SERVER_PORT_MAX there.",
               worker->name);
        break;
    case BUSY:
        bf_say("%s is busy. Try again later.", worker->name);
        break;
    case UNKNOWN_LEASE:
        bf_say("%s does not know this lease; it has ended. Start the program with \"bitfusion "
               "run\" again.",
               worker->name);
        break;
    default:
        bf_say("%s refused the connection (reason %u).", worker->name, answer->flags);
    }
}

static CUresult status_of(uint32_t refusal)
{
    return refusal == OTHER_VERSION                  ? CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
           : refusal == NO_WORKER || refusal == BUSY ? CUDA_ERROR_DEVICE_UNAVAILABLE
                                                     : CUDA_ERROR_NO_DEVICE;
}

static CUresult greet(struct bf_worker *worker, struct bf_transport *transport, uint32_t kind,
                      const uint8_t id[16], const uint8_t secret[16])
{
    struct hello mine = {.version = BF_PROTOCOL_VERSION,
                         .kind = kind,
                         .build = BF_BUILD,
                         .process = (uint32_t)getpid()};
    struct hello answer;
    memcpy(mine.magic, magic, sizeof magic);
    memcpy(mine.id, id, sizeof mine.id);
    memcpy(mine.secret, secret, sizeof mine.secret);
    if (!bf_transport_write_all(transport, &mine, sizeof mine, HELLO_MILLISECONDS) ||
        !bf_transport_read_all(transport, &answer, sizeof answer, HELLO_MILLISECONDS)) {
        bf_say("%s does not answer. Is a Bitfusion server listening there?", worker->name);
        return CUDA_ERROR_NO_DEVICE;
    }
    if (memcmp(answer.magic, magic, sizeof magic - 1) || answer.kind != (kind | ANSWER_KIND)) {
        bf_say("what answers at %s is no Bitfusion server. Check the address and the port.",
               worker->name);
        return CUDA_ERROR_NO_DEVICE;
    }
    if (answer.flags != WELCOME || answer.version != BF_PROTOCOL_VERSION) {
        if (answer.flags == WELCOME)
            answer.flags = OTHER_VERSION;
        say_refusal(worker, &answer);
        return status_of(answer.flags);
    }
    return CUDA_SUCCESS;
}

static void program_name(char *name, size_t bytes)
{
    ssize_t length = readlink("/proc/self/exe", name, bytes - 1);
    name[length > 0 ? length : 0] = 0;
}

/* Asks the dispatcher for a worker. */
static CUresult ask_for_worker(struct bf_worker *worker, struct bf_transport *transport,
                               struct bf_session_open_answer *opened)
{
    char program[1024];
    uint8_t frame[BF_FRAME_BYTES + BF_SESSION_OPEN_MINIMUM + sizeof program], head[BF_FRAME_BYTES],
        body[64];
    struct bf_frame answer;
    program_name(program, sizeof program);
    struct bf_session_open m = {(uint32_t)getpid(), bf_view_of_text(program), worker->window_base,
                                worker->window_bytes, bf_host_word_given()};
    size_t bytes = bf_session_open_frame(frame, &m, 1);
    if (!bf_transport_write_all(transport, frame, bytes, HELLO_MILLISECONDS) ||
        !bf_transport_read_all(transport, head, sizeof head, 2 * HELLO_MILLISECONDS)) {
        bf_say("%s gave no worker for this program; its log says why.", worker->name);
        return CUDA_ERROR_DEVICE_UNAVAILABLE;
    }
    bf_frame_read(head, &answer);
    bool good = answer.length <= sizeof body &&
                bf_transport_read_all(transport, body, answer.length, HELLO_MILLISECONDS);
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

static CUresult reserve_window(struct bf_worker *worker)
{
    const uint64_t align = 2u << 20;
    for (uint64_t bytes = 512ull << 30; bytes >= 32ull << 30; bytes /= 2) {
        void *place = mmap(NULL, bytes + align, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (place != MAP_FAILED) {
            worker->window_base = ((uint64_t)(uintptr_t)place + align - 1) / align * align;
            worker->window_bytes = bytes;
            return CUDA_SUCCESS;
        }
    }
    bf_say("cannot reserve 32 GiB of address space for device addresses: %s. Raise \"ulimit -v\".",
           strerror(errno));
    return CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult connect_to(struct bf_worker *worker, struct bf_transport *transport,
                           const char *host, unsigned port)
{
    const char *why = bf_transport_tcp(transport, host, port);
    if (why)
        bf_say("cannot connect to %s port %u: %s. Is the server running (\"bitfusion server\"), "
               "and is the address right?",
               host, port, why);
    else
        snprintf(worker->name, sizeof worker->name, "%.255s:%u", host, port);
    return why ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}

static CUresult receive_devices(struct bf_worker *worker, struct bf_transport *transport)
{
    uint8_t head[BF_FRAME_BYTES];
    struct bf_frame frame;
    CUresult status = CUDA_ERROR_NO_DEVICE;
    uint8_t *body = NULL;
    bool good = bf_transport_read_all(transport, head, sizeof head, HELLO_MILLISECONDS);
    if (good) {
        bf_frame_read(head, &frame);
        good = frame.call == BF_CALL_SESSION_DEVICES && frame.length <= BF_MAX_BODY;
    }
    if (good) {
        body = malloc(frame.length ? frame.length : 1);
        good = body && bf_transport_read_all(transport, body, frame.length, HELLO_MILLISECONDS) &&
               bf_devices_add(worker, body, frame.length);
    }
    if (good)
        status = CUDA_SUCCESS;
    else
        bf_say("the worker at %s did not say what devices it has; the server's log says why.",
               worker->name);
    free(body);
    return status;
}

static CUresult open_worker(struct bf_worker *worker, const struct bf_server *server)
{
    struct bf_transport transport;
    struct bf_session_open_answer opened;
    uint8_t nobody[16] = {0};
    CUresult status = reserve_window(worker);
    if (status == CUDA_SUCCESS)
        status = connect_to(worker, &transport, server->host, server->port);
    if (status != CUDA_SUCCESS)
        return status;
    status = greet(worker, &transport, KIND_SESSION, server->lease, server->secret);
    if (status == CUDA_SUCCESS)
        status = ask_for_worker(worker, &transport, &opened);
    transport.close(&transport);
    if (status == CUDA_SUCCESS)
        status = connect_to(worker, &transport, server->host, opened.port);
    if (status != CUDA_SUCCESS)
        return status;
    status = greet(worker, &transport, KIND_DATA, nobody, opened.session_secret);
    if (status == CUDA_SUCCESS)
        status = receive_devices(worker, &transport);
    if (status == CUDA_SUCCESS && !bf_connection_start(&worker->connection, transport))
        status = CUDA_ERROR_OUT_OF_MEMORY;
    worker->connection.on_frame = bf_incoming;
    if (status != CUDA_SUCCESS)
        transport.close(&transport);
    return status;
}

CUresult bf_session_open(void)
{
    struct bf_server servers[BF_MAX_WORKERS];
    int count = bf_adaptor_read(servers, BF_MAX_WORKERS);
    CUresult status = count ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
    bf_devices_forget();
    if (count)
        bf_host_word_open(bf_adaptor_file());
    for (int i = 0; i < count && status == CUDA_SUCCESS; i++) {
        struct bf_worker *worker = calloc(1, sizeof *worker);
        if (!worker)
            return CUDA_ERROR_OUT_OF_MEMORY;
        worker->index = (unsigned)i;
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
