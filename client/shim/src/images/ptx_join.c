/* Parts of a program that was compiled separately (nvcc -rdc=true), as PTX: one text of them all.
 */
#include <stdlib.h>
#include <string.h>

#include "images/images.h"

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

bool bf_ptx_join(struct bf_image *image, char *text, size_t bytes)
{
    uint8_t *joined = realloc(image->bytes, image->size + bytes + 2);
    if (!joined)
        return false;
    if (image->size) {
        blank_preamble(text, bytes);
        joined[image->size++] = '\n';
    }
    memcpy(joined + image->size, text, bytes);
    image->size += bytes;
    joined[image->size] = 0;
    image->bytes = joined;
    image->kind = BF_IMAGE_PTX;
    return true;
}
