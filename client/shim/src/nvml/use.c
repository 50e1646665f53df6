#include "nvml/use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bf_messages.h"
#include "program/cancellation.h"
#include "program/log.h"
#include "session/adaptor.h"
#include "session/handshake.h"
#include "session/reach.h"
#include "session/session.h"

enum {
    USE_SINCE = 3, /* the version of lease.use */
    STEP_MILLISECONDS = 1500, /* for connecting, TLS, the hello, the answer */
    SILENT_SECONDS = 10, /* after which a server that did not answer is asked again */
    LOST_SECONDS = 30,
    LINE = 1024,
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void copy_text(char *out, size_t size, const struct bf_view *text)
{
    size_t bytes = text->bytes < size - 1 ? text->bytes : size - 1;
    memcpy(out, text->data, bytes);
    out[bytes] = 0;
    for (char *at = out; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127) /* it is shown on terminals */
            *at = '?';
}

static bool add_device(struct bf_nvml_use *use, unsigned server, const struct bf_device_use *m)
{
    if (use->count == BF_MAX_DEVICES)
        return false;
    struct bf_nvml_device *more = realloc(use->devices, (use->count + 1) * sizeof *more);
    if (!more)
        return false;
    use->devices = more;
    struct bf_nvml_device *device = &more[use->count++];
    memset(device, 0, sizeof *device);
    device->server = server;
    memcpy(device->uuid, m->uuid, sizeof device->uuid);
    copy_text(device->name, sizeof device->name, &m->name);
    copy_text(device->pci_bus_id, sizeof device->pci_bus_id, &m->pci_bus_id);
    device->compute_major = m->compute_major;
    device->compute_minor = m->compute_minor;
    device->share_bytes = m->share_bytes;
    device->used_bytes = m->used_bytes;
    return true;
}

static bool add_program(struct bf_nvml_device *device, const struct bf_program_use *m)
{
    struct bf_nvml_program *more =
        realloc(device->programs, (device->program_count + 1) * sizeof *more);
    if (!more)
        return false;
    device->programs = more;
    struct bf_nvml_program *program = &more[device->program_count++];
    program->process = m->process;
    copy_text(program->name, sizeof program->name, &m->name);
    return true;
}

static bool take_answer(struct bf_nvml_use *use, unsigned server, const uint8_t *body, size_t bytes)
{
    struct bf_lease_use_answer m;
    if (!bf_lease_use_answer_read(body, bytes, &m))
        return false;
    unsigned first = use->count;
    bool good = true;
    copy_text(use->driver, sizeof use->driver, &m.driver);
    struct bf_reader devices = {m.devices.data, m.devices.data + m.devices.bytes};
    struct bf_device_use device;
    for (uint32_t i = 0; good && i < m.devices.count; i++)
        good = bf_device_use_take(&devices, &device) && add_device(use, server, &device);
    struct bf_reader programs = {m.programs.data, m.programs.data + m.programs.bytes};
    struct bf_program_use program;
    for (uint32_t i = 0; good && i < m.programs.count; i++)
        good = bf_program_use_take(&programs, &program) && program.device < use->count - first &&
               add_program(&use->devices[first + program.device], &program);
    return good;
}

/* Over a connection that is closed afterwards. */
static bool ask_over(struct bf_nvml_use *use, unsigned index, const struct bf_server *server,
                     struct bf_worker *worker, struct bf_transport *transport)
{
    struct bf_handshake handshake;
    struct bf_frame answer;
    struct bf_lease_use m = {0};
    uint8_t question[BF_PROOF_BYTES + BF_FRAME_BYTES + 16], head[BF_FRAME_BYTES];
    if (bf_handshake(&handshake, worker, transport, BF_HELLO_SESSION, server->lease,
                     server->secret) != CUDA_SUCCESS)
        return false;
    if (handshake.answer.chosen_version < USE_SINCE) {
        bf_log(BF_LOG_WARNING, "%s is too old to tell who uses its GPUs", worker->name);
        return false;
    }
    memcpy(question, handshake.proof, BF_PROOF_BYTES);
    size_t bytes = BF_PROOF_BYTES + bf_lease_use_frame(question + BF_PROOF_BYTES, &m, 1);
    if (!bf_transport_write_all(transport, question, bytes, STEP_MILLISECONDS) ||
        !bf_transport_read_all(transport, head, sizeof head, STEP_MILLISECONDS))
        return false;
    bf_frame_read(head, &answer);
    use->servers[index].refuses = answer.call == BF_CALL_LEASE_USE && answer.status;
    if (answer.call != BF_CALL_LEASE_USE || answer.status || answer.length > BF_MAX_BODY)
        return false;
    uint8_t *body = malloc(answer.length ? answer.length : 1);
    bool good = body &&
                bf_transport_read_all(transport, body, answer.length, STEP_MILLISECONDS) &&
                take_answer(use, index, body, answer.length);
    free(body);
    return good;
}

static bool ask_server(struct bf_nvml_use *use, unsigned index, const struct bf_server *server)
{
    struct bf_worker *worker = calloc(1, sizeof *worker);
    struct bf_transport transport;
    bool gone, good = false;
    if (!worker)
        return false;
    worker->tls = server->tls;
    worker->hurry = STEP_MILLISECONDS;
    if (bf_reach_dispatcher(worker, server, &transport, &gone) == CUDA_SUCCESS) {
        good = ask_over(use, index, server, worker, &transport);
        transport.close(&transport);
    }
    if (!good)
        bf_log(BF_LOG_WARNING, "%s:%u does not say who uses its GPUs", server->host, server->port);
    free(worker);
    return good;
}

/* Those whose time has come. Their devices follow those of the one before. How many there are. */
static int ask_all(struct bf_nvml_use *use)
{
    struct bf_server *servers = calloc(BF_MAX_WORKERS, sizeof *servers);
    char problem[LINE] = "";
    int cancellation = bf_hold_cancellation();
    bf_say_hold(problem, sizeof problem); /* NVML says by its results what is wrong */
    int count = servers ? bf_adaptor_read(servers, BF_MAX_WORKERS) : 0;
    for (int i = 0; i < count; i++) {
        struct bf_nvml_server *state = &use->servers[i];
        if (now() < state->ask)
            continue;
        if (ask_server(use, (unsigned)i, &servers[i]))
            state->heard = now();
        else
            state->ask = now() + SILENT_SECONDS;
    }
    bf_say_hold(NULL, 0);
    if (problem[0])
        bf_log(BF_LOG_WARNING, "nvml: %s", problem);
    bf_allow_cancellation(cancellation);
    free(servers);
    return count;
}

bool bf_nvml_use_ask(struct bf_nvml_use *use)
{
    memset(use, 0, sizeof *use);
    int count = ask_all(use);
    bool good = false;
    for (int i = 0; i < count; i++)
        good |= use->servers[i].heard > 0;
    if (!good)
        bf_nvml_use_free(use);
    return good;
}

void bf_nvml_use_renew(struct bf_nvml_use *use)
{
    struct bf_nvml_use fresh = {.count = 0};
    memcpy(fresh.servers, use->servers, sizeof fresh.servers);
    double begin = now();
    ask_all(&fresh);
    for (unsigned i = 0; i < use->count; i++) {
        struct bf_nvml_device *device = &use->devices[i];
        const struct bf_nvml_server *server = &fresh.servers[device->server];
        device->lost = server->heard >= begin || server->refuses || begin - server->heard > LOST_SECONDS;
        for (unsigned k = 0; k < fresh.count && device->lost; k++) {
            struct bf_nvml_device *now_there = &fresh.devices[k];
            if (now_there->server != device->server ||
                memcmp(now_there->uuid, device->uuid, sizeof device->uuid) != 0)
                continue;
            struct bf_nvml_device before = *device;
            *device = *now_there;
            *now_there = before; /* and is freed with the others */
        }
    }
    memcpy(use->servers, fresh.servers, sizeof fresh.servers);
    bf_nvml_use_free(&fresh);
}

void bf_nvml_use_free(struct bf_nvml_use *use)
{
    for (unsigned i = 0; i < use->count; i++)
        free(use->devices[i].programs);
    free(use->devices);
    memset(use, 0, sizeof *use);
}
