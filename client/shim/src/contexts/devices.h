/* The devices of all workers, and which of them the program sees. */
#ifndef BF_DEVICES_H
#define BF_DEVICES_H

#include "objects/model.h"

/* Takes the body of a session.devices message. False if it makes no sense. */
bool bf_devices_add(struct bf_worker *worker, const uint8_t *body, size_t bytes);

/* Forgets what an attempt to open the servers that failed has left. */
void bf_devices_forget(void);

/* Applies CUDA_DEVICE_ORDER and CUDA_VISIBLE_DEVICES: fills bf_state.devices. */
void bf_devices_choose(void);

#endif
