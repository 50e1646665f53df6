#ifndef BITFUSION_PROGRAM_H
#define BITFUSION_PROGRAM_H

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What this process was started with and has changed for itself. Every child gets the signals back. */
struct inherited {
    sigset_t mask;
    struct sigaction child;       /* SIGCHLD: a parent that ignores it would make waiting impossible */
    struct sigaction broken_pipe; /* SIGPIPE */
    struct sigaction full_file;   /* SIGXFSZ: a message that does not fit under the user's limit is lost, no more */
    struct rlimit descriptors;    /* RLIMIT_NOFILE: the program's only */
};

void inherited_signals_restore(const struct inherited *inherited);

/*
 * Starts the program of an 'R' message in this process group with everything this process was started with.
 * Returns its process number, or -1 with errno of what failed (ENOENT: no such program, EINVAL: malformed message).
 */
pid_t program_start(char *body, size_t length, const struct inherited *inherited);

/* Closes every descriptor from `first` on except `kept`. */
void descriptors_close(int first, const int *kept, size_t kept_count);

#endif
