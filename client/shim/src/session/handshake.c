#include "session/handshake.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "program/log.h"
#include "session/hmac.h"
#include "session/session.h"
#include "transport/tls.h"

/* What this library speaks; a test makes one of another range. */
#ifndef BF_LOWEST_VERSION
#define BF_LOWEST_VERSION BF_PROTOCOL_MINIMUM
#endif
#ifndef BF_HIGHEST_VERSION
#define BF_HIGHEST_VERSION BF_PROTOCOL_VERSION
#endif

enum { HELLO_BYTES = 176, ANSWER_KIND = 0x80 };

_Static_assert(sizeof(struct bf_hello) == HELLO_BYTES, "layout of the hello");

enum hello_status { WELCOME, OTHER_VERSION, NOT_ALLOWED, NO_WORKER, BUSY, UNKNOWN_LEASE };

static const char magic[8] = {'B', 'I', 'T', 'F', 'U', 'S', 'N', 2};

static const char *range(char text[32], uint32_t lowest, uint32_t highest)
{
    if (lowest == highest)
        snprintf(text, 32, "%u", highest);
    else
        snprintf(text, 32, "%u to %u", lowest, highest);
    return text;
}

static void say_other_version(const struct bf_worker *worker, const struct bf_hello *answer)
{
    char theirs[32], ours[32];
    bf_say_of(worker, "%s speaks protocol %s (build %.64s), this client protocol %s (build %s). Install "
           "the same version on both sides.",
           worker->name, range(theirs, answer->lowest_version, answer->highest_version),
           answer->build, range(ours, BF_LOWEST_VERSION, BF_HIGHEST_VERSION), BF_BUILD);
}

static void say_not_allowed(const struct bf_worker *worker)
{
    bf_say_of(worker, "%s does not know this user's secret. Run as the user who started the appliance, or "
           "through \"bitfusion run\".",
           worker->name);
}

static void say_no_answer(const struct bf_worker *worker, const struct bf_transport *transport)
{
    const char *refusal = bf_tls_refusal(transport);
    if (refusal)
        bf_say_of(worker, "%s does not let this client in (%s): its certificate has ended, was revoked or is another pool's; "
               "the server's log says which. Enrol this client again (\"bitfusion token\").",
               worker->name, refusal);
    else
        bf_say_of(worker, "%s does not answer. Is a Bitfusion server listening there?", worker->name);
}

static CUresult refused(const struct bf_worker *worker, const struct bf_hello *answer)
{
    CUresult status = CUDA_ERROR_NO_DEVICE;
    switch ((enum hello_status)answer->status) {
    case OTHER_VERSION:
        say_other_version(worker, answer);
        status = CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
        break;
    case NOT_ALLOWED:
        say_not_allowed(worker);
        break;
    case NO_WORKER:
        bf_say_of(worker, "%s has no port or worker left for this program. Free some programs, or widen "
               "BF_SERVER_PORT_MIN and BF_SERVER_PORT_MAX there.",
               worker->name);
        status = CUDA_ERROR_DEVICE_UNAVAILABLE;
        break;
    case BUSY:
        bf_say_of(worker, "%s is busy. Try again later.", worker->name);
        status = CUDA_ERROR_DEVICE_UNAVAILABLE;
        break;
    case UNKNOWN_LEASE:
        bf_say_of(worker, "%s does not know this lease; it has ended: given back, not renewed, or taken back because "
               "nothing was done with its GPUs for the client's idle timeout. Start the program with \"bitfusion "
               "run\" again, or request GPUs again.",
               worker->name);
        break;
    default:
        bf_say_of(worker, "%s refused the connection (reason %u).", worker->name, answer->status);
    }
    return status;
}

static void prove(const struct bf_handshake *h, const char *what, const struct bf_hello *answer,
                  const uint8_t *id, uint8_t code[BF_PROOF_BYTES])
{
    struct bf_piece pieces[5] = {
        {what, strlen(what)}, {&h->hello, sizeof h->hello}, {answer, sizeof *answer}};
    int count = 3;
    if (h->bound)
        pieces[count++] = (struct bf_piece){h->binding, sizeof h->binding};
    if (id)
        pieces[count++] = (struct bf_piece){id, BF_ID_BYTES};
    bf_hmac(h->secret, pieces, count, code);
}

/* Whether what answered knows the secret, and chose a version that was offered. */
static bool server_is_proved(const struct bf_handshake *h)
{
    struct bf_hello unproved = h->answer;
    uint8_t expected[BF_PROOF_BYTES];
    memset(unproved.proof, 0, sizeof unproved.proof);
    prove(h, "bitfusion-server", &unproved, NULL, expected);
    return bf_same_code(expected, h->answer.proof) &&
           h->answer.chosen_version >= h->hello.lowest_version &&
           h->answer.chosen_version <= h->hello.highest_version;
}

static bool make_hello(struct bf_hello *hello, enum bf_hello_kind kind, const uint8_t *id)
{
    *hello = (struct bf_hello){.highest_version = BF_HIGHEST_VERSION,
                               .kind = kind,
                               .build = BF_BUILD,
                               .lowest_version = BF_LOWEST_VERSION,
                               .process = (uint32_t)getpid()};
    memcpy(hello->magic, magic, sizeof magic);
    memcpy(hello->id, id, sizeof hello->id);
    bool good = getrandom(hello->nonce, sizeof hello->nonce, 0) == (ssize_t)sizeof hello->nonce;
    if (!good)
        bf_say("the system gives no random numbers; without them no server can be trusted.");
    return good;
}

static void bind_to(struct bf_handshake *h, const struct bf_transport *transport)
{
    h->bound = transport->tls != NULL;
    memcpy(h->binding, transport->binding, sizeof h->binding);
}

CUresult bf_handshake(struct bf_handshake *h, const struct bf_worker *worker,
                      struct bf_transport *transport, enum bf_hello_kind kind,
                      const uint8_t id[BF_ID_BYTES], const uint8_t secret[BF_SECRET_BYTES])
{
    int patience = bf_hello_patience(worker);
    memcpy(h->secret, secret, sizeof h->secret);
    h->unanswered = false;
    bind_to(h, transport);
    if (!make_hello(&h->hello, kind, id))
        return CUDA_ERROR_OPERATING_SYSTEM;
    if (!bf_transport_write_all(transport, &h->hello, sizeof h->hello, patience) ||
        !bf_transport_read_all(transport, &h->answer, sizeof h->answer, patience)) {
        h->unanswered = !bf_tls_refusal(transport);
        say_no_answer(worker, transport);
        return CUDA_ERROR_NO_DEVICE;
    }
    if (memcmp(h->answer.magic, magic, sizeof magic) || h->answer.kind != (kind | ANSWER_KIND)) {
        bf_say_of(worker, "what answers at %s is no Bitfusion server. Check the address and the port.",
               worker->name);
        return CUDA_ERROR_NO_DEVICE;
    }
    if (h->answer.status != WELCOME)
        return refused(worker, &h->answer);
    if (!server_is_proved(h)) {
        say_not_allowed(worker);
        return CUDA_ERROR_NO_DEVICE;
    }
    prove(h, "bitfusion-client", &h->answer, NULL, h->proof);
    return CUDA_SUCCESS;
}

enum bf_resumption bf_handshake_resume(const struct bf_worker *worker,
                                       struct bf_transport *transport, uint32_t epoch,
                                       uint64_t *received, int milliseconds)
{
    struct bf_handshake h;
    memcpy(h.secret, worker->session_secret, sizeof h.secret);
    bind_to(&h, transport);
    if (!make_hello(&h.hello, BF_HELLO_RESUME, worker->session))
        return BF_REFUSED;
    memcpy(h.hello.later, received, sizeof *received);
    memcpy(h.hello.later + sizeof *received, &epoch, sizeof epoch);
    if (!bf_transport_write_all(transport, &h.hello, sizeof h.hello, milliseconds) ||
        !bf_transport_read_all(transport, &h.answer, sizeof h.answer, milliseconds))
        return BF_UNREACHED;
    if (memcmp(h.answer.magic, magic, sizeof magic) ||
        h.answer.kind != (BF_HELLO_RESUME | ANSWER_KIND) || h.answer.status != WELCOME ||
        !server_is_proved(&h))
        return h.answer.status == BUSY ? BF_UNREACHED : BF_REFUSED;
    prove(&h, "bitfusion-client", &h.answer, NULL, h.proof);
    return bf_transport_write_all(transport, h.proof, sizeof h.proof, milliseconds) &&
                   bf_transport_read_all(transport, received, sizeof *received, milliseconds)
               ? BF_RESUMED
               : BF_UNREACHED;
}

/* As long as TCP needs to send again what was merely lost, three times. */
enum { PROBE_MILLISECONDS = 1500 };

enum bf_probe bf_handshake_probe(const struct bf_worker *worker, struct bf_transport *transport,
                                 size_t bytes, int milliseconds)
{
    static const uint8_t padding[BF_PROBE_MOST];
    uint8_t back[4096];
    struct bf_handshake h;
    uint64_t count = bytes;
    memcpy(h.secret, worker->session_secret, sizeof h.secret);
    bind_to(&h, transport);
    if (bytes > sizeof padding || !make_hello(&h.hello, BF_HELLO_PROBE, worker->session))
        return BF_PROBE_FAILED;
    memcpy(h.hello.later, &count, sizeof count);
    /* Each in packets of its own: the hello gets through, and so does its answer. */
    if (!bf_transport_write_all(transport, &h.hello, sizeof h.hello, milliseconds) ||
        !bf_transport_write_all(transport, padding, bytes, milliseconds) ||
        !bf_transport_read_all(transport, &h.answer, sizeof h.answer, milliseconds))
        return BF_PROBE_FAILED;
    if (memcmp(h.answer.magic, magic, sizeof magic) ||
        h.answer.kind != (BF_HELLO_PROBE | ANSWER_KIND) || h.answer.status == NOT_ALLOWED)
        return BF_PROBE_UNKNOWN;
    if (h.answer.status != WELCOME || !server_is_proved(&h))
        return BF_PROBE_FAILED;
    for (size_t left = bytes, step; left; left -= step) {
        step = left < sizeof back ? left : sizeof back;
        if (!bf_transport_read_all(transport, back, step, PROBE_MILLISECONDS))
            return BF_PROBE_STUCK;
    }
    return BF_PROBE_PASSED;
}

void bf_handshake_session_secret(const struct bf_handshake *h, const uint8_t session[BF_ID_BYTES],
                                 uint8_t secret[BF_SECRET_BYTES])
{
    uint8_t code[BF_PROOF_BYTES];
    prove(h, "bitfusion-session", &h->answer, session, code);
    memcpy(secret, code, BF_SECRET_BYTES);
}
