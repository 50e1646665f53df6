/*
 * The order in which a thread takes the library's locks: each of a higher rank than all that it holds, so
 * that no threads wait for each other in a circle (README.md draws it). A lock that is only tried may be of
 * any rank. The builds for sanitizers end the process where this is not kept.
 */
#ifndef BF_RANKS_H
#define BF_RANKS_H

#include <pthread.h>
#include <stdbool.h>

enum bf_rank {
    BF_NVML,    /* the management library's state; held while servers are asked */
    BF_OPENING, /* of the sessions */
    BF_PRIMARY, /* contexts; may be taken again by who holds it: the end of one calls the program */
    BF_LIBRARIES,
    BF_MODULES,
    BF_POOLS,
    BF_ASIDE,    /* the library's own stream of a context */
    BF_PLACING,  /* copies in the streams of two workers */
    BF_SENDER,   /* of a connection; held while it sends, and reads what has come meanwhile */
    BF_RECEIVER, /* of a connection: its waiters and the reader's role, not the reading */
    BF_TLS,      /* one connection's encryption */
    BF_LEAF,     /* whose holder calls nothing that locks */
    BF_RANKS
};

#ifdef BF_CHECK_RANKS
void bf_rank_wanted(enum bf_rank rank);
void bf_rank_taken(enum bf_rank rank);
void bf_rank_given(enum bf_rank rank);
#else
static inline void bf_rank_wanted(enum bf_rank rank) { (void)rank; }
static inline void bf_rank_taken(enum bf_rank rank) { (void)rank; }
static inline void bf_rank_given(enum bf_rank rank) { (void)rank; }
#endif

static inline void bf_lock(pthread_mutex_t *mutex, enum bf_rank rank)
{
    bf_rank_wanted(rank);
    pthread_mutex_lock(mutex);
    bf_rank_taken(rank);
}

static inline bool bf_try_lock(pthread_mutex_t *mutex, enum bf_rank rank)
{
    bool good = !pthread_mutex_trylock(mutex);
    if (good)
        bf_rank_taken(rank);
    return good;
}

static inline void bf_unlock(pthread_mutex_t *mutex, enum bf_rank rank)
{
    bf_rank_given(rank);
    pthread_mutex_unlock(mutex);
}

#endif
