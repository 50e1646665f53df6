#include "program/refusals.h"

#include <pthread.h>
#include <stdbool.h>

#include "bf_functions.h"
#include "program/log.h"
#include "program/ranks.h"

enum { MOST_TEXTS = 64 };

static bool is_new(const char *what)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const char *said[MOST_TEXTS];
    int i = 0;
    bf_lock(&lock, BF_LEAF);
    while (i < MOST_TEXTS && said[i] && said[i] != what)
        i++;
    bool fresh = i < MOST_TEXTS && !said[i];
    if (fresh)
        said[i] = what;
    bf_unlock(&lock, BF_LEAF);
    return fresh;
}

CUresult bf_refused(const char *what)
{
    if (is_new(what))
        bf_say("%s is not supported: CUDA_ERROR_NOT_SUPPORTED", what);
    return CUDA_ERROR_NOT_SUPPORTED;
}

void bf_not_carried(const char *what)
{
    if (is_new(what))
        bf_say("%s", what);
}

/* Once per function: its entry sees to that. */
void bf_unsupported(const char *symbol)
{
    bf_say("%s is not supported: CUDA_ERROR_NOT_SUPPORTED", symbol);
}
