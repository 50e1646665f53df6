/* The file that says where the program's GPUs are. */
#ifndef BF_ADAPTOR_H
#define BF_ADAPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "objects/model.h"

enum { BF_MOST_NETWORKS = 4 };

/* A network that a server's data ports are in. */
struct bf_network {
    char name[16];
    char address[64];
    unsigned rank; /* of the administrator's preference, 0 first */
};

struct bf_server {
    char host[256];
    unsigned port;
    bool leased;
    bool tls; /* it is spoken to over TLS, with the files of bf_adaptor_tls */
    uint8_t lease[16];
    uint8_t secret[16]; /* of the lease, or the user's access secret */
    struct bf_network networks[BF_MOST_NETWORKS]; /* of its data ports; none: they are at the host */
    int network_count;
};

/* Reads BF_ADAPTOR_CONFIG, or else ~/.bitfusionio/adaptor.conf, or else
   /etc/bitfusionio/adaptor.conf. The number of servers; 0 after one line on stderr that says what
   is wrong. */
int bf_adaptor_read(struct bf_server *servers, int most);

/* A descriptor (O_PATH) of the folder beside the file that was read, where "bitfusion run" is met; -1 if there is none. */
int bf_adaptor_folder(void);

/* Where the pool's authority and this client's certificate and key lie: in the folder "tls" beside
 * the file that was read. The texts stay. */
struct bf_tls_files;
const struct bf_tls_files *bf_adaptor_tls(void);

/* 32 hexadecimal digits, with or without hyphens. False if it is something else. */
bool bf_read_hex(const char *text, uint8_t bytes[16]);

#endif
