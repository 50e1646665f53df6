/* The addresses that a worker's devices use: set aside in this process, so that no device address is ever a host address. */
#ifndef BF_WINDOW_H
#define BF_WINDOW_H

#include "objects/model.h"

/* Sets a window aside for the worker, at the next place that is free here; also when the last one has not suited its
 * server, and is given up. OUT_OF_MEMORY when there is none. */
CUresult bf_window_reserve(struct bf_worker *worker);

/* Sets exactly this window aside, if it is free here. */
bool bf_window_reserve_at(struct bf_worker *worker, uint64_t base, uint64_t bytes);

/* Gives the worker's window up. */
void bf_window_give_up(struct bf_worker *worker);

#endif
