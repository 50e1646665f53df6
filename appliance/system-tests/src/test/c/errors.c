// Errors: what the call itself returns, what is deferred, what is sticky; and the honest snapshot of the device.
#include "kernels.h"

static void bad_handles_are_refused_by_the_call(void)
{
    OK(begin());
    CUstream stream = (CUstream)(uintptr_t)0x1234560;
    EXPECT(INVALID_HANDLE, cuStreamSynchronize(stream));
    EXPECT(INVALID_HANDLE, cuEventRecord((CUevent)(uintptr_t)0x42424242, 0));
    CUevent event;
    OK(cuEventCreate(&event, 0));
    OK(cuEventDestroy_v2(event));
    EXPECT(INVALID_HANDLE, cuEventQuery(event));
    CUfunction f;
    EXPECT(INVALID_HANDLE, cuModuleGetFunction(&f, (CUmodule)(uintptr_t)0x777, "fill"));
    EXPECT(INVALID_HANDLE, cuLaunchKernel((CUfunction)(uintptr_t)0x99, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    OK(cuCtxSynchronize());
}

static void null_pointers_are_refused_by_the_call(void)
{
    OK(begin());
    EXPECT(INVALID_VALUE, cuMemAlloc_v2(0, 16));
    EXPECT(INVALID_VALUE, cuDeviceGetCount(0));
    EXPECT(INVALID_VALUE, cuStreamCreate(0, 0));
    EXPECT(INVALID_VALUE, cuModuleLoadData(&module_, 0));
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 64));
    EXPECT(INVALID_VALUE, cuMemcpyHtoD_v2(p, 0, 64));
    OK(cuMemFree_v2(p));
}

static void launch_dimensions_are_checked_by_the_launch(void)
{
    OK(begin());
    CUfunction f;
    OK(kernel(&f, "halt"));
    EXPECT(INVALID_VALUE, cuLaunchKernel(f, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    EXPECT(INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1025, 1, 1, 0, 0, 0, 0));
    EXPECT(INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 32, 33, 1, 0, 0, 0, 0));
    EXPECT(INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 65, 0, 0, 0, 0));
    EXPECT(INVALID_VALUE, cuLaunchKernel(f, 1, 65536, 1, 1, 1, 1, 0, 0, 0, 0));
    OK(cuCtxSynchronize());
}

static void a_function_s_own_thread_limit_is_checked_by_the_launch(void)
{
    OK(begin());
    CUfunction f;
    OK(kernel(&f, "limited"));
    int most = 0;
    OK(cuFuncGetAttribute(&most, FUNCTION_MAX_THREADS_PER_BLOCK, f));
    CHECK(most == 64);
    CUresult r = cuLaunchKernel(f, 1, 1, 1, 128, 1, 1, 0, 0, 0, 0);
    CHECK(r == INVALID_VALUE || r == 701);
    OK(cuLaunchKernel(f, 1, 1, 1, 64, 1, 1, 0, 0, 0, 0));
    OK(cuCtxSynchronize());
}

static void dynamic_shared_memory_beyond_48_kib_needs_the_attribute(void)
{
    OK(begin());
    CUfunction f;
    CUdeviceptr out;
    unsigned bytes = 96 * 1024, value = 0;
    OK(kernel(&f, "last_word"));
    OK(cuMemAlloc_v2(&out, 4));
    void *a[] = {&out, &bytes};
    EXPECT(INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, bytes, 0, a, 0));
    OK(cuFuncSetAttribute(f, FUNCTION_MAX_DYNAMIC_SHARED, (int)bytes));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, bytes, 0, a, 0));
    OK(cuMemcpyDtoH_v2(&value, out, 4));
    CHECK(value == 77);
    EXPECT(INVALID_VALUE, cuFuncSetAttribute(f, FUNCTION_MAX_DYNAMIC_SHARED, 1 << 20));
}

static void copies_outside_an_allocation_are_refused_by_the_call(void)
{
    OK(begin());
    CUdeviceptr p;
    char host[128] = {0};
    OK(cuMemAlloc_v2(&p, 64));
    EXPECT(INVALID_VALUE, cuMemcpyHtoD_v2(p, host, 128 + (4 << 20)));
    EXPECT(INVALID_VALUE, cuMemcpyHtoD_v2(8, host, 16));
    EXPECT(INVALID_VALUE, cuMemsetD8_v2(p + (8 << 20), 1, 16));
    EXPECT(INVALID_VALUE, cuMemFree_v2(p + 4));
    OK(cuMemFree_v2(p));
    EXPECT(INVALID_VALUE, cuMemFree_v2(p));
    OK(cuMemFree_v2(0));
}

static void an_execution_error_is_deferred_and_sticky(void)
{
    OK(begin());
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 1024));
    OK(launch_poke(p, 1));
    OK(cuCtxSynchronize());
    OK(launch_poke(p + ((uint64_t)64 << 20), 1));
    EXPECT(ILLEGAL_ADDRESS, cuCtxSynchronize());
    EXPECT(ILLEGAL_ADDRESS, cuCtxSynchronize());
    CUdeviceptr q;
    EXPECT(ILLEGAL_ADDRESS, cuMemAlloc_v2(&q, 16));
    EXPECT(ILLEGAL_ADDRESS, launch_poke(p, 1));
}

static void a_wild_address_is_illegal(void)
{
    OK(begin());
    OK(launch_poke(0x7000000000000000u, 1));
    EXPECT(ILLEGAL_ADDRESS, cuCtxSynchronize());
}

static void a_null_address_is_illegal(void)
{
    OK(begin());
    OK(launch_poke(0, 1));
    EXPECT(ILLEGAL_ADDRESS, cuCtxSynchronize());
}

static void a_misaligned_address_is_named(void)
{
    OK(begin());
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 1024));
    OK(launch_poke(p + 2, 1));
    EXPECT(MISALIGNED_ADDRESS, cuCtxSynchronize());
}

static void a_trap_is_a_launch_failure_and_the_first_error_wins(void)
{
    OK(begin());
    CUfunction f;
    CUdeviceptr p;
    OK(cuMemAlloc_v2(&p, 64));
    OK(kernel(&f, "halt"));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
    launch_poke(2, 1);
    EXPECT(LAUNCH_FAILED, cuCtxSynchronize());
}

static const char asserting_ptx[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".extern .func __assertfail (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);\n"
    ".global .align 1 .b8 message[7] = {120, 32, 61, 61, 32, 53, 0};\n"
    ".global .align 1 .b8 file[10] = {115, 97, 109, 112, 108, 101, 46, 99, 117, 0};\n"
    ".global .align 1 .b8 function[16] = {118, 111, 105, 100, 32, 99, 104, 101, 99, 107, 40, 105, 110, 116, 41, 0};\n"
    /* check: thread 3 of block 1 fails */
    ".visible .entry check()\n{\n"
    ".reg .pred %q; .reg .b32 %r<3>; .reg .b64 %d<6>;\n"
    "mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x; mad.lo.u32 %r2, %r1, 100, %r0; setp.ne.u32 %q, %r2, 103; @%q bra fine;\n"
    "mov.u64 %d0, message; cvta.global.u64 %d1, %d0; mov.u64 %d2, file; cvta.global.u64 %d3, %d2;\n"
    "mov.u64 %d4, function; cvta.global.u64 %d5, %d4;\n"
    "{ .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e;\n"
    "st.param.b64 [a], %d1; st.param.b64 [b], %d3; st.param.b32 [c], 17; st.param.b64 [d], %d5; st.param.b64 [e], 1;\n"
    "call.uni __assertfail, (a, b, c, d, e); }\n"
    "fine: ret;\n}\n";

static void a_failed_assertion_says_so_on_stderr_and_ends_the_context(void)
{
    OK(begin());
    CUmodule m;
    CUfunction f;
    char text[512] = "", *buffer = 0;
    size_t size = 0;
    OK(cuModuleLoadData(&m, asserting_ptx));
    OK(cuModuleGetFunction(&f, m, "check"));
    FILE *memory = open_memstream(&buffer, &size), *saved = stderr;
    stderr = memory;
    CUresult r = cuLaunchKernel(f, 2, 1, 1, 32, 1, 1, 0, 0, 0, 0);
    if (!r) r = cuCtxSynchronize();
    stderr = saved;
    fflush(memory);
    snprintf(text, sizeof text, "%s", buffer);
    EXPECT(DEVICE_ASSERT, r);
    if (strcmp(text, "sample.cu:17: void check(int): block: [1,0,0], thread: [3,0,0] Assertion `x == 5` failed.\n"))
        FAIL("stderr held: %.400s", text);
    EXPECT(DEVICE_ASSERT, cuCtxSynchronize());
}

/* launches poke with `address` until it is told; what stderr was told meanwhile */
static void poke_and_listen(CUdeviceptr address, char *text, size_t room)
{
    char *buffer = 0;
    size_t size = 0;
    FILE *memory = open_memstream(&buffer, &size), *saved = stderr;
    stderr = memory;
    CUresult r = launch_poke(address, 1);
    if (!r) r = cuCtxSynchronize();
    stderr = saved;
    fflush(memory);
    snprintf(text, room, "%s", buffer);
    EXPECT(ILLEGAL_ADDRESS, r);
}

static void a_kernel_that_is_given_host_memory_says_so_on_stderr_once(void)
{
    OK(begin());
    void *host;
    char text[512], expected[512];
    OK(cuMemHostAlloc(&host, 4096, 1));
    snprintf(expected, sizeof expected,
             "bitfusion: kernel poke: address 0x%llx is not device memory; kernels cannot read or write host memory, pinned "
             "or not, on this GPU\n",
             (unsigned long long)(uintptr_t)host);
    poke_and_listen((CUdeviceptr)(uintptr_t)host, text, sizeof text);
    if (strcmp(text, expected)) FAIL("stderr held: %.400s", text);
    OK(cuDevicePrimaryCtxReset_v2(0));
    module_ = 0;
    OK(begin());
    poke_and_listen((CUdeviceptr)(uintptr_t)&host, text, sizeof text);
    if (text[0]) FAIL("stderr was told again: %.400s", text);
}

static void a_reset_of_the_primary_context_clears_a_sticky_error(void)
{
    OK(begin());
    OK(launch_poke(0, 1));
    EXPECT(ILLEGAL_ADDRESS, cuCtxSynchronize());
    OK(cuDevicePrimaryCtxReset_v2(0));
    module_ = 0;
    CUcontext context;
    CUdeviceptr p;
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxSetCurrent(context));
    OK(cuMemAlloc_v2(&p, 64));
    OK(launch_poke(p, 5));
    OK(cuCtxSynchronize());
}

static void broken_ptx_is_refused_by_the_load(void)
{
    OK(begin());
    CUmodule m;
    EXPECT(INVALID_PTX, cuModuleLoadData(&m, ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry f(\n"));
    OK(cuCtxSynchronize());
}

/* Only what is new in it is refused: a kernel with an instruction of its own, or the whole module if it cannot be read. */
static void ptx_of_a_later_toolkit_is_refused_only_for_what_is_new(void)
{
    OK(begin());
    CUmodule m;
    CUfunction f;
    EXPECT(UNSUPPORTED_PTX_VERSION,
           cuModuleLoadData(&m, ".version 99.0\n.target sm_70\n.address_size 64\n.novelty 7;\n"));
    OK(cuModuleLoadData(&m, ".version 99.0\n.target sm_70\n.address_size 64\n"
                            ".visible .entry known() { ret; }\n"
                            ".visible .entry anew() { invented.b32 %r1; ret; }\n"));
    OK(cuModuleGetFunction(&f, m, "known"));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    OK(cuCtxSynchronize());
}

/* The program reads the logs as strings, whether there is anything in them or not. */
static void the_logs_of_a_load_are_filled(void)
{
    OK(begin());
    CUmodule m;
    char error[64], info[64], small[4];
    int options[] = {3, 4, 5, 6}; /* info buffer, its size, error buffer, its size */
    void *values[] = {info, (void *)(uintptr_t)sizeof info, error, (void *)(uintptr_t)sizeof error};
    memset(error, 'E', sizeof error);
    memset(info, 'I', sizeof info);
    EXPECT(INVALID_PTX,
           cuModuleLoadDataEx(&m, ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry f(\n", 4, options, values));
    CHECK(memchr(error, 0, sizeof error) && memchr(info, 0, sizeof info));
    CHECK(strlen(error) > 0 && (size_t)(uintptr_t)values[3] == strlen(error));
    CHECK(strlen(info) == 0 && !values[1]);
    values[2] = small;
    values[3] = (void *)(uintptr_t)sizeof small;
    values[1] = (void *)(uintptr_t)sizeof info;
    EXPECT(INVALID_PTX,
           cuModuleLoadDataEx(&m, ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry f(\n", 4, options, values));
    CHECK(strlen(small) == 3 && (uintptr_t)values[3] == 3);
    memset(error, 'E', sizeof error);
    memset(info, 'I', sizeof info);
    values[1] = (void *)(uintptr_t)sizeof info;
    values[2] = error;
    values[3] = (void *)(uintptr_t)sizeof error;
    OK(cuModuleLoadDataEx(&m, ".version 7.0\n.target sm_70\n.address_size 64\n", 4, options, values));
    CHECK(!error[0] && !info[0] && !values[1] && !values[3]);
    void *library;
    memset(error, 'E', sizeof error);
    values[3] = (void *)(uintptr_t)sizeof error;
    OK(cuLibraryLoadData(&library, ".version 7.0\n.target sm_70\n.address_size 64\n", options, values, 4, 0, 0, 0));
    CHECK(!error[0] && !values[3]);
}

/* Loads a module with kernels that no GPU knows and launches one of them; what stderr was told meanwhile. */
static CUresult launch_unknown(const char *name, char *text, size_t room)
{
    CUmodule m;
    CUfunction good, f;
    char *buffer = 0;
    size_t size = 0;
    text[0] = 0;
    CUresult r = cuModuleLoadData(&m, ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry good() { ret; }\n"
                                      ".visible .entry f()\n{ frobnicate.u32 1; ret; }\n"
                                      ".visible .entry g()\n{ frobnicate.u32 2; ret; }\n");
    if (r) return r;
    if (cuModuleGetFunction(&good, m, "good") || cuModuleGetFunction(&f, m, name)) return SUCCESS;
    if (cuLaunchKernel(good, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0) || cuCtxSynchronize()) return SUCCESS;
    FILE *memory = open_memstream(&buffer, &size), *saved = stderr;
    stderr = memory;
    r = cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
    if (!r) r = cuCtxSynchronize();
    stderr = saved;
    fflush(memory);
    snprintf(text, room, "%s", buffer);
    return r;
}

/* A module may hold kernels that this GPU cannot run, as long as the program does not launch them. */
static void an_instruction_that_the_gpu_does_not_know_fails_only_its_kernel(void)
{
    char text[512];
    OK(begin());
    EXPECT(INVALID_PTX, launch_unknown("f", text, sizeof text));
}

static void an_instruction_that_the_gpu_does_not_know_is_named_on_stderr_once(void)
{
    char text[512];
    OK(begin());
    EXPECT(INVALID_PTX, launch_unknown("f", text, sizeof text));
    if (strcmp(text, "bitfusion: kernel f cannot run on this GPU: line 6: instruction frobnicate.u32 is not supported\n"))
        FAIL("stderr held: %.400s", text);
    OK(cuDevicePrimaryCtxReset_v2(0));
    OK(begin());
    EXPECT(INVALID_PTX, launch_unknown("g", text, sizeof text));
    if (text[0]) FAIL("stderr was told again: %.400s", text);
}

static void a_missing_function_is_not_found(void)
{
    OK(begin());
    CUfunction f;
    EXPECT(NOT_FOUND, kernel(&f, "no_such_kernel"));
}

static void memory_past_the_limit_is_refused_and_the_program_goes_on(void)
{
    OK(begin());
    size_t free_bytes, total;
    CUdeviceptr p;
    OK(cuMemGetInfo_v2(&free_bytes, &total));
    CHECK(free_bytes <= total && free_bytes > 0);
    EXPECT(OUT_OF_MEMORY, cuMemAlloc_v2(&p, total + 1));
    EXPECT(OUT_OF_MEMORY, cuMemAllocAsync(&p, total + 1, 0));
    EXPECT(OUT_OF_MEMORY, cuMemAlloc_v2(&p, SIZE_MAX));
    EXPECT(OUT_OF_MEMORY, cuMemAllocAsync(&p, SIZE_MAX, 0));
    size_t pitch;
    EXPECT(OUT_OF_MEMORY, cuMemAllocPitch_v2(&p, &pitch, 1 << 20, total >> 19, 4));
    OK(cuMemAlloc_v2(&p, free_bytes / 2));
    EXPECT(OUT_OF_MEMORY, cuMemAlloc_v2(&p, free_bytes * 3 / 4));
    OK(cuCtxSynchronize());
}

static void what_is_not_carried_answers_zero(void)
{
    OK(begin());
    int value;
    const int zero[] = {DEVICE_CAN_MAP_HOST_MEMORY,       DEVICE_MANAGED_MEMORY,
                        DEVICE_PAGEABLE_MEMORY_ACCESS,    DEVICE_CONCURRENT_MANAGED_ACCESS,
                        DEVICE_VIRTUAL_MEMORY_MANAGEMENT, 92 /* stream memory operations */,
                        100 /* pageable uses host page tables */};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++) {
        value = -1;
        OK(cuDeviceGetAttribute(&value, zero[i], 0));
        if (value) FAIL("attribute %d answers %d", zero[i], value);
    }
    OK(cuDeviceGetAttribute(&value, DEVICE_UNIFIED_ADDRESSING, 0));
    CHECK(value == 1);
}

static void visible_devices_are_honoured(void)
{
    int count = -1;
    unsigned char all[2][16], one[16];
    (void)all;
    setenv("CUDA_VISIBLE_DEVICES", "1", 1);
    OK(cuInit(0));
    OK(cuDeviceGetCount(&count));
    CHECK(count == 1);
    OK(cuDeviceGetUuid_v2(one, 0));
    EXPECT(INVALID_DEVICE, cuDeviceGetUuid_v2(one, 1));
}

static void no_visible_device_is_no_device(void)
{
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    EXPECT(NO_DEVICE, cuInit(0));
}

static void devices_can_be_ordered_by_pci_bus_id(void)
{
    int count, last = -1, bus;
    setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 1);
    OK(cuInit(0));
    OK(cuDeviceGetCount(&count));
    CHECK(count >= 2);
    for (int i = 0; i < count; i++, last = bus) {
        OK(cuDeviceGetAttribute(&bus, DEVICE_PCI_BUS_ID, i));
        CHECK(bus > last);
    }
}

static void launch_blocking_reports_the_fault_at_the_launch(void)
{
    setenv("CUDA_LAUNCH_BLOCKING", "1", 1);
    OK(begin());
    EXPECT(ILLEGAL_ADDRESS, launch_poke(0, 1));
}

static void calls_before_init_say_so(void)
{
    int count;
    EXPECT(NOT_INITIALIZED, cuDeviceGetCount(&count));
    CUdeviceptr p;
    EXPECT(NOT_INITIALIZED, cuMemAlloc_v2(&p, 16));
}

static void an_unsupported_function_says_so(void)
{
    OK(begin());
    extern CUresult cuGraphCreate(void **graph, unsigned flags);
    void *graph;
    EXPECT(NOT_SUPPORTED, cuGraphCreate(&graph, 0));
}

int main(int argc, char **argv)
{
#define T(name) {#name, name}
    static const struct test tests[] = {T(bad_handles_are_refused_by_the_call),
                                        T(null_pointers_are_refused_by_the_call),
                                        T(launch_dimensions_are_checked_by_the_launch),
                                        T(a_function_s_own_thread_limit_is_checked_by_the_launch),
                                        T(dynamic_shared_memory_beyond_48_kib_needs_the_attribute),
                                        T(copies_outside_an_allocation_are_refused_by_the_call),
                                        T(an_execution_error_is_deferred_and_sticky),
                                        T(a_wild_address_is_illegal),
                                        T(a_null_address_is_illegal),
                                        T(a_misaligned_address_is_named),
                                        T(a_trap_is_a_launch_failure_and_the_first_error_wins),
                                        T(a_failed_assertion_says_so_on_stderr_and_ends_the_context),
                                        T(a_kernel_that_is_given_host_memory_says_so_on_stderr_once),
                                        T(a_reset_of_the_primary_context_clears_a_sticky_error),
                                        T(broken_ptx_is_refused_by_the_load),
                                        T(ptx_of_a_later_toolkit_is_refused_only_for_what_is_new),
                                        T(the_logs_of_a_load_are_filled),
                                        T(an_instruction_that_the_gpu_does_not_know_fails_only_its_kernel),
                                        T(an_instruction_that_the_gpu_does_not_know_is_named_on_stderr_once),
                                        T(a_missing_function_is_not_found),
                                        T(memory_past_the_limit_is_refused_and_the_program_goes_on),
                                        T(what_is_not_carried_answers_zero),
                                        T(visible_devices_are_honoured),
                                        T(no_visible_device_is_no_device),
                                        T(devices_can_be_ordered_by_pci_bus_id),
                                        T(launch_blocking_reports_the_fault_at_the_launch),
                                        T(calls_before_init_say_so),
                                        T(an_unsupported_function_says_so),
                                        {0, 0}};
    return run_tests(tests, argc, argv);
}
