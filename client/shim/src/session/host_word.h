/* The word of the host: a socket of the host's "bitfusion run" (or "client") beside the adaptor
 * file. Its other end watches this process, and tells the servers when it has ended; so a lost
 * connection to a worker does not have to mean that the program died. Without such a socket the
 * sessions work all the same. */
#ifndef BF_HOST_WORD_H
#define BF_HOST_WORD_H

#include <stdbool.h>
#include <stdint.h>

/* Connects, once, before the first session is opened, and after the adaptor file was read; under the
 * lock of bf_open. */
void bf_host_word_open(void);

/* Whether somebody watches. */
bool bf_host_word_given(void);

/* Names a session that was opened, on the server that is the adaptor file's line number "server"
 * (from 0). */
void bf_host_word_watch(uint32_t server, const uint8_t session[16]);

/* No session came about, or this is a forked child: nobody need watch. */
void bf_host_word_close(void);

/* This is a child that may share its parent's descriptors: the socket stays as it is. */
void bf_host_word_forget(void);

#endif
