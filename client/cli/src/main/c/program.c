#define _GNU_SOURCE
#include "program.h"

#include "limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void inherited_signals_restore(const struct inherited *inherited) {
    sigaction(SIGCHLD, &inherited->child, NULL);
    sigaction(SIGPIPE, &inherited->broken_pipe, NULL);
    sigaction(SIGXFSZ, &inherited->full_file, NULL);
    sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
}

static bool is_kept(int descriptor, const int *kept, size_t kept_count) {
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i] == descriptor) {
            return true;
        }
    }
    return false;
}

void descriptors_close(int first, const int *kept, size_t kept_count) {
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char *end = NULL;
        long descriptor = strtol(entry->d_name, &end, 10);
        bool number = end != entry->d_name && *end == '\0';
        if (number && descriptor >= first && descriptor != dirfd(directory) && !is_kept((int)descriptor, kept, kept_count)) {
            close((int)descriptor);
        }
    }
    closedir(directory);
}

/* The strings of an 'R' message: assignments first, then arguments. Pointers into the message's body. */
struct program {
    char **strings;
    size_t assignment_count;
    char **arguments;
};

static bool program_decode(char *body, size_t length, struct program *program) {
    size_t string_count = 0;
    for (size_t i = 0; i < length; i++) {
        string_count += body[i] == '\0';
    }
    if (string_count < 2 || body[length - 1] != '\0') {
        return false;
    }
    program->strings = calloc(string_count + 1, sizeof *program->strings);
    if (program->strings == NULL) {
        return false;
    }
    char *next = body;
    for (size_t i = 0; i < string_count; i++) {
        program->strings[i] = next;
        next += strlen(next) + 1;
    }
    program->assignment_count = 0;
    while (program->assignment_count < string_count && program->strings[program->assignment_count][0] != '\0') {
        program->assignment_count++;
    }
    if (program->assignment_count + 1 >= string_count) {
        free(program->strings);
        return false;
    }
    program->arguments = program->strings + program->assignment_count + 1;
    return true;
}

/* In the new process: never returns. Tells a failed exec by writing errno into `report`. */
_Noreturn static void become(const struct program *program, const struct inherited *inherited, int report) {
    for (size_t i = 0; i < program->assignment_count; i++) {
        putenv(program->strings[i]);
    }
    inherited_signals_restore(inherited);
    limits_restore_descriptors(&inherited->descriptors);
    execvp(program->arguments[0], program->arguments);
    int failure = errno;
    ssize_t written = write(report, &failure, sizeof failure);
    _exit(written == (ssize_t)sizeof failure ? 127 : 126);
}

pid_t program_start(char *body, size_t length, const struct inherited *inherited) {
    struct program program;
    int report[2];
    if (!program_decode(body, length, &program)) {
        errno = EINVAL;
        return -1;
    }
    if (pipe2(report, O_CLOEXEC) != 0) {
        free(program.strings);
        return -1;
    }
    pid_t process = fork();
    if (process == 0) {
        become(&program, inherited, report[1]);
    }
    int failure = process < 0 ? errno : 0;
    close(report[1]);
    if (process > 0 && read(report[0], &failure, sizeof failure) != (ssize_t)sizeof failure) {
        failure = 0; /* closed by the exec that worked */
    }
    close(report[0]);
    free(program.strings);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return process;
}
