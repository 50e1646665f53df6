// The CUDA driver API as far as these programs need it, loaded at run time: no toolkit, no header, no import library.
#ifndef DRIVER_H
#define DRIVER_H

#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUmemPoolHandle_st *CUmemoryPool;

/* name of the field, exported symbol, parameters */
#define DRIVER_CALLS(X)                                                                            \
    X(init, "cuInit", (unsigned flags))                                                            \
    X(device_count, "cuDeviceGetCount", (int *count))                                              \
    X(device_name, "cuDeviceGetName", (char *name, int length, int device))                        \
    X(device_total_memory, "cuDeviceTotalMem_v2", (size_t *bytes, int device))                     \
    X(context_create, "cuCtxCreate_v2", (CUcontext *context, unsigned flags, int device))          \
    X(context_set_current, "cuCtxSetCurrent", (CUcontext context))                                 \
    X(context_synchronize, "cuCtxSynchronize", (void))                                             \
    X(context_destroy, "cuCtxDestroy_v2", (CUcontext context))                                     \
    X(module_load, "cuModuleLoadData", (CUmodule *module, const void *image))                      \
    X(module_function, "cuModuleGetFunction", (CUfunction *f, CUmodule module, const char *name))  \
    X(module_unload, "cuModuleUnload", (CUmodule module))                                          \
    X(memory_alloc, "cuMemAlloc_v2", (CUdeviceptr *address, size_t bytes))                         \
    X(memory_free, "cuMemFree_v2", (CUdeviceptr address))                                          \
    X(memory_set, "cuMemsetD8_v2", (CUdeviceptr address, unsigned char value, size_t bytes))       \
    X(memory_info, "cuMemGetInfo_v2", (size_t *free_bytes, size_t *total_bytes))                   \
    X(memory_set_async, "cuMemsetD32Async",                                                        \
      (CUdeviceptr address, unsigned value, size_t count, CUstream stream))                        \
    X(stream_create, "cuStreamCreate", (CUstream *stream, unsigned flags))                         \
    X(stream_synchronize, "cuStreamSynchronize", (CUstream stream))                                \
    X(copy_to_device, "cuMemcpyHtoD_v2", (CUdeviceptr to, const void *from, size_t bytes))         \
    X(copy_to_host, "cuMemcpyDtoH_v2", (void *to, CUdeviceptr from, size_t bytes))                 \
    X(copy_to_host_async, "cuMemcpyDtoHAsync_v2",                                                  \
      (void *to, CUdeviceptr from, size_t bytes, CUstream stream))                                 \
    X(event_create, "cuEventCreate", (CUevent *event, unsigned flags))                             \
    X(event_record, "cuEventRecord", (CUevent event, CUstream stream))                             \
    X(event_query, "cuEventQuery", (CUevent event))                                                \
    X(pool_default, "cuDeviceGetDefaultMemPool", (CUmemoryPool *pool, int device))                 \
    X(pool_attribute, "cuMemPoolGetAttribute", (CUmemoryPool pool, int attribute, void *value))    \
    X(copy_peer, "cuMemcpyPeer",                                                                   \
      (CUdeviceptr to, CUcontext to_context, CUdeviceptr from, CUcontext from_context,             \
       size_t bytes))                                                                              \
    X(launch, "cuLaunchKernel",                                                                    \
      (CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, \
       unsigned shared, CUstream stream, void **parameters, void **extra))                         \
    X(error_name, "cuGetErrorName", (int error, const char **name))

#define DRIVER_FIELD(field, symbol, parameters) int(*field) parameters;
static struct {
    DRIVER_CALLS(DRIVER_FIELD)
} cu;

/* Ends the program with its verdict. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void fail(const char *format, ...)
{
    va_list arguments;
    printf("FAILED: ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    puts("");
    exit(1);
}

#define CHECK(call)                                                                                \
    do {                                                                                           \
        int status_ = (call);                                                                      \
        const char *name_ = "?";                                                                   \
        if (status_ != 0) {                                                                        \
            cu.error_name(status_, &name_);                                                        \
            fail("%s: %s (%d)", #call, name_, status_);                                            \
        }                                                                                          \
    } while (0)

static inline void *driver_symbol(void *library, const char *name)
{
    void *symbol = dlsym(library, name);
    if (!symbol) fail("libcuda.so.1 has no %s", name);
    return symbol;
}

/* Loads libcuda.so.1 and initialises it; the number of devices. */
static inline int driver_start(void)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
    int count = 0;
    if (!library) fail("%s", dlerror());
#define DRIVER_LOAD(field, symbol, parameters)                                                     \
    *(void **)&cu.field = driver_symbol(library, symbol);
    DRIVER_CALLS(DRIVER_LOAD)
    CHECK(cu.init(0));
    CHECK(cu.device_count(&count));
    if (count < 1) fail("no device");
    return count;
}

/* The text of a file that lies beside the program. */
static inline char *read_beside(const char *program, const char *name)
{
    const char *slash = strrchr(program, '/');
    int folder = slash ? (int)(slash - program) + 1 : 0;
    char path[4096];
    snprintf(path, sizeof path, "%.*s%s", folder, program, name);
    FILE *file = fopen(path, "rb");
    if (!file) fail("cannot read %s", path);
    size_t room = 1 << 20;
    char *text = malloc(room);
    if (!text) fail("no memory");
    size_t length = fread(text, 1, room - 1, file);
    text[length] = 0;
    fclose(file);
    return text;
}

static inline void *allocate(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory) fail("no memory");
    return memory;
}

/* The same numbers everywhere: between -1 and 1. */
static inline float random_float(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(int32_t)(*state & 0xffffff00u) * 0x1p-31f;
}

#endif
