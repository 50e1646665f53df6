/* What keeps a session alive over several connections: the keeper, a thread of each connection that
 * sleeps until the connection ends or has been silent for a while, and makes a new one. */
#include "transport/connection.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program/log.h"

enum {
    SILENCE_MILLISECONDS = 8000,    /* then a connection that says nothing is lost */
    RECONNECT_MILLISECONDS = 50000, /* how long a worker is looked for that does not answer */
    NOBODY_MILLISECONDS = 300,      /* the same where nobody listens any more */
    PAUSE_MILLISECONDS = 20,        /* between two attempts at first */
    MOST_PAUSE_MILLISECONDS = 500,
    TICKS = 16, /* so often the keeper looks in the time of silence: it is not woken where the
                 * program has closed the socket that it waits for */
    ASKED_AFTER = 4 /* silent ticks, each time, it asks whether anybody is there */
};

/* From the environment, for tests. */
static int setting(const char *name, int usual)
{
    const char *text = getenv(name);
    int value = text ? atoi(text) : 0;
    return value > 0 ? value : usual;
}

static int milliseconds_since(uint64_t begin)
{
    return (int)((bf_now() - begin) / 1000000u);
}

static void pause_for(int milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

void bf_link_lost(struct bf_connection *c, const char *why)
{
    if (!c->keeper_started) {
        bf_connection_end(c, why);
    } else if (!atomic_exchange(&c->broken, true)) {
        bf_log(BF_LOG_INFORMATION, "the connection to the worker is lost (%s)", why);
        c->transport.stop(&c->transport); /* who receives returns; the keeper wakes */
    }
}

/* Makes a new connection. Called with the reader's role. */
static void mend(struct bf_connection *c, int most_milliseconds)
{
    uint64_t begin = bf_now(), nobody_since = 0;
    int pause = PAUSE_MILLISECONDS;
    bool more = true;
    if (!c->transport.is_ours(&c->transport))
        bf_connection_end(c, "the program has closed its descriptor");
    while (more && bf_receive_round(c, false, &more)) /* what has come before the end */
        continue;
    while (!atomic_load(&c->dead)) {
        struct bf_transport fresh;
        uint64_t received = atomic_load(&c->receiver.received);
        c->epoch++;
        enum bf_resumption end = c->resume(c, &fresh, &received);
        if (end == BF_RESUMED) {
            if (!bf_send_again(c, fresh, received))
                bf_connection_end(c, "the worker has lost what was sent");
            break;
        }
        if (end != BF_NOBODY)
            nobody_since = 0;
        else if (!nobody_since)
            nobody_since = bf_now();
        if (end == BF_REFUSED)
            bf_connection_end(c, "the worker has ended the session");
        else if (nobody_since && milliseconds_since(nobody_since) > NOBODY_MILLISECONDS)
            bf_connection_end(c, "the worker has ended");
        else if (milliseconds_since(begin) > most_milliseconds)
            bf_connection_end(c, "the worker does not answer");
        else
            pause_for(pause);
        if (end != BF_NOBODY && pause < MOST_PAUSE_MILLISECONDS)
            pause *= 2;
    }
}

/* Of those that have no fields. */
static void try_say(struct bf_connection *c, uint16_t call)
{
    uint8_t frame[BF_FRAME_BYTES];
    bf_frame_write(frame, 0, call, 0, 0, 0);
    bf_try_say(c, frame, sizeof frame);
}

static void *keep(void *argument)
{
    struct bf_connection *c = argument;
    int silence = setting("BF_SILENCE_MILLISECONDS", SILENCE_MILLISECONDS);
    int reconnect = setting("BF_RECONNECT_MILLISECONDS", RECONNECT_MILLISECONDS);
    int silent = 0; /* ticks, not time: a process that was stopped has heard nothing either */
    uint64_t seen = 0;
    while (!atomic_load(&c->dead)) {
        int ready = c->transport.wait(&c->transport, false, false, silence / TICKS);
        bf_receive_available(c); /* unless another thread reads */
        bf_acknowledge(c);
        uint64_t received = atomic_load(&c->receiver.received);
        silent = received == seen ? silent + 1 : 0;
        seen = received;
        if (ready & BF_ENDED)
            bf_link_lost(c, "closed at the other end");
        else if (silent >= TICKS)
            bf_link_lost(c, "silent for too long");
        else if (silent && silent % ASKED_AFTER == 0)
            try_say(c, BF_CALL_LINK_HEARTBEAT);
        if (atomic_load(&c->broken) && bf_take_role(c)) {
            mend(c, reconnect);
            silent = 0;
            bf_give_role(c);
            bf_flush_some(c); /* the rest under this thread's eyes */
        }
    }
    c->transport.stop(&c->transport); /* who reads returns */
    return NULL;
}

void bf_link_keep(struct bf_connection *c)
{
    c->keeper_started = true;
    if (!c->resume || !bf_thread_start(keep, c))
        c->keeper_started = false;
}

void bf_link_leaving(struct bf_connection *c)
{
    if (!atomic_load(&c->dead) && !atomic_load(&c->broken))
        try_say(c, BF_CALL_LINK_LEAVING);
}

void bf_connection_forget(struct bf_connection *c, bool own_descriptors)
{
    atomic_store(&c->dead, true);
    if (own_descriptors)
        bf_transport_forget(&c->transport);
}
