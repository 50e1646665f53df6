#define _GNU_SOURCE
#include "limits.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KIB = 1024, DESCRIPTORS = 1024, STACK_BYTES = 8 * 1024 * KIB, DESCRIPTORS_NEEDED = 20, FILE_NEEDED = 4 * KIB };
enum { PROCESSES_NEEDED = 25, FEW_PROCESSES = 1000 };

static const rlim_t ENOUGH_FOR_THE_CACHE = (rlim_t)3 * KIB * KIB * KIB; /* the JVM's usual address space, measured: 2 GB */
static const rlim_t ADDRESS_SPACE_NEEDED = (rlim_t)512 * KIB * KIB;     /* with the options for scarce memory; measured: 400 MB */

static void raise_to(__rlimit_resource_t resource, rlim_t enough) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur >= enough) {
        return;
    }
    struct rlimit wanted = {.rlim_cur = enough, .rlim_max = limit.rlim_max < enough ? enough : limit.rlim_max};
    if (setrlimit(resource, &wanted) != 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resource, &limit);
    }
}

void limits_raise_descriptors(struct rlimit *own) {
    if (getrlimit(RLIMIT_NOFILE, own) == 0) {
        raise_to(RLIMIT_NOFILE, DESCRIPTORS);
    }
}

void limits_restore_descriptors(const struct rlimit *own) { setrlimit(RLIMIT_NOFILE, own); }

bool limits_raise_for_java(void) {
    struct rlimit memory;
    raise_to(RLIMIT_AS, RLIM_INFINITY);
    raise_to(RLIMIT_DATA, RLIM_INFINITY);
    raise_to(RLIMIT_NPROC, RLIM_INFINITY);
    raise_to(RLIMIT_FSIZE, RLIM_INFINITY);
    raise_to(RLIMIT_CPU, RLIM_INFINITY);
    raise_to(RLIMIT_STACK, STACK_BYTES);
    return getrlimit(RLIMIT_AS, &memory) == 0 && memory.rlim_cur < ENOUGH_FOR_THE_CACHE;
}

static bool explain(__rlimit_resource_t resource, const char *option, rlim_t unit, rlim_t needed, const char *need) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_max >= needed) {
        return false;
    }
    fprintf(stderr,
            "bitfusion: the process that holds the GPUs cannot start: ulimit %s is %llu, and it needs %s; raise it, or "
            "lower it for the program alone: -- sh -c 'ulimit %s %llu; exec PROGRAM'\n",
            option, (unsigned long long)(limit.rlim_max / unit), need, option, (unsigned long long)(limit.rlim_max / unit));
    return true;
}

/* Whether so many processes more can be had: the kernel counts the user's, and tells nobody. */
static bool has_room_for(int processes) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    int started = 0;
    bool failed = false;
    while (started < processes && !failed) {
        pid_t process = fork();
        if (process == 0) {
            char end;
            close(ends[1]);
            _exit(read(ends[0], &end, 1) == 0 ? 0 : 1);
        }
        failed = process < 0;
        started += process > 0;
    }
    close(ends[1]);
    close(ends[0]);
    while (started > 0 && waitpid(-1, NULL, 0) > 0) {
        started--;
    }
    return !failed;
}

bool limits_forbid_start(void) {
    struct rlimit processes;
    if (explain(RLIMIT_NOFILE, "-n", 1, DESCRIPTORS_NEEDED, "20") || explain(RLIMIT_FSIZE, "-f", KIB, FILE_NEEDED, "4")) {
        return true;
    }
    return getrlimit(RLIMIT_NPROC, &processes) == 0 && processes.rlim_max < FEW_PROCESSES &&
           !has_room_for(PROCESSES_NEEDED) &&
           explain(RLIMIT_NPROC, "-u", 1, RLIM_INFINITY, "room for 25 processes and threads more");
}

bool limits_explain(void) {
    return explain(RLIMIT_AS, "-v", KIB, ADDRESS_SPACE_NEEDED, "524288") ||
           explain(RLIMIT_DATA, "-d", KIB, ADDRESS_SPACE_NEEDED, "524288") ||
           explain(RLIMIT_NPROC, "-u", 1, RLIM_INFINITY, "room for 25 processes and threads more");
}
