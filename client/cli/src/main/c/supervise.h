#ifndef BITFUSION_SUPERVISE_H
#define BITFUSION_SUPERVISE_H

#include "home.h"

/*
 * run, client, local: this process stays the parent of both the lease keeper (Java, in a session of its own, so
 * that neither Ctrl-C nor Ctrl-Z reaches it) and the program (in this process group, with this process's
 * descriptors, limits and signal dispositions). Returns the exit code: the program's, 128 + n for a signal, or
 * the lease keeper's when no program was started.
 */
int supervise(const struct home *home, char *subcommand);

#endif
