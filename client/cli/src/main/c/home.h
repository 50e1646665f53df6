#ifndef BITFUSION_HOME_H
#define BITFUSION_HOME_H

#include <stdbool.h>
#include <sys/types.h>

/* Where the distribution lies and what the Java command line of a subcommand is. */

enum { PATH_BYTES = 4096, MAX_JAVA_ARGUMENTS = 64 };

struct home {
    char directory[PATH_BYTES]; /* folder that holds bin/, lib/ and runtime/ */
    const char *program_name;   /* bitfusion or flexdirect: how the user called it */
};

/* Fills `home` from the place of this executable; false with errno when /proc/self/exe is unreadable. */
bool home_find(struct home *home, const char *argument_zero);

/*
 * Replaces this process by the Java command line, in a UTF-8 locale and with open standard descriptors; returns only on
 * failure, errno set.
 */
void home_exec_java(const struct home *home, int argument_count, char **arguments);

/* The same for the lease keeper: it reads the arguments from the starter's /proc entry, for there may be megabytes. */
void home_exec_keeper(const struct home *home, pid_t starter, bool memory_is_scarce, char *subcommand);

#endif
