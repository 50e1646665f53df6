#ifndef BITFUSION_CHANNEL_H
#define BITFUSION_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the lease keeper (Java) asks of the starter, over the keeper's standard output:
 * one byte kind, four bytes little-endian length, then that many bytes.
 *   'O' text for the user's standard output
 *   'R' run the program: NUL-ended strings: KEY=VALUE to set, an empty string, then the arguments
 *   'W' path of a folder: watch the programs' ends from there (witness.h)
 *   'B' bye: the keeper wants to hear no more, its standard input shall end
 * The starter answers on the keeper's standard input with lines: "started PID", "failed ERRNO",
 * "cancel SIGNAL", "ended CODE"; the witness adds
 * "opened SERVER SESSION" and "gone SERVER SESSION".
 */

enum { MESSAGE_HEADER_BYTES = 5, MESSAGE_BYTES_LIMIT = 8 * 1024 * 1024 };
enum message_kind { MESSAGE_OUTPUT = 'O', MESSAGE_RUN = 'R', MESSAGE_WATCH = 'W', MESSAGE_BYE = 'B' };

struct message {
    uint8_t kind;
    size_t length;
    unsigned char header[MESSAGE_HEADER_BYTES]; /* as read, `header_length` bytes of it */
    size_t header_length;
    char *body; /* NUL-ended beyond `length`; owned by the caller of channel_read, freed with free() */
};

enum channel_state { CHANNEL_MESSAGE, CHANNEL_CLOSED, CHANNEL_BROKEN };

/* Blocks until one whole message, the end, or nonsense. */
enum channel_state channel_read(int descriptor, struct message *message);

/* Writes one line; a reader that has gone is not an error here (its end is seen elsewhere). */
void channel_say(int descriptor, const char *word, long value);

/* The same of a session, by its digits, on that server of the adaptor file. */
void channel_say_session(int descriptor, const char *word, unsigned server, const char *session);

#endif
