// usage: forms [--dump FOLDER | --check FOLDER] [FORM ...]
// Runs each PTX instruction form (or those named) and prints a line for each; exit code 1 if one failed.
// --dump writes the kernels, their input and launches (N.ptx, N.in, N.launch: form, blocks, threads, bytes of output) to a folder
// instead of running them, and --check judges what somebody else made of them (N.out, or N.status with the driver's error).
#include "forms.h"

#include "../driver/driver.h"

static const char *dump, *judged;
static char **wanted;
static int wanted_count, passed_count, failed_count, kernel_count;

bool selected(const char *form)
{
    for (int i = 0; i < wanted_count; i++)
        if (!strcmp(wanted[i], form)) return true;
    return wanted_count == 0;
}

void report(const char *form, const char *failure)
{
    if (failure && failure[0]) {
        printf("FAILED %s: %s\n", form, failure);
        failed_count++;
    } else {
        printf("PASSED %s\n", form);
        passed_count++;
    }
}

void add(struct text *text, const char *format, ...)
{
    for (;;) {
        va_list arguments;
        va_start(arguments, format);
        size_t left = text->room - text->length;
        int length = vsnprintf(text->bytes ? text->bytes + text->length : NULL, left, format, arguments);
        va_end(arguments);
        if (length >= 0 && (size_t)length < left) {
            text->length += (size_t)length;
            return;
        }
        text->room = text->room * 2 + 4096;
        text->bytes = realloc(text->bytes, text->room);
        if (!text->bytes) fail("no memory");
    }
}

void add_header(struct text *text)
{
    add(text, ".version 7.8\n.target sm_80\n.address_size 64\n");
}

static FILE *open_in(const char *folder, const char *ending, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%04d.%s", folder, kernel_count, ending);
    FILE *file = fopen(path, mode);
    if (!file && mode[0] == 'w') fail("cannot write %s", path);
    return file;
}

static int dump_kernel(const char *form, const char *ptx, unsigned blocks, unsigned threads, const void *in, size_t in_bytes,
                       size_t out_bytes)
{
    FILE *text = open_in(dump, "ptx", "w"), *input = open_in(dump, "in", "wb"), *launch = open_in(dump, "launch", "w");
    fputs(ptx, text);
    fwrite(in, 1, in_bytes, input);
    fprintf(launch, "%s %u %u %zu\n", form, blocks, threads, out_bytes);
    if (fclose(text) || fclose(input) || fclose(launch)) fail("cannot write to %s", dump);
    return -1;
}

static int judge_kernel(void *out, size_t out_bytes)
{
    int status = 0;
    FILE *output = open_in(judged, "out", "rb"), *error = open_in(judged, "status", "r");
    if (error && fscanf(error, "%d", &status) != 1) fail("no number in a status file");
    if (!error && (!output || fread(out, 1, out_bytes, output) != out_bytes)) status = 999;
    if (output) fclose(output);
    if (error) fclose(error);
    return status;
}

int run_kernel(const char *form, const char *ptx, unsigned blocks, unsigned threads, const void *in, size_t in_bytes,
               void *out, size_t out_bytes)
{
    CUmodule module = NULL;
    CUfunction test;
    CUdeviceptr din = 0, dout = 0;
    kernel_count++;
    if (dump) return dump_kernel(form, ptx, blocks, threads, in, in_bytes, out_bytes);
    if (judged) return judge_kernel(out, out_bytes);
    int status = cu.module_load(&module, ptx);
    if (!status) status = cu.module_function(&test, module, "test");
    if (!status) status = cu.memory_alloc(&din, in_bytes + 16);
    if (!status) status = cu.memory_alloc(&dout, out_bytes);
    if (!status) status = cu.copy_to_device(din, in, in_bytes);
    if (!status) status = cu.memory_set(dout, 0xee, out_bytes);
    unsigned char area[64] = {0}; /* for kernels with a third parameter: the first bytes of the input */
    memcpy(area, in, in_bytes < sizeof area ? in_bytes : sizeof area);
    void *parameters[] = {&din, &dout, area};
    if (!status) status = cu.launch(test, blocks, 1, 1, threads, 1, 1, 0, NULL, parameters, NULL);
    if (!status) status = cu.copy_to_host(out, dout, out_bytes);
    if (din) cu.memory_free(din);
    if (dout) cu.memory_free(dout);
    if (module) cu.module_unload(module);
    return status;
}

int main(int argc, char **argv)
{
    CUcontext context;
    int first = 1;
    if (argc > 2 && !strcmp(argv[1], "--dump")) {
        dump = argv[2];
        first = 3;
    } else if (argc > 2 && !strcmp(argv[1], "--check")) {
        judged = argv[2];
        first = 3;
    }
    wanted = argv + first;
    wanted_count = argc - first;
    if (!dump && !judged) {
        driver_start();
        CHECK(cu.context_create(&context, 0, 0));
    }
    test_values();
    test_memory();
    test_atomics();
    test_warps();
    test_control();
    if (dump) printf("%d kernels\n", kernel_count);
    else printf("%d passed, %d failed\n", passed_count, failed_count);
    if (!dump && failed_count == 0) puts("PASSED");
    return failed_count > 0;
}
