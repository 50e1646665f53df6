// A program that looks NVML's functions up, as PyTorch, NCCL and nvtop do, in a lease of BF_TEST_MEBIBYTES of two GPUs.
#include "check.h"
#include <dlfcn.h>
#include <pthread.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char text[32]; } pci_t;
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory_v2_t;
typedef struct { unsigned pid; unsigned long long used; unsigned instance, compute; } process_t;
typedef int call();

enum { UNINITIALIZED = 1, INVALID = 2, NO_SUPPORT = 3, MISSING = 6, TOO_SMALL = 7, NOT_LOADED = 9, VERSION = 25, MIB = 1 << 20 };

static void *library(void)
{
    static void *loaded;
    if (!loaded) loaded = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    return loaded;
}

/* Never NULL: a name that is missing answers what nobody expects. */
static int missing_name() { return -1; }

static call *nvml(const char *name)
{
    call *found = library() ? (call *)dlsym(library(), name) : NULL;
    return found ? found : missing_name;
}

#define NVML(status, name, ...) \
    do { \
        int answer_ = nvml(#name)(__VA_ARGS__); \
        if (answer_ != (status)) FAIL("%s:%d: " #name " answered %d (expected: %d)", __FILE__, __LINE__, answer_, status); \
    } while (0)

static unsigned long long share(void) { return strtoull(getenv("BF_TEST_MEBIBYTES"), NULL, 10) * MIB; }

static void a_gpu_has_the_share_as_its_memory(void)
{
    unsigned count = 0;
    void *gpu;
    memory_t memory;
    NVML(0, nvmlInit_v2);
    NVML(0, nvmlDeviceGetCount_v2, &count);
    CHECK(count == 2);
    for (unsigned i = 0; i < count; i++) {
        memory_v2_t second = {0};
        NVML(0, nvmlDeviceGetHandleByIndex_v2, i, &gpu);
        NVML(0, nvmlDeviceGetMemoryInfo, gpu, &memory);
        CHECK(memory.total == share() && memory.used == 0 && memory.free == share());
        NVML(VERSION, nvmlDeviceGetMemoryInfo_v2, gpu, &second);
        second.version = (unsigned)sizeof second | 2u << 24;
        NVML(0, nvmlDeviceGetMemoryInfo_v2, gpu, &second);
        CHECK(second.total == share() && second.used == 0 && second.reserved == 0);
    }
    NVML(0, nvmlShutdown);
}

/* The look at what is used may be a quarter of a second old. */
static unsigned long long used_by_and_by(void *gpu, unsigned long long least, unsigned long long most)
{
    struct timespec pause = {0, 50000000};
    memory_t memory = {0};
    for (double end = now_ms() + 5000; now_ms() < end; nanosleep(&pause, NULL))
        if (!nvml("nvmlDeviceGetMemoryInfo")(gpu, &memory) && memory.used >= least && memory.used <= most) break;
    return memory.used;
}

static void what_a_program_takes_and_gives_back_is_seen(void)
{
    CUcontext context;
    CUdeviceptr p;
    void *gpus[2];
    OK(cuInit(0));
    OK(cuDevicePrimaryCtxRetain(&context, 1));
    OK(cuCtxSetCurrent(context));
    NVML(0, nvmlInit_v2);
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 0, &gpus[0]);
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 1, &gpus[1]);
    unsigned long long before = used_by_and_by(gpus[1], 0, 64 * MIB);
    OK(cuMemAlloc_v2(&p, 100 * MIB));
    CHECK(used_by_and_by(gpus[1], before + 100 * MIB, before + 104 * MIB) >= before + 100 * MIB);
    CHECK(used_by_and_by(gpus[0], 0, 64 * MIB) < 64 * MIB);
    OK(cuMemFree_v2(p));
    CHECK(used_by_and_by(gpus[1], 0, before + MIB) <= before + MIB);
}

static void its_programs_are_those_of_the_lease(void)
{
    char name[256], end[256] = "";
    unsigned count = 0;
    void *gpu;
    process_t processes[4];
    NVML(0, nvmlInit_v2);
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 0, &gpu);
    NVML(0, nvmlDeviceGetComputeRunningProcesses_v3, gpu, &count, NULL);
    CHECK(count == 0);
    OK(cuInit(0));
    struct timespec stale = {0, 300000000};
    nanosleep(&stale, NULL);
    NVML(TOO_SMALL, nvmlDeviceGetComputeRunningProcesses_v3, gpu, &count, NULL);
    CHECK(count == 1);
    count = 4;
    NVML(0, nvmlDeviceGetComputeRunningProcesses_v3, gpu, &count, processes);
    CHECK(count == 1 && processes[0].pid == (unsigned)getpid() && processes[0].used < 64 * MIB && processes[0].instance == ~0u);
    NVML(0, nvmlSystemGetProcessName, processes[0].pid, name, 256);
    CHECK(readlink("/proc/self/exe", end, sizeof end - 1) > 0);
    CHECK(!strcmp(end, name));
    NVML(0, nvmlSystemGetProcessName, processes[0].pid, name, 4);
    CHECK(strlen(name) == 3 && !strncmp(end, name, 3)); /* cropped */
    NVML(MISSING, nvmlSystemGetProcessName, 1u, name, 256);
    count = 4;
    NVML(0, nvmlDeviceGetGraphicsRunningProcesses_v3, gpu, &count, processes);
    CHECK(count == 0);
}

static void a_gpu_is_the_one_that_cuda_shows(void)
{
    char name[96], other[96], uuid[96], place[64];
    unsigned char bytes[16];
    int major, minor, value;
    unsigned index;
    void *gpu, *found;
    pci_t pci;
    OK(cuInit(0));
    NVML(0, nvmlInit_v2);
    for (unsigned i = 0; i < 2; i++) {
        NVML(0, nvmlDeviceGetHandleByIndex_v2, i, &gpu);
        NVML(0, nvmlDeviceGetName, gpu, name, 96);
        OK(cuDeviceGetName(other, 96, (CUdevice)i));
        CHECK(!strcmp(name, other));
        OK(cuDeviceGetUuid_v2(bytes, (CUdevice)i));
        NVML(0, nvmlDeviceGetUUID, gpu, uuid, 96);
        CHECK(strlen(uuid) == 40 && !strncmp(uuid, "GPU-", 4));
        char *at = other;
        for (int k = 0; k < 16; k++) at += sprintf(at, "%s%02x", k == 4 || k == 6 || k == 8 || k == 10 ? "-" : "", bytes[k]);
        CHECK(!strcmp(uuid + 4, other));
        NVML(0, nvmlDeviceGetHandleByUUID, uuid, &found);
        CHECK(found == gpu);
        OK(cuDeviceGetPCIBusId(place, 64, (CUdevice)i));
        NVML(0, nvmlDeviceGetHandleByPciBusId_v2, place, &found);
        CHECK(found == gpu);
        NVML(0, nvmlDeviceGetPciInfo_v3, gpu, &pci);
        CHECK(!strcasecmp(pci.legacy, place) && strlen(pci.text) == 16 && !strcasecmp(pci.text + 4, place));
        OK(cuDeviceGetAttribute(&value, 33, (CUdevice)i)); /* PCI_BUS_ID */
        CHECK((int)pci.bus == value);
        NVML(0, nvmlDeviceGetHandleByPciBusId_v2, pci.text, &found);
        CHECK(found == gpu);
        NVML(0, nvmlDeviceGetIndex, gpu, &index);
        CHECK(index == i);
        NVML(0, nvmlDeviceGetCudaComputeCapability, gpu, &major, &minor);
        OK(cuDeviceGetAttribute(&value, 75, (CUdevice)i)); /* COMPUTE_CAPABILITY_MAJOR */
        CHECK(major == value);
    }
}

static void what_is_wrong_is_said(void)
{
    unsigned count;
    char text[4];
    void *gpu;
    memory_t memory;
    NVML(UNINITIALIZED, nvmlDeviceGetCount_v2, &count);
    NVML(UNINITIALIZED, nvmlShutdown);
    NVML(0, nvmlInit_v2);
    NVML(0, nvmlInit_v2);
    NVML(0, nvmlShutdown);
    NVML(0, nvmlDeviceGetCount_v2, &count);
    NVML(INVALID, nvmlDeviceGetCount_v2, NULL);
    NVML(INVALID, nvmlDeviceGetHandleByIndex_v2, 2u, &gpu);
    NVML(MISSING, nvmlDeviceGetHandleByUUID, "GPU-00000000-0000-0000-0000-000000000000", &gpu);
    NVML(MISSING, nvmlDeviceGetHandleByPciBusId_v2, "what is this", &gpu);
    NVML(INVALID, nvmlDeviceGetMemoryInfo, (void *)3, &memory);
    NVML(INVALID, nvmlDeviceGetMemoryInfo, NULL, &memory);
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 0u, &gpu);
    NVML(TOO_SMALL, nvmlDeviceGetName, gpu, text, 4u);
    NVML(NO_SUPPORT, nvmlDeviceGetTemperature, gpu, 0, &count);
    NVML(0, nvmlShutdown);
    NVML(UNINITIALIZED, nvmlDeviceGetName, gpu, text, 4u);
    const char *(*error)(int) = (const char *(*)(int))nvml("nvmlErrorString");
    CHECK(!strcmp(error(3), "Not Supported") && !strcmp(error(12345), "Unknown Error"));
}

/* BF_TEST_NAMES: a file with a name a line. */
static void every_name_is_there(void)
{
    char name[512];
    int count = 0;
    FILE *names = fopen(getenv("BF_TEST_NAMES"), "r");
    CHECK(names);
    while (fgets(name, sizeof name, names)) {
        name[strcspn(name, "\n")] = 0;
        if (*name == '#') continue;
        if (nvml(name) == missing_name) FAIL("%.100s is missing", name);
        count++;
    }
    fclose(names);
    CHECK(count > 300);
}

/* As NCCL begins, and monitors of a GPU's health. */
static void what_others_begin_with_is_answered(void)
{
    struct { unsigned version, domain, bus, device, id, subsystem, base, sub; char text[32]; } place;
    unsigned status;
    unsigned long long types = 1;
    void *gpus[2], *set;
    NVML(0, nvmlInit_v2);
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 0, &gpus[0]);
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 1, &gpus[1]);
    for (int one = 0; one < 2; one++) {
        for (int other = 0; other < 2; other++) {
            status = 99;
            NVML(0, nvmlDeviceGetP2PStatus, gpus[one], gpus[other], 0, &status);
            CHECK(status == (one == other ? 0 : 5));
        }
    }
    NVML(0, nvmlDeviceGetSupportedEventTypes, gpus[1], &types);
    CHECK(!types);
    NVML(0, nvmlEventSetCreate, &set);
    NVML(0, nvmlDeviceRegisterEvents, gpus[1], 8ull, set);
    NVML(10, nvmlEventSetWait_v2, set, NULL, 10u); /* TIMEOUT */
    NVML(0, nvmlEventSetFree, set);
    place.version = 0;
    NVML(VERSION, nvmlDeviceGetPciInfoExt, gpus[1], &place);
    place.version = (unsigned)sizeof place | 1u << 24;
    NVML(0, nvmlDeviceGetPciInfoExt, gpus[1], &place);
    CHECK(place.bus == 2 && !strcmp(place.text, "00000000:02:00.0"));
}

static _Atomic int asks_on = 1;

static void *asks(void *gpu)
{
    memory_t memory;
    struct timespec pause = {0, 1000000};
    for (; asks_on; nanosleep(&pause, NULL)) nvml("nvmlDeviceGetMemoryInfo")(gpu, &memory);
    return NULL;
}

static void children_of_a_program_that_asks_are_not_held_up(void)
{
    pthread_t asker;
    void *gpu;
    unsigned count;
    NVML(0, nvmlInit_v2);
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 0, &gpu);
    CHECK(!pthread_create(&asker, NULL, asks, gpu));
    for (int i = 0; i < 100; i++) {
        struct timespec pause = {0, 10000000};
        int status;
        pid_t child = fork();
        if (!child) {
            alarm(20);
            int answer = nvml("nvmlDeviceGetCount_v2")(&count);
            if (answer == UNINITIALIZED) answer = nvml("nvmlInit_v2")() || nvml("nvmlDeviceGetCount_v2")(&count);
            _exit(answer || count != 2);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        if (status) FAIL("child %d ended with status %x", i, status);
        nanosleep(&pause, NULL);
    }
    asks_on = 0;
    pthread_join(asker, NULL);
}

/* Beside a server that accepts connections and says nothing. */
static void a_silent_server_hides_no_other(void)
{
    unsigned count;
    void *gpu;
    memory_t memory;
    struct timespec stale = {0, 300000000};
    double begin = now_ms();
    NVML(0, nvmlInit_v2);
    CHECK(now_ms() - begin < 3000);
    NVML(0, nvmlDeviceGetCount_v2, &count);
    CHECK(count == 2);
    nanosleep(&stale, NULL);
    begin = now_ms();
    NVML(0, nvmlDeviceGetHandleByIndex_v2, 1, &gpu);
    NVML(0, nvmlDeviceGetMemoryInfo, gpu, &memory);
    CHECK(now_ms() - begin < 1000); /* it is not asked again so soon */
}

/* Whatever the name by which it is loaded. */
static void it_is_one_library_with_the_driver(void)
{
    CHECK(library() && dlsym(library(), "cuInit") == (void *)cuInit);
}

static void without_a_server_there_is_no_driver(void)
{
    unsigned count;
    NVML(NOT_LOADED, nvmlInit_v2);
    NVML(UNINITIALIZED, nvmlDeviceGetCount_v2, &count);
}

/* BF_TEST_TOOL: a command of the shell. */
static void a_tool_sees_what_it_holds(void)
{
    CUcontext context;
    CUdeviceptr p;
    OK(cuInit(0));
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxSetCurrent(context));
    OK(cuMemAlloc_v2(&p, 100 * MIB));
    CHECK(!system(getenv("BF_TEST_TOOL")));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"a_gpu_has_the_share_as_its_memory", a_gpu_has_the_share_as_its_memory},
                                        {"what_a_program_takes_and_gives_back_is_seen", what_a_program_takes_and_gives_back_is_seen},
                                        {"its_programs_are_those_of_the_lease", its_programs_are_those_of_the_lease},
                                        {"a_gpu_is_the_one_that_cuda_shows", a_gpu_is_the_one_that_cuda_shows},
                                        {"what_is_wrong_is_said", what_is_wrong_is_said},
                                        {"every_name_is_there", every_name_is_there},
                                        {"it_is_one_library_with_the_driver", it_is_one_library_with_the_driver},
                                        {"without_a_server_there_is_no_driver", without_a_server_there_is_no_driver},
                                        {"what_others_begin_with_is_answered", what_others_begin_with_is_answered},
                                        {"children_of_a_program_that_asks_are_not_held_up", children_of_a_program_that_asks_are_not_held_up},
                                        {"a_silent_server_hides_no_other", a_silent_server_hides_no_other},
                                        {"a_tool_sees_what_it_holds", a_tool_sees_what_it_holds},
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
