// What is loaded: libraries, their options, many kernels, what an image says of itself, and the private tables that
// NVIDIA's own libraries ask for.
#include "kernels.h"
#include <unistd.h>

typedef void *CUlibrary;
typedef void *CUkernel;
CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path, int *jit, void **jit_values, unsigned jit_count,
                               int *options, void **values, unsigned count);
CUresult cuLibraryUnload(CUlibrary library);
CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name);
CUresult cuLibraryGetKernelCount(unsigned *count, CUlibrary library);
CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned count, CUlibrary library);
CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel);
CUresult cuKernelGetName(const char **name, CUkernel kernel);
CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned count, CUmodule module);
CUresult cuFuncGetName(const char **name, CUfunction function);
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int block, size_t shared);
CUresult cuGetExportTable(const void **table, const void *uuid);
CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active);

enum { PRESERVED = 1 /* CU_LIBRARY_BINARY_IS_PRESERVED */, KERNELS = 10000 };

static CUresult launch_of(CUlibrary library, const char *name)
{
    CUkernel kernel;
    CUresult r = cuLibraryGetKernel(&kernel, library, name);
    if (!r) r = cuLaunchKernel((CUfunction)kernel, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
    return r ? r : cuCtxSynchronize();
}

/* The option's value is a bool; without it, or with false, the code may change once the load has returned. */
static void code_that_is_not_preserved_is_copied(void)
{
    OK(begin());
    int option = PRESERVED;
    void *no = 0;
    CUlibrary library;
    for (int given = 0; given < 2; given++) {
        char *code = strdup(kernels_ptx);
        OK(cuLibraryLoadData(&library, code, 0, 0, 0, given ? &option : 0, given ? &no : 0, (unsigned)given));
        memset(code, ' ', strlen(code));
        free(code);
        OK(launch_of(library, "count"));
        OK(cuLibraryUnload(library));
    }
    EXPECT(INVALID_VALUE, cuLibraryLoadFromFile(&library, "/dev/null", 0, 0, 0, &option, &no, 1));
    EXPECT(INVALID_VALUE, cuLibraryLoadData(&library, kernels_ptx, 0, 0, 0, 0, &no, 1));
    OK(cuLibraryLoadData(&library, kernels_ptx, 0, 0, 0, &option, 0, 1)); /* as cuBLAS 13: no values at all */
    OK(launch_of(library, "count"));
    OK(cuLibraryUnload(library));
}

/* A fat binary's wrapper points to parts that lie anywhere. */
static void parts_of_a_wrapper_that_is_not_preserved_are_kept(void)
{
    OK(begin());
    static const uint32_t entry[16] = {1 | 0x0101 << 16, 64};
    CUlibrary library;
    size_t bytes = (sizeof kernels_ptx + 7) / 8 * 8;
    uint8_t *header = calloc(1, 16 + 64 + bytes);
    uint32_t magic = 0xBA55ED50u, one = 1 | 16 << 16, architecture = 70;
    uint64_t total = 64 + bytes, padded = bytes;
    memcpy(header, &magic, 4);
    memcpy(header + 4, &one, 4);
    memcpy(header + 8, &total, 8);
    memcpy(header + 16, entry, sizeof entry);
    memcpy(header + 24, &padded, 8);
    memcpy(header + 44, &architecture, 4);
    memcpy(header + 80, kernels_ptx, sizeof kernels_ptx);
    struct {
        uint32_t magic, version;
        const void *header, *more;
    } wrapper = {0x466243B1u, 1, header, 0};
    OK(cuLibraryLoadData(&library, &wrapper, 0, 0, 0, 0, 0, 0));
    memset(header, 0xff, 16 + 64 + bytes);
    memset(&wrapper, 0xff, sizeof wrapper);
    OK(launch_of(library, "count"));
    CHECK(cuLibraryUnload(library) == SUCCESS);
    free(header);
}

static char *many_kernels(void)
{
    char *text = malloc(KERNELS * 48 + 256), *at = text;
    at += sprintf(at, ".version 7.0\n.target sm_70\n.address_size 64\n");
    for (int i = 0; i < KERNELS; i++) at += sprintf(at, ".visible .entry kernel_%d() { ret; }\n", i * 7919 % KERNELS);
    return text;
}

static double lookups_ms(CUlibrary library, CUmodule module, const char *name)
{
    CUkernel kernel;
    CUfunction function;
    double start = now_ms();
    for (int i = 0; i < 2000; i++)
        if (cuLibraryGetKernel(&kernel, library, name) || cuModuleGetFunction(&function, module, name)) return 1e9;
    return now_ms() - start;
}

/* The kernel that was asked for last is found as fast as the first. */
static void ten_thousand_kernels_are_found_by_name(void)
{
    OK(begin());
    static CUkernel kernels[KERNELS], listed[KERNELS];
    static CUfunction functions[KERNELS];
    CUlibrary library;
    CUmodule module;
    const char *name, *same;
    char wanted[32];
    unsigned count = 0;
    char *text = many_kernels();
    OK(cuLibraryLoadData(&library, text, 0, 0, 0, 0, 0, 0));
    OK(cuModuleLoadData(&module, text));
    OK(cuLibraryGetKernelCount(&count, library));
    CHECK(count == KERNELS);
    for (int i = 0; i < KERNELS; i++) {
        sprintf(wanted, "kernel_%d", i);
        OK(cuLibraryGetKernel(&kernels[i], library, wanted));
        OK(cuModuleGetFunction(&functions[i], module, wanted));
    }
    double first = 1e9, last = 1e9; /* the best of three: others may use the processor */
    for (int i = 0; i < 3; i++) {
        double f = lookups_ms(library, module, "kernel_0"), l = lookups_ms(library, module, "kernel_9999");
        first = f < first ? f : first;
        last = l < last ? l : last;
    }
    if (last > 10 * first + 1) FAIL("%.2f ms for the first, %.2f ms for the last", first, last);
    OK(cuLibraryEnumerateKernels(listed, KERNELS, library));
    for (int i = 0; i < KERNELS; i += 997) {
        OK(cuKernelGetFunction(&functions[i], listed[i]));
        OK(cuFuncGetName(&name, functions[i]));
        OK(cuKernelGetName(&same, listed[i]));
        CHECK(!strcmp(name, same));
    }
    EXPECT(NOT_FOUND, cuLibraryGetKernel(&kernels[0], library, "kernel_10000"));
    OK(launch_of(library, "kernel_4711"));
    OK(cuLibraryUnload(library));
}

static void occupancy_follows_what_is_set_of_the_function(void)
{
    OK(begin());
    CUfunction f;
    int before = -1, after = -1, again = -1;
    OK(kernel(&f, "last_word"));
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&before, f, 64, 60 << 10));
    OK(cuFuncSetAttribute(f, 8 /* MAX_DYNAMIC_SHARED_SIZE_BYTES */, 60 << 10));
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&after, f, 64, 60 << 10));
    OK(cuFuncSetAttribute(f, 8, 16 << 10));
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&again, f, 64, 60 << 10));
    if (before != 0 || after < 1 || again != 0) FAIL("%d, %d, %d blocks", before, after, again);
}

/* ---- Private tables ---- */
typedef CUresult (*slot)();

static const slot *table(const char *uuid)
{
    unsigned char bytes[16];
    const void *found = 0;
    for (int i = 0; i < 16; i++) {
        unsigned b;
        sscanf(uuid + 2 * i, "%2x", &b);
        bytes[i] = (unsigned char)b;
    }
    return cuGetExportTable(&found, bytes) ? 0 : found;
}

static int visited, data_first;
static CUfunction last_visited;

static void visit(void *data, CUfunction function)
{
    visited++;
    data_first += data == &visited;
    last_visited = function;
}

/* Each slot that cudart, cuBLAS or cuFFT is known to call, once; as they call it. */
static void the_slots_of_private_tables_answer(void)
{
    OK(begin());
    CUcontext context;
    CUmodule module;
    void *buffer = 0, *value = 0, *out = &out;
    size_t count = 0;
    uint64_t state = 9, answer[2] = {0};
    uint32_t check = 9;
    OK(cuCtxGetCurrent(&context));
    const slot *t = table("6bd5fb6c5bf4e74a8987d93912fd9df9"); /* CUDART_INTERFACE */
    CHECK(t && (size_t)t[0] == 13 * sizeof *t);
    CUcontext primary = 0;
    OK(t[2](&primary, 0));
    CHECK(primary == context);
    OK(t[1](&module, kernels_ptx));
    OK(cuModuleUnload(module));
    OK(t[6](&module, kernels_ptx, 0, 0, 0));
    OK(cuModuleUnload(module));
    OK(t[8](kernels_ptx, &module, 0, 0, 0));
    OK(t[7]((size_t)0));
    OK(t[12]());
    t = table("42d85a8123f6cb478298f6e78a3aecdc"); /* TOOLS_TLS */
    CHECK(t && (size_t)t[0] == 4 * sizeof *t);
    CUcontext current = 0;
    OK(t[2](&current)); /* cuBLAS: the thread's context */
    CHECK(current == context);
    t = table("a094798c2e742e7493f20800200c0a66"); /* TOOLS_RUNTIME_CALLBACK_HOOKS: counts of 32-bit elements */
    CHECK(t && (size_t)t[0] == 7 * sizeof *t);
    OK(t[2](&buffer, &count));
    CHECK(buffer && count == 1024 && !((uint32_t *)buffer)[1023]);
    OK(t[6](&buffer, &count));
    CHECK(buffer && count == 14 && !((uint32_t *)buffer)[13]);
    t = table("c693336e1121df11a8c368f355d89593"); /* CONTEXT_LOCAL_STORAGE: no size */
    CHECK(t);
    EXPECT(INVALID_HANDLE, t[2](&value, (CUcontext)0, &check));
    OK(t[0]((CUcontext)0, &check, &state, (void *)0));
    OK(t[2](&value, context, &check));
    CHECK(value == &state);
    OK(t[1]((CUcontext)0, &check));
    EXPECT(INVALID_HANDLE, t[2](&value, context, &check));
    t = table("d4082055bde6704b8d34ba123c66e1f2"); /* INTEGRITY_CHECK */
    CHECK(t && (size_t)t[0] == 3 * sizeof *t);
    OK(t[1]((uint32_t)13000, (uint64_t)1, answer));
    CHECK(answer[0] == 0x3341181C03CB675C && answer[1] == 0x8ED383AA1F4CD1E8);
    t = table("263e88607cd2614392f6bbd5006dfa7e"); /* CONTEXT_CHECKS */
    CHECK(t && (size_t)t[0] >= 4 * sizeof *t);
    OK(t[2](context, &check, &out));
    CHECK(!check && !out);
    OK(t[3]());
    t = table("0ca50b8c1004929a89a7d0df10e77286"); /* CTX_CREATE_BYPASS */
    CHECK(t && t[1]() == NOT_SUPPORTED);
    t = table("195bcbf4d67d024aacc51d29cea631ae"); /* HEAP_ACCESS */
    CHECK(t && t[1]() == NOT_SUPPORTED && t[2]() == NOT_SUPPORTED);
    t = table("b10541e1f7c7c74a9f64f223be99f1e2"); /* DEVICE_EXTENDED_RT */
    CHECK(t && (size_t)t[0] == 26 * sizeof *t && t[5]() == NOT_SUPPORTED && t[13]() == NOT_SUPPORTED);
    t = table("21318c60971432488ca641ff7324c8f2"); /* ToolsContext */
    CHECK(t && (size_t)t[0] == 95 * sizeof *t);
    OK(t[4](context, &state));
    CHECK(state == 1);
    OK(t[4]((CUcontext)0, &state));
    CHECK(state == 0);
    CUstream mine, named = 0;
    unsigned long long id = 0, known = 0;
    OK(cuStreamCreate(&mine, 0)); /* cuBLAS: a stream's number says whether a workspace may be used again */
    OK(cuStreamGetId(mine, &known));
    OK(t[51](context, mine, &named, 0));
    OK(t[39](context, named, &id));
    CHECK(named == mine && id == known);
    OK(t[51](context, (CUstream)0, &named, 0));
    OK(t[39](context, named, &id));
    OK(cuStreamGetId((CUstream)1, &known));
    CHECK(id == known);
    OK(t[51](context, (CUstream)0, &named, 1));
    CHECK(named == (CUstream)2);
    t = table("6e163fbeb958444d835ce182aff1991e"); /* ToolsModule: the caller's data is the callback's first argument */
    CHECK(t && (size_t)t[0] == 104 * sizeof *t);
    CHECK(t[7](context, module, visit, &visited) == 1); /* cuFFT 12 takes anything else for a failure */
    const char *name = 0;
    CHECK(visited > 3 && data_first == visited);
    OK(cuFuncGetName(&name, last_visited));
    CHECK(name && *name);
    CHECK(!table("00000000000000000000000000000001"));
}

/* ---- What an image says of itself when it is loaded ---- */
static void an_image_that_needs_what_is_not_carried_says_so_when_it_is_loaded(void)
{
    static const char managed[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                                  ".global .attribute(.managed) .align 4 .u32 shared = 3;\n"
                                  ".visible .entry k() { ret; }\n";
    static const char parent[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                                 ".extern .func (.param .b32 r) cudaLaunchDeviceV2 (.param .b64 a, .param .b64 b);\n"
                                 ".visible .entry k() { ret; }\n";
    char said[4096] = "", name[] = "/tmp/stderrXXXXXX";
    CUmodule module;
    OK(begin());
    int file = mkstemp(name), saved = dup(2);
    unlink(name);
    dup2(file, 2);
    cuModuleLoadData(&module, kernels_ptx);
    long quiet = lseek(file, 0, SEEK_END);
    cuModuleLoadData(&module, managed);
    cuModuleLoadData(&module, managed);
    cuModuleLoadData(&module, parent);
    dup2(saved, 2);
    ssize_t n = pread(file, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = 0;
    char *first = strstr(said, "__managed__"), *second = strstr(said, "dynamic parallelism");
    CHECK(!quiet && first && second);
    CHECK(!strstr(first + 1, "__managed__")); /* once */
}

/* On a software GPU. cuFFT goes on without its kernels, so that the error alone is not enough. */
static void an_image_of_machine_code_says_that_it_does_not_run(void)
{
    /* A 64-bit ELF of which nothing but the head is looked at here. */
    static const unsigned char cubin[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0x33, 7, [16] = 2, 0, 190, 0, [52] = 64};
    char said[4096] = "", name[] = "/tmp/stderrXXXXXX";
    CUmodule module;
    OK(begin());
    int file = mkstemp(name), saved = dup(2);
    unlink(name);
    dup2(file, 2);
    CUresult first = cuModuleLoadData(&module, cubin), second = cuModuleLoadData(&module, cubin);
    dup2(saved, 2);
    ssize_t n = pread(file, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = 0;
    char *line = strstr(said, "machine code");
    CHECK(first == NO_BINARY_FOR_GPU && second == first);
    CHECK(line && !strstr(line + 1, "machine code")); /* once */
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(code_that_is_not_preserved_is_copied),
                                        T(parts_of_a_wrapper_that_is_not_preserved_are_kept),
                                        T(ten_thousand_kernels_are_found_by_name),
                                        T(occupancy_follows_what_is_set_of_the_function),
                                        T(the_slots_of_private_tables_answer),
                                        T(an_image_that_needs_what_is_not_carried_says_so_when_it_is_loaded),
                                        T(an_image_of_machine_code_says_that_it_does_not_run),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
