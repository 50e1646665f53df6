/* Who uses how much of the lease's GPUs, as the dispatchers say (the message lease.use). */
#ifndef BF_NVML_USE_H
#define BF_NVML_USE_H

#include <stdbool.h>
#include <stdint.h>

#include "objects/model.h"

struct bf_nvml_program {
    uint32_t process; /* on its own host */
    char name[129];
};

struct bf_nvml_device {
    unsigned server; /* in the adaptor file */
    uint8_t uuid[16];
    char name[257];
    char pci_bus_id[65]; /* "0000:01:00.0" in any case; empty: not known */
    uint32_t compute_major, compute_minor;
    uint64_t share_bytes, used_bytes;
    bool lost; /* the lease has ended, or its server has not answered for long */
    struct bf_nvml_program *programs;
    unsigned program_count;
};

struct bf_nvml_server {
    double heard; /* when it answered last, in seconds of the monotonic clock */
    double ask;   /* not before that: it did not answer */
    bool refuses; /* the lease */
};

struct bf_nvml_use {
    char driver[65];
    struct bf_nvml_server servers[BF_MAX_WORKERS];
    struct bf_nvml_device *devices; /* of all servers, in the adaptor file's order, as CUDA has them */
    unsigned count;
};

/* Asks all servers, each for 3 s or little more. False: none answers; a line in the log says why. Of those that do
 * not answer no devices are known. */
bool bf_nvml_use_ask(struct bf_nvml_use *use);

/* Asks again who answered before and not long ago did. A server that does not answer is left alone for a while;
 * what it said last stands for half a minute, in which a manager is started again, then its devices are lost. */
void bf_nvml_use_renew(struct bf_nvml_use *use);

void bf_nvml_use_free(struct bf_nvml_use *use);

#endif
