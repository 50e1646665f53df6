// Makes the library write.
//   log COUNT   asks COUNT times for a function that is not there, of which each is a long line in the log
//   log say     something to say on stderr, a pipe that nobody reads any more
#include "check.h"
#include <poll.h>

static int say(void)
{
    struct pollfd broken = {.fd = 2};
    poll(&broken, 1, 20000);
    setenv("BF_ADAPTOR_CONFIG", "/nonexistent/adaptor.conf", 1);
    return cuInit(0) ? 0 : 1;
}

int main(int argc, char **argv)
{
    char name[1500];
    void *function;
    if (argc != 2) return 64;
    if (!strcmp(argv[1], "say")) return say();
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    for (long i = 0; i < atol(argv[1]); i++) {
        if (!cuGetProcAddress_v2(name, &function, 12000, 0, 0)) return 1;
    }
    return 0;
}
