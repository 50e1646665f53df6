#ifndef BITFUSION_LIMITS_H
#define BITFUSION_LIMITS_H

#include <stdbool.h>
#include <sys/resource.h>

/*
 * The user's limits (ulimit) are meant for the program. What serves it here takes as much as the hard limits allow, and
 * more where this user may raise them; the program gets the user's own.
 */

/* Room for this process's own descriptors; `own` is what limits_restore gives the program. */
void limits_raise_descriptors(struct rlimit *own);
void limits_restore_descriptors(const struct rlimit *own);

/* In the lease keeper, before it becomes a JVM. True if memory is scarce all the same. */
bool limits_raise_for_java(void);

/*
 * One line on standard error for a limit that leaves too little to begin with; false if there is none. Called before
 * there are children or signals to hear of.
 */
bool limits_forbid_start(void);

/* The same after a JVM could not start. */
bool limits_explain(void);

#endif
