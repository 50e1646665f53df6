/* A thread of the program may be cancelled (pthread_cancel) in what waits or does I/O. In the
 * library it never is: it would leave a lock or the reader's role taken. Costs no system call. */
#ifndef BF_CANCELLATION_H
#define BF_CANCELLATION_H

#include <pthread.h>

/* From here on the thread is not cancelled; returns what bf_allow_cancellation puts back. */
static inline int bf_hold_cancellation(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void bf_allow_cancellation(int before)
{
    if (before == PTHREAD_CANCEL_ENABLE)
        pthread_setcancelstate(before, NULL);
}

#endif
