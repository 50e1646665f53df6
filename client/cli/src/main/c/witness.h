#ifndef BITFUSION_WITNESS_H
#define BITFUSION_WITNESS_H

#include <sys/types.h>

/*
 * The word of the host. A process of its own, in a session of its own, so that neither Ctrl-Z nor Ctrl-C reaches it.
 * Every program that opens a GPU session connects to its socket and names the session (client/shim/src/session/host_word.c). When the
 * program has ended (its process, or its end of the socket: an exec closes it), the witness says so to the lease
 * keeper, one line a session ("opened SERVER SESSION", "gone SERVER SESSION"). It ends with this process.
 */

struct witness_handle {
    pid_t process; /* 0: none */
    int orders;    /* -1: none */
};

/*
 * Listens on `folder`/host; where that cannot be, no program's end is told. Returns the handle of the process; all zero
 * and -1 if there is none.
 */
struct witness_handle witness_start(const char *folder, int to_keeper);

/*
 * This process is about to stop because the program has stopped: when the program goes on or ends, whoever makes it,
 * the witness continues this process. Stands until witness_is_awake.
 */
void witness_wake_me_after(const struct witness_handle *witness, pid_t program);
void witness_is_awake(const struct witness_handle *witness);

#endif
