/*
 * NVML for the GPUs of the lease: the share is their memory, the lease's programs are theirs. Asks the dispatchers
 * when it is initialised, and again when something is wanted that changes and is not quite new; needs no session,
 * opens none and starts no thread. What nobody measures (temperature, power, clocks, utilisation) is
 * NOT_SUPPORTED, which tools show as N/A.
 */
#ifndef BF_NVML_STATE_H
#define BF_NVML_STATE_H

#include <stdbool.h>

#include "nvml/nvml.h"
#include "nvml/use.h"

/* Between enter and leave. */
extern struct bf_nvml_use bf_nvml_known;

/* Takes the lock, whatever it answers; UNINITIALIZED: nothing is known. */
nvmlReturn_t bf_nvml_enter(void);

/* Gives the lock back, and what it is given. */
nvmlReturn_t bf_nvml_leave(nvmlReturn_t result);

/* Between enter and leave: a device; of what changes, asked anew. */
nvmlReturn_t bf_nvml_find(nvmlDevice_t handle, struct bf_nvml_device **device);
nvmlReturn_t bf_nvml_find_now(nvmlDevice_t handle, struct bf_nvml_device **device);

/* Enters and leaves: the device's number. */
nvmlReturn_t bf_nvml_index(nvmlDevice_t handle, unsigned *index);

/* Copies a text that fits. */
nvmlReturn_t bf_nvml_text(char *out, unsigned length, const char *text);

#endif
