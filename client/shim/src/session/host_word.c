#include "session/host_word.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "program/descriptors.h"
#include "session/adaptor.h"

/* A record to the host, one per session. client/cli/src/main/c/witness.c reads it. */
struct record {
    char magic[4];
    uint32_t server;
    uint8_t session[16];
};

static int watcher = -1;
static uint64_t identity; /* of the socket: the program may have closed it and reused its number */

/* The folder's path may be longer than a socket's address, so the folder is named by a descriptor.
 */
static bool address_of(int *folder, struct sockaddr_un *address)
{
    *folder = bf_adaptor_folder();
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/host", *folder);
    return *folder >= 0;
}

static bool is_own_user(int descriptor)
{
    struct ucred peer;
    socklen_t bytes = sizeof peer;
    return !getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) && peer.uid == geteuid();
}

void bf_host_word_open(void)
{
    struct sockaddr_un address;
    int folder;
    bf_host_word_close();
    if (!address_of(&folder, &address))
        return;
    int descriptor = bf_descriptor_out_of_the_way(
        socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (descriptor >= 0 &&
        (connect(descriptor, (const struct sockaddr *)&address, sizeof address) ||
         !is_own_user(descriptor) || !(identity = bf_socket_identity(descriptor)))) {
        close(descriptor);
        descriptor = -1;
    }
    close(folder);
    watcher = descriptor;
}

bool bf_host_word_given(void)
{
    return watcher >= 0;
}

void bf_host_word_watch(uint32_t server, const uint8_t session[16])
{
    struct record record = {.magic = "BFW1", .server = server};
    memcpy(record.session, session, sizeof record.session);
    if (watcher >= 0 &&
        send(watcher, &record, sizeof record, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof record)
        bf_host_word_close();
}

void bf_host_word_close(void)
{
    if (watcher >= 0 && bf_socket_identity(watcher) == identity)
        close(watcher);
    watcher = -1;
}

void bf_host_word_forget(void)
{
    watcher = -1;
}
