/* What cudart computes to see whether its driver is one: HMAC over MD2. */
#ifndef BF_INTEGRITY_H
#define BF_INTEGRITY_H

#include <stddef.h>
#include <stdint.h>

void bf_md2(const uint8_t *data, size_t bytes, uint8_t digest[16]);

/* RFC 2104 with MD2, block size 16. */
void bf_hmac_md2(const uint8_t *key, size_t key_bytes, const uint8_t *data, size_t bytes,
                 uint8_t digest[16]);

/* What goes into the answer beside the devices. */
struct bf_integrity_question {
    uint32_t driver_version, version, process, thread;
    uint64_t interface_table, integrity_table, function, seconds;
};

/* The answer; "devices" are 28 bytes each: UUID, PCI domain, bus, device. */
void bf_integrity_answer(const struct bf_integrity_question *question, const uint8_t *devices,
                         size_t device_count, uint64_t answer[2]);

#endif
