#define _GNU_SOURCE
#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool home_find(struct home *home, const char *argument_zero) {
    char *directory = home->directory;
    ssize_t length = readlink("/proc/self/exe", directory, sizeof home->directory - 1);
    if (length < 0) {
        return false;
    }
    directory[length] = '\0';
    for (int level = 0; level < 2; level++) { /* drop "/bin/bitfusion" */
        char *slash = strrchr(directory, '/');
        if (slash == NULL) {
            errno = ENOENT;
            return false;
        }
        *slash = '\0';
    }
    const char *base = argument_zero == NULL ? NULL : strrchr(argument_zero, '/');
    base = base != NULL ? base + 1 : argument_zero;
    home->program_name = base != NULL && strcmp(base, "flexdirect") == 0 ? base : "bitfusion";
    return true;
}

/* The arguments of one Java command line; freed by the exec that ends this process image. */
struct command {
    char *arguments[MAX_JAVA_ARGUMENTS];
    int count;
};

__attribute__((format(printf, 2, 3))) static void add(struct command *command, const char *format, ...) {
    char *text = NULL;
    va_list values;
    va_start(values, format);
    if (vasprintf(&text, format, values) < 0) {
        text = NULL;
    }
    va_end(values);
    if (text != NULL && command->count < MAX_JAVA_ARGUMENTS - 1) {
        command->arguments[command->count++] = text;
        command->arguments[command->count] = NULL;
    }
}

static bool is_server(int argument_count, char **arguments) {
    static const char *const commands[] = {"server", "s", "resource_scheduler", "srs", "manager", "initdb"};
    for (size_t i = 0; argument_count > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(arguments[1], commands[i]) == 0) return true;
    return false;
}

/* Java needs all three, whatever the program gets. */
static void keep_standard_descriptors(void) {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        int flags = fcntl(descriptor, F_GETFD);
        if (flags >= 0) {
            fcntl(descriptor, F_SETFD, flags & ~FD_CLOEXEC);
        }
    }
}

/* Options of the JVM and the class path are the ones that the AOT cache was made with (build-tools/train). */
static void add_java(struct command *command, const struct home *home, bool server) {
    const char *directory = home->directory;
    const char *kind = server ? "server" : "cli";
    add(command, "%s/runtime/bin/java", directory);
    add(command, "-Xlog:disable");
    add(command, "@%s/lib/java/%s.options", directory, kind);
    add(command, "-XX:AOTCache=%s/lib/java/%s.aot", directory, kind);
    add(command, "-cp");
    add(command, "%s/lib/java/%s.jar", directory, server ? "appliance" : "bitfusion-cli");
    add(command, "-Dbitfusion.home=%s", directory);
    add(command, "-Dbitfusion.name=%s", home->program_name);
}

static void exec_command(struct command *command, char **arguments, int count) {
    char **all = calloc((size_t)(command->count + count) + 1, sizeof *all);
    if (all == NULL) {
        return;
    }
    memcpy(all, command->arguments, (size_t)command->count * sizeof *all);
    memcpy(all + command->count, arguments, (size_t)count * sizeof *all);
    keep_standard_descriptors();
    setenv("LC_ALL", "C.UTF-8", 1); /* file names and arguments are bytes, whatever the user's locale (NativeText.java) */
    execv(all[0], all);
    int failure = errno;
    free(all);
    errno = failure;
}

void home_exec_java(const struct home *home, int argument_count, char **arguments) {
    struct command command = {.count = 0};
    bool server = is_server(argument_count, arguments);
    add_java(&command, home, server);
    add(&command, "org.bitfusion.cli.Main");
    if (server) {
        char cache[PATH_BYTES + 64];
        snprintf(cache, sizeof cache, "%s/lib/java/worker.aot", home->directory);
        setenv("BF_WORKER_AOT_CACHE", cache, 0);
    }
    exec_command(&command, arguments + 1, argument_count > 0 ? argument_count - 1 : 0);
}

void home_exec_keeper(const struct home *home, pid_t starter, bool memory_is_scarce, char *subcommand) {
    struct command command = {.count = 0};
    add_java(&command, home, false);
    if (memory_is_scarce) { /* a slower start in a quarter of the address space */
        add(&command, "-XX:AOTMode=off");
        add(&command, "-XX:CompressedClassSpaceSize=16m");
        add(&command, "-XX:ReservedCodeCacheSize=8m");
    }
    add(&command, "-XX:ErrorFile=/dev/null"); /* not into the user's folder; the starter says what is wrong */
    add(&command, "-Dbitfusion.starter=%d", (int)starter);
    add(&command, "org.bitfusion.cli.Main");
    exec_command(&command, &subcommand, 1);
}
