// A program of a pool under load.
#include "check.h"
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { MOST_DEVICES = 16, BEYOND = 2 << 20 };

static CUcontext contexts[MOST_DEVICES];
static CUdeviceptr memory[MOST_DEVICES];
static size_t bytes[MOST_DEVICES];
static char held[MOST_DEVICES][80]; /* "GPU BYTES" */
static uint32_t word;

/* "+ GPU BYTES NAME" or "- GPU BYTES NAME" in BF_TEST_FILE, where NAME is BF_TEST_NAME: one line after the other for all programs. */
static void note(char what, CUdevice device)
{
    char line[256];
    const char *name = getenv("BF_TEST_NAME");
    int log = open(getenv("BF_TEST_FILE"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    int length = snprintf(line, sizeof line, "%c %s %s\n", what, held[device], name ? name : "-");
    CHECK(log >= 0 && !flock(log, LOCK_EX) && write(log, line, (size_t)length) == length);
    close(log);
}

static void note_taken(CUdevice device)
{
    unsigned char uuid[16];
    char *at = held[device];
    OK(cuDeviceGetUuid_v2(uuid, device));
    for (int i = 0; i < 16; i++) at += sprintf(at, "%02x", uuid[i]);
    sprintf(at, " %zu", bytes[device]);
    note('+', device);
}

static void note_given_back(CUdevice device)
{
    if (held[device][0]) note('-', device);
    held[device][0] = 0;
}

static void take_all(CUdevice device)
{
    CUdeviceptr more;
    size_t total;
    OK(cuDevicePrimaryCtxRetain(&contexts[device], device));
    OK(cuCtxSetCurrent(contexts[device]));
    OK(cuMemGetInfo_v2(&bytes[device], &total));
    if (bytes[device] > total || total - bytes[device] >= BEYOND) /* memory is given in pages */
        FAIL("device %d: %zu of %zu bytes free in a lease of its own", device, bytes[device], total);
    OK(cuMemAlloc_v2(&memory[device], bytes[device]));
    note_taken(device);
    EXPECT(OUT_OF_MEMORY, cuMemAlloc_v2(&more, BEYOND));
    OK(cuMemsetD32_v2(memory[device], word + (uint32_t)device, bytes[device] / 4));
}

static void look_and_give_back(CUdevice device)
{
    OK(cuCtxSetCurrent(contexts[device]));
    uint32_t *seen = malloc(bytes[device]);
    CHECK(seen);
    OK(cuMemcpyDtoH_v2(seen, memory[device], bytes[device]));
    for (size_t i = 0; i < bytes[device] / 4; i++) CHECK(seen[i] == word + (uint32_t)device);
    free(seen);
    note_given_back(device);
    OK(cuMemFree_v2(memory[device]));
}

/* Takes all of its share of each device, writes a word of its own everywhere, holds it for BF_TEST_SECONDS, and looks whether
 * the word is still there. */
static void fills_its_share(void)
{
    int count;
    double seconds = atof(getenv("BF_TEST_SECONDS"));
    OK(cuInit(0));
    OK(cuDeviceGetCount(&count));
    CHECK(count <= MOST_DEVICES);
    word = (uint32_t)getpid() * 2654435761u;
    for (int i = 0; i < count && !failure[0]; i++) take_all(i);
    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)}, NULL);
    for (int i = 0; i < count && !failure[0]; i++) look_and_give_back(i);
    for (int i = 0; i < count; i++) note_given_back(i); /* after a failure */
}

static double seconds(void)
{
    return atof(getenv("BF_TEST_SECONDS"));
}

static void sleep_for(double time)
{
    nanosleep(&(struct timespec){(time_t)time, (long)((time - (double)(time_t)time) * 1e9)}, NULL);
}

/* Computes without its GPU for BF_TEST_SECONDS: they are gone then. */
static void does_nothing(void)
{
    CUdeviceptr p;
    OK(begin());
    OK(cuMemAlloc_v2(&p, 4096));
    OK(cuMemsetD32_v2(p, 7, 1024));
    OK(cuCtxSynchronize());
    sleep_for(seconds());
    EXPECT(DEVICE_UNAVAILABLE, cuCtxSynchronize());
}

static void sleep_there(void *unused)
{
    (void)unused;
    sleep_for(seconds());
}

/* Makes no call for BF_TEST_SECONDS while a stream of its has something to do. */
static void waits_for_its_stream(void)
{
    CUdeviceptr p;
    uint32_t seen = 0;
    OK(begin());
    OK(cuMemAlloc_v2(&p, 4096));
    OK(cuLaunchHostFunc(NULL, sleep_there, NULL));
    OK(cuMemsetD32Async(p, 7, 1024, NULL));
    sleep_for(seconds() + 0.3);
    OK(cuMemcpyDtoH_v2(&seen, p, 4));
    CHECK(seen == 7);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"fills_its_share", fills_its_share},
                                        {"does_nothing", does_nothing},
                                        {"waits_for_its_stream", waits_for_its_stream},
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
