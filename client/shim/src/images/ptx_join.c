/* Parts of a program that was compiled separately (nvcc -rdc=true), as PTX: one text of them all.
 */
#include "images/ptx_join.h"

#include <stdlib.h>
#include <string.h>

static bool begins(const char *line, const char *end, const char *word)
{
    size_t bytes = strlen(word);
    return (size_t)(end - line) > bytes && !memcmp(line, word, bytes) &&
           (line[bytes] == ' ' || line[bytes] == '\t');
}

/* Each of them stands once, at the beginning of a line, before anything else. */
static void blank_preamble(char *text, size_t bytes)
{
    char *end = text + bytes;
    int left = 3;
    for (char *line = text; left && line < end;) {
        char *next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next : end;
        if (begins(line, end, ".version") || begins(line, end, ".target") ||
            begins(line, end, ".address_size")) {
            memset(line, ' ', (size_t)(next - line));
            left--;
        }
        line = next < end ? next + 1 : end;
    }
}

bool bf_ptx_join(uint8_t **joined, size_t *size, char *text, size_t bytes)
{
    uint8_t *grown = realloc(*joined, *size + bytes + 2);
    if (!grown)
        return false;
    *joined = grown;
    if (*size) {
        blank_preamble(text, bytes);
        grown[(*size)++] = '\n';
    }
    memcpy(grown + *size, text, bytes);
    *size += bytes;
    grown[*size] = 0;
    return true;
}
