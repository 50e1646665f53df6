/*
 * bin/bitfusion: finds the distribution, and either becomes the Java program or, for the commands that start a
 * program of the user, stays as its parent (supervise.h).
 */
#define _GNU_SOURCE
#include "home.h"
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EXIT_INTERNAL = 70 };

static bool starts_a_program(const char *command) {
    static const char *const commands[] = {"run", "client", "c", "local"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(command, commands[i]) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Takes the places of closed standard descriptors, so that nothing opened here lands in them. The program sees them
 * closed all the same. False with errno set.
 */
static bool fill_standard_descriptors(void) {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        bool is_closed = fcntl(descriptor, F_GETFD) < 0 && errno == EBADF;
        if (is_closed && open("/dev/null", O_RDWR | O_CLOEXEC) != descriptor) {
            return false;
        }
    }
    return true;
}

int main(int argument_count, char **arguments) {
    struct home home;
    if (!fill_standard_descriptors()) {
        fprintf(stderr, "bitfusion: cannot open /dev/null: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    if (!home_find(&home, argument_count > 0 ? arguments[0] : NULL)) {
        fprintf(stderr, "bitfusion: cannot find its own folder: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    if (argument_count > 1 && starts_a_program(arguments[1])) {
        return supervise(&home, arguments[1]);
    }
    if (getenv("BF_END_WITH_PARENT") != NULL) { /* the appliance of `local` */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        unsetenv("BF_END_WITH_PARENT");
    }
    home_exec_java(&home, argument_count, arguments);
    fprintf(stderr, "bitfusion: %s/runtime/bin/java: %s; reinstall bitfusion\n", home.directory, strerror(errno));
    return EXIT_INTERNAL;
}
