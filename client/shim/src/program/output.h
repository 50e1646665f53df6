/* What kernels print. Whoever receives it queues it: it may have the reader's role or locks. A
 * synchronising call writes it when it has neither, before it returns. */
#ifndef BF_OUTPUT_H
#define BF_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

enum bf_output { BF_OUTPUT_PRINTED, BF_OUTPUT_ASSERTED, BF_OUTPUTS };

/* For the program's stdout, or its stderr. */
void bf_output_queue(enum bf_output output, const void *text, size_t bytes);

/* Writes what is queued, through stdio and under its lock, so that no text overtakes another; waits
 * for a thread that is writing. Nothing queued: costs nothing. */
void bf_output_write(void);

/* The same without waiting for stdio's locks, for the end of the program. */
void bf_output_write_at_exit(void);

/* In a forked child: what is queued is the parent's. */
void bf_output_forget(void);

#endif
