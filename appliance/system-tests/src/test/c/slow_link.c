// Passes the frames of two interfaces on to each other, each after a while: a network with a long way, where the kernel has none.
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FRAMES = 4096, MOST_BYTES = 66000, MILLISECOND = 1000000 };

struct frame {
    long long due; /* ns */
    int to;
    ssize_t bytes;
    char *data;
};

static struct frame frames[MOST_FRAMES];
static unsigned first, last;

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* With the header that says which checksum the kernel has left to be done. */
static int open_interface(const char *name)
{
    int one = 1;
    int s = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name)};
    struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    if (s < 0 || setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) ||
        setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) ||
        setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) ||
        bind(s, (struct sockaddr *)&address, sizeof address)) {
        perror(name);
        exit(1);
    }
    return s;
}

static void take(int from, int to, long long delay)
{
    static char buffer[MOST_BYTES];
    ssize_t bytes = recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
    if (bytes <= 0 || last - first == MOST_FRAMES)
        return;
    char *copy = malloc((size_t)bytes);
    memcpy(copy, buffer, (size_t)bytes);
    frames[last++ % MOST_FRAMES] = (struct frame){now() + delay, to, bytes, copy};
}

int main(int argc, char **argv)
{
    int one, other;
    if (argc != 4)
        return 2;
    one = open_interface(argv[1]);
    other = open_interface(argv[2]);
    long long delay = atoi(argv[3]) * (long long)MILLISECOND;
    puts("forwarding");
    fflush(stdout);
    while (true) {
        struct pollfd polled[] = {{.fd = one, .events = POLLIN}, {.fd = other, .events = POLLIN}};
        long long wait = first == last ? 1000 * MILLISECOND : frames[first % MOST_FRAMES].due - now();
        struct timespec time = {0, 0};
        if (wait > 0)
            time = (struct timespec){wait / 1000000000, wait % 1000000000};
        ppoll(polled, 2, &time, NULL);
        if (polled[0].revents)
            take(one, other, delay);
        if (polled[1].revents)
            take(other, one, delay);
        for (; first != last && frames[first % MOST_FRAMES].due <= now(); first++) {
            struct frame *frame = &frames[first % MOST_FRAMES];
            if (send(frame->to, frame->data, (size_t)frame->bytes, 0) < 0)
                perror("send");
            free(frame->data);
        }
    }
}
