#ifndef BITFUSION_WITNESS_H
#define BITFUSION_WITNESS_H

#include <sys/types.h>

/*
 * The word of the host. A process of its own, in a session of its own, so that neither Ctrl-Z nor Ctrl-C reaches it.
 * Every program that opens a GPU session connects to its socket and names the session (client/shim/src/session/host_word.c). When the
 * program has ended (its process, or its end of the socket: an exec closes it), the witness says so to the lease
 * keeper, one line a session ("opened SERVER SESSION", "gone SERVER SESSION"). It ends with this process.
 */

/*
 * Listens on `folder`/host. Returns the witness's process number, or -1: then no program's end is told, and all else
 * works.
 */
pid_t witness_start(const char *folder, int to_keeper);

#endif
