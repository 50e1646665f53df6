// Programs of one lease and its share of memory.
//   free             all that is called free can be allocated at once
//   after MIB COUNT  COUNT programs, one after the other, each of which needs all of the share
//   small COUNT      COUNT programs at the same time, each of which needs 4 KiB
//   hold MIB FIFO    takes so much, says "working"; at each line from FIFO takes 10 MiB more and says whether it got them,
//                    and at its end checks that it can still use the first
//   idle MIB         all of the share, beside a program that has used some and holds nothing any more
// and what these start of themselves: "part MIB HOW", "one IN OUT", "idler IN OUT".
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *self;

static size_t mebibytes(const char *text) { return strtoul(text, NULL, 10) << 20; }

static int free_memory(void)
{
    size_t available, total, device;
    CUdeviceptr memory;
    if (begin() || cuMemGetInfo_v2(&available, &total) || cuDeviceTotalMem_v2(&device, 0)) return 1;
    CUresult result = cuMemAlloc_v2(&memory, available);
    printf("free %zu of %zu, allocated: %d\n", available, total, result);
    return result || !available || available > total || total != device;
}

static pid_t start(char *mode, char *first, char *second)
{
    char *arguments[] = {(char *)self, mode, first, second, NULL};
    pid_t child;
    return posix_spawn(&child, self, NULL, NULL, arguments, environ) ? -1 : child;
}

/* Takes all and ends: as main does, by a signal, or by _exit. */
static int part(size_t bytes, char how)
{
    size_t available, total;
    CUdeviceptr memory;
    if (begin() || cuMemGetInfo_v2(&available, &total)) return 1;
    CUresult result = cuMemAlloc_v2(&memory, bytes);
    if (available != bytes || result) {
        printf("free %zu of %zu, allocated: %d\n", available, total, result);
        fflush(stdout);
        _exit(1);
    }
    if (how == 'k') kill(getpid(), SIGKILL);
    if (how == 'x') _exit(0);
    return 0;
}

static int after(char *mib, int count)
{
    char *ways[] = {"r", "k", "x"};
    int failed = 0;
    for (int i = 0; i < count; i++) {
        int status = 0;
        waitpid(start("part", mib, ways[i % 3]), &status, 0);
        failed += WIFEXITED(status) && WEXITSTATUS(status);
    }
    printf("%d of %d found too little\n", failed, count);
    return failed;
}

/* Says one letter on OUT when it has its memory, then waits for the end of IN. */
static int one(int in, int out, int idles)
{
    CUdeviceptr memory;
    char letter = 'y';
    if (begin() || cuMemAlloc_v2(&memory, 4096)) letter = 'n';
    if (idles && (cuMemFree_v2(memory) || cuCtxSynchronize())) letter = 'n';
    if (write(out, &letter, 1) != 1) return 1;
    close(out);
    while (read(in, &letter, 1) > 0) {}
    return 0;
}

/* Starts COUNT of "mode", and says how many of them got their memory; -1 if it cannot. They go on until *go is closed. */
static int together(char *mode, int count, int *go)
{
    int told[2], ends[2], got = 0;
    char in[12], out[12], letter;
    if (pipe(told) || pipe(ends)) return -1;
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fcntl(told[0], F_SETFD, FD_CLOEXEC);
    snprintf(in, sizeof in, "%d", ends[0]);
    snprintf(out, sizeof out, "%d", told[1]);
    for (int i = 0; i < count; i++)
        if (start(mode, in, out) < 0) return -1;
    close(told[1]);
    close(ends[0]);
    while (read(told[0], &letter, 1) == 1) got += letter == 'y';
    *go = ends[1];
    return got;
}

static int small(int count)
{
    int go, failed = 0, got = together("one", count, &go);
    close(go);
    for (int i = 0; i < count; i++) {
        int status;
        failed += wait(&status) < 0 || status;
    }
    printf("%d of %d got their memory, %d ended badly\n", got, count, failed);
    return got != count || failed;
}

static int hold(size_t bytes, const char *fifo)
{
    CUdeviceptr memory, more;
    unsigned char byte = 0;
    char line[80];
    if (begin() || cuMemAlloc_v2(&memory, bytes)) return 1;
    printf("working\n");
    fflush(stdout);
    FILE *orders = fopen(fifo, "r");
    while (orders && fgets(line, sizeof line, orders)) {
        printf("%s", cuMemAlloc_v2(&more, 10 << 20) ? "refused\n" : "got 10 MiB\n");
        fflush(stdout);
    }
    if (!orders || cuMemsetD8_v2(memory, 7, bytes) || cuMemcpyDtoH_v2(&byte, memory + bytes - 1, 1) || byte != 7) return 1;
    printf("PASSED\n");
    return 0;
}

static int idle(size_t bytes)
{
    size_t available, total;
    CUdeviceptr memory;
    int go;
    if (together("idler", 1, &go) != 1 || begin() || cuMemGetInfo_v2(&available, &total)) return 1;
    CUresult result = cuMemAlloc_v2(&memory, bytes);
    printf("free %zu of %zu, allocated: %d\n", available, total, result);
    close(go);
    wait(NULL);
    return result || available != bytes;
}

int main(int argc, char **argv)
{
    self = argv[0];
    const char *mode = argc > 1 ? argv[1] : "";
    if (!strcmp(mode, "free")) return free_memory();
    if (!strcmp(mode, "after") && argc == 4) return after(argv[2], atoi(argv[3]));
    if (!strcmp(mode, "part") && argc == 4) return part(mebibytes(argv[2]), argv[3][0]);
    if (!strcmp(mode, "small") && argc == 3) return small(atoi(argv[2]));
    if (!strcmp(mode, "one") && argc == 4) return one(atoi(argv[2]), atoi(argv[3]), 0);
    if (!strcmp(mode, "hold") && argc == 4) return hold(mebibytes(argv[2]), argv[3]);
    if (!strcmp(mode, "idle") && argc == 3) return idle(mebibytes(argv[2]));
    if (!strcmp(mode, "idler") && argc == 4) return one(atoi(argv[2]), atoi(argv[3]), 1);
    return 64;
}
