/* Where the library's descriptors lie. */
#ifndef BF_DESCRIPTORS_H
#define BF_DESCRIPTORS_H

#include <stdint.h>

/* Moves a fresh descriptor to a high number: it must not become 0, 1 or 2 where the program has
 * closed these, for the program and its libraries write there; and the program's own files get the
 * lowest numbers. Close-on-exec stays. Where there is no room it stays below, but never under 3.
 * Takes -1 and passes it on with errno as it is; -1 if the number is one of the three and there is
 * no other. */
int bf_descriptor_out_of_the_way(int descriptor);

/* The kernel's number for a socket, never given twice (SO_COOKIE); 0: it is none. Tells whether a
 * descriptor is still ours: the program may have closed it and opened something in its place. */
uint64_t bf_socket_identity(int descriptor);

#endif
