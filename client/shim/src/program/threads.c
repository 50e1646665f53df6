#include "program/threads.h"

#include <signal.h>
#include <stdlib.h>

#include "streams/streams.h"

static __thread struct bf_thread *self __attribute__((tls_model("initial-exec")));
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void end_thread(void *argument)
{
    struct bf_thread *thread = argument;
    self = NULL;
    while (thread->streams) {
        struct bf_own_stream *own = thread->streams;
        thread->streams = own->next;
        bf_stream_end(own->stream);
        free(own);
    }
    free(thread->stack);
    free(thread);
}

static void make_key(void)
{
    if (pthread_key_create(&key, end_thread))
        abort();
}

static struct bf_thread *make_self(void)
{
    pthread_once(&once, make_key);
    struct bf_thread *thread = calloc(1, sizeof *thread);
    if (thread && pthread_setspecific(key, thread)) {
        free(thread);
        thread = NULL;
    }
    self = thread;
    return thread;
}

struct bf_thread *bf_thread_self(void)
{
    return self ? self : make_self();
}

bool bf_thread_start(void *(*run)(void *argument), void *argument)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool good = !pthread_create(&thread, NULL, run, argument);
    if (good)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}
