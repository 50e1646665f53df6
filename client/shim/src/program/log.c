#include "program/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program/cancellation.h"
#include "program/descriptors.h"

enum { LINE_BYTES = 2048 };

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

/* One write per line, so that lines of several threads and processes stay whole. */
static void append_to_file(enum bf_log_level level, const char *text)
{
    bf_log_prepare();
    if (!*file_name || level > limit)
        return;
    int file = bf_descriptor_out_of_the_way(
        open(file_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
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
    if (length > 0 && write(file, line, (size_t)length) < 0)
        length = 0;
    close(file);
}

void bf_say(const char *format, ...)
{
    char text[LINE_BYTES];
    char line[LINE_BYTES + 16];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int length = snprintf(line, sizeof line, "bitfusion: %s\n", text);
    int cancellation = bf_hold_cancellation();
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        length = 0;
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
