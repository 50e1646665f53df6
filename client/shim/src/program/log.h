/* What the library says: one clear line for the user on stderr, and a log for who asked for it
 * (BF_LOG_FILE, BF_LOG_LEVEL). The log is bounded: 8 MiB, and as much in FILE.old. */
#ifndef BF_LOG_H
#define BF_LOG_H

#include <stddef.h>

enum bf_log_level { BF_LOG_ERROR = 1, BF_LOG_WARNING, BF_LOG_INFORMATION, BF_LOG_DEBUG };

/* Reads what the user has asked for (BF_LOG_FILE, BF_LOG_LEVEL), once; before the library's threads
 * start, and where a program's call is logged before that. */
void bf_log_prepare(void);

/* A line "bitfusion: ..." on stderr, and in the log file if there is one. */
void bf_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lines of this thread are kept there instead, the last one, by who may try again; NULL: said again. */
void bf_say_hold(char *text, size_t bytes);

/* Writes what is left out if it cannot be: no signal (SIGXFSZ, SIGPIPE) comes of it. */
void bf_write_quietly(int file, const char *text, size_t bytes);

/* A line in BF_LOG_FILE if its level is wanted; without a file nothing. */
void bf_log(enum bf_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
