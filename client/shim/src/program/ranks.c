#include "program/ranks.h"

#ifdef BF_CHECK_RANKS

#include <stdio.h>
#include <stdlib.h>

static __thread unsigned held[BF_RANKS] __attribute__((tls_model("initial-exec")));

void bf_rank_wanted(enum bf_rank rank)
{
    for (unsigned higher = rank == BF_PRIMARY ? rank + 1 : rank; higher < BF_RANKS; higher++) {
        if (held[higher]) {
            fprintf(stderr, "a lock of rank %u is taken while one of rank %u is held\n",
                    (unsigned)rank, higher);
            abort();
        }
    }
}

void bf_rank_taken(enum bf_rank rank)
{
    held[rank]++;
}

void bf_rank_given(enum bf_rank rank)
{
    held[rank]--;
}

#endif
