#include "channel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Number of bytes read: `wanted`, less at the end of the stream. */
static size_t read_fully(int descriptor, char *target, size_t wanted) {
    size_t done = 0;
    while (done < wanted) {
        ssize_t count = read(descriptor, target + done, wanted - done);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            break;
        }
        if (count > 0) {
            done += (size_t)count;
        }
    }
    return done;
}

enum channel_state channel_read(int descriptor, struct message *message) {
    unsigned char *header = message->header;
    size_t count = read_fully(descriptor, (char *)header, sizeof message->header);
    message->header_length = count;
    if (count == 0) {
        return CHANNEL_CLOSED;
    }
    message->kind = header[0];
    message->length = (size_t)header[1] | (size_t)header[2] << 8 | (size_t)header[3] << 16 | (size_t)header[4] << 24;
    bool known = message->kind == MESSAGE_OUTPUT || message->kind == MESSAGE_RUN ||
                 message->kind == MESSAGE_WATCH || message->kind == MESSAGE_BYE;
    if (count < sizeof message->header || !known || message->length > MESSAGE_BYTES_LIMIT) {
        return CHANNEL_BROKEN;
    }
    message->body = malloc(message->length + 1);
    if (message->body == NULL || read_fully(descriptor, message->body, message->length) < message->length) {
        free(message->body);
        return CHANNEL_BROKEN;
    }
    message->body[message->length] = '\0';
    return CHANNEL_MESSAGE;
}

/* Lines are shorter than PIPE_BUF: those of two writers do not mix. */
static void say(int descriptor, const char *line, int length) {
    for (int done = 0; done < length;) {
        ssize_t count = write(descriptor, line + done, (size_t)(length - done));
        if (count < 0 && errno != EINTR) {
            return;
        }
        done += count > 0 ? (int)count : 0;
    }
}

void channel_say(int descriptor, const char *word, long value) {
    char line[64];
    say(descriptor, line, snprintf(line, sizeof line, "%s %ld\n", word, value));
}

void channel_say_session(int descriptor, const char *word, unsigned server, const char *session) {
    char line[128];
    say(descriptor, line, snprintf(line, sizeof line, "%s %u %s\n", word, server, session));
}
