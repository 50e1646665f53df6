/* Who uses how much of the lease's GPUs, as the dispatchers say (the message lease.use). */
#ifndef BF_NVML_USE_H
#define BF_NVML_USE_H

#include <stdbool.h>
#include <stdint.h>

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
    bool lost; /* its server was asked again, and did not answer */
    struct bf_nvml_program *programs;
    unsigned program_count;
};

struct bf_nvml_use {
    char driver[65];
    struct bf_nvml_device *devices; /* of all servers, in the adaptor file's order, as CUDA has them */
    unsigned count;
};

/* Asks all servers. False: there is none, or one does not answer; one line in the log says why. */
bool bf_nvml_use_ask(struct bf_nvml_use *use);

/* Asks again; a server that does not answer has its devices lost. */
void bf_nvml_use_renew(struct bf_nvml_use *use);

void bf_nvml_use_free(struct bf_nvml_use *use);

#endif
