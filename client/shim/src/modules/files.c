#include "modules/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP = 1 << 20, PADDING = 16 };

void *bf_read_whole_file(const char *path)
{
    char *text = NULL;
    size_t done = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t moved = file >= 0 ? 1 : -1;
    while (moved > 0) {
        char *grown = realloc(text, done + STEP + PADDING);
        if (!grown) {
            moved = -1;
            break;
        }
        text = grown;
        do
            moved = read(file, text + done, STEP);
        while (moved < 0 && errno == EINTR);
        done += moved > 0 ? (size_t)moved : 0;
    }
    if (file >= 0)
        close(file);
    if (moved < 0 || !done) {
        free(text);
        text = NULL;
    }
    if (text)
        memset(text + done, 0, PADDING);
    return text;
}
