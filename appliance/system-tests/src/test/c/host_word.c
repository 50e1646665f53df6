// A program whose end nobody sees on its connections: a child made behind the C library's back holds copies of them.
//   holder MIB      takes memory, leaves such a child behind for 30 s, says "working" and waits to be killed
//   taker MIB PID   kills that one, and says how many milliseconds later it got as much memory
#include "check.h"
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hold(size_t bytes)
{
    CUdeviceptr memory;
    if (begin() || cuMemAlloc_v2(&memory, bytes)) return 1;
    if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        for (int i = 0; i < 30; i++) sleep(1);
        _exit(0);
    }
    printf("working\n");
    fflush(stdout);
    for (;;) pause();
}

static int take(size_t bytes, pid_t holder)
{
    CUdeviceptr memory;
    if (begin() || kill(holder, SIGKILL)) return 1;
    double start = now_ms();
    while (cuMemAlloc_v2(&memory, bytes)) {
        if (now_ms() - start > 10000) {
            printf("no memory within 10 s\n");
            return 1;
        }
    }
    printf("taken after %.0f ms\n", now_ms() - start);
    return 0;
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) << 20 : 0;
    if (bytes && !strcmp(argv[1], "holder")) return hold(bytes);
    if (bytes && argc == 4 && !strcmp(argv[1], "taker")) return take(bytes, (pid_t)atol(argv[3]));
    return 64;
}
