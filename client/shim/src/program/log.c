#include "program/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "program/cancellation.h"
#include "program/descriptors.h"

enum { LINE_BYTES = 2048, LOG_BYTES = 8 << 20 };

static const char *level_name(enum bf_log_level level)
{
    static const char *const names[] = {"", "error", "warning", "info", "debug"};
    return names[level];
}

/* Read once, by a thread of the program: the program may change its environment at any time. */
static char file_name[4096];
static enum bf_log_level limit = BF_LOG_INFORMATION;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_environment(void)
{
    const char *path = getenv("BF_LOG_FILE");
    const char *level = getenv("BF_LOG_LEVEL");
    if (path && strlen(path) < sizeof file_name)
        strcpy(file_name, path);
    for (int i = BF_LOG_ERROR; level && i <= (int)BF_LOG_DEBUG; i++) {
        if (!strcasecmp(level, level_name((enum bf_log_level)i)))
            limit = (enum bf_log_level)i;
    }
}

void bf_log_prepare(void)
{
    pthread_once(&once, read_environment);
}

/* What we write must not end the program: a signal that the write has caused is taken back. */
void bf_write_quietly(int file, const char *text, size_t bytes)
{
    sigset_t ending, before, pending;
    struct timespec now = {0};
    sigemptyset(&ending);
    sigaddset(&ending, SIGXFSZ); /* a file at its limit (ulimit -f) */
    sigaddset(&ending, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &ending, &before);
    if (write(file, text, bytes) < 0 && (errno == EFBIG || errno == EPIPE)) {
        int number = errno == EFBIG ? SIGXFSZ : SIGPIPE;
        sigemptyset(&ending);
        sigaddset(&ending, number);
        if (sigismember(&pending, number) != 1)
            sigtimedwait(&ending, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* A file that has grown to its bound makes way for a new one: there are never more than two. */
static int open_log(void)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    struct stat state;
    int file = open(file_name, flags, 0600);
    if (file >= 0 && !fstat(file, &state) && S_ISREG(state.st_mode) && state.st_size > LOG_BYTES) {
        char older[sizeof file_name + 8];
        snprintf(older, sizeof older, "%s.old", file_name);
        bool made_way = !rename(file_name, older);
        close(file);
        file = made_way ? open(file_name, flags, 0600) : -1;
    }
    return bf_descriptor_out_of_the_way(file);
}

/* One write per line, so that lines of several threads and processes stay whole. */
static void append_to_file(enum bf_log_level level, const char *text)
{
    bf_log_prepare();
    if (!*file_name || level > limit)
        return;
    int file = open_log();
    if (file < 0)
        return;
    char line[LINE_BYTES + 96];
    struct timespec now;
    struct tm parts;
    char date[32] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    int length = snprintf(line, sizeof line, "%s %s client=%ld %s\n", date, level_name(level),
                          (long)getpid(), text);
    if (length > 0)
        bf_write_quietly(file, line, (size_t)length);
    close(file);
}

static __thread char *held __attribute__((tls_model("initial-exec")));
static __thread size_t held_bytes __attribute__((tls_model("initial-exec")));

void bf_say_hold(char *text, size_t bytes)
{
    held = text;
    held_bytes = bytes;
}

void bf_say(const char *format, ...)
{
    char text[LINE_BYTES];
    char line[LINE_BYTES + 16];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (held) {
        snprintf(held, held_bytes, "%s", text);
        return;
    }
    int length = snprintf(line, sizeof line, "bitfusion: %s\n", text);
    int cancellation = bf_hold_cancellation();
    if (length > 0)
        bf_write_quietly(STDERR_FILENO, line, (size_t)length);
    append_to_file(BF_LOG_ERROR, text);
    bf_allow_cancellation(cancellation);
}

void bf_log(enum bf_log_level level, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int cancellation = bf_hold_cancellation();
    append_to_file(level, text);
    bf_allow_cancellation(cancellation);
}
