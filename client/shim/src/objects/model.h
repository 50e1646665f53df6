/* What the library knows: workers, devices, and the objects that the program holds handles of. */
#ifndef BF_MODEL_H
#define BF_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bf_cuda_types.h"
#include "bf_messages.h"
#include "transport/connection.h"
#include "transport/ways.h"
#include "objects/objects.h"

enum { BF_MAX_WORKERS = 16, BF_ATTRIBUTES = 256, BF_FUNCTION_ATTRIBUTES = 32, BF_LIMITS = 16 };

/* A server's word on what images its devices take, in the snapshot beside CUDA's attributes: bit 0
 * PTX, bit 1 SASS. */
enum { BF_ATTRIBUTE_IMAGE_KINDS = 0x42460001, BF_IMAGES_PTX = 1, BF_IMAGES_SASS = 2 };

struct bf_worker {
    unsigned index;
    char name[280]; /* host:port, for messages */
    struct bf_connection connection;
    struct bf_ways ways; /* to its data port; once it is connected the keeper's */
    bool unprobed;       /* it knows no probes */
    uint8_t session[16], session_secret[16];
    bool tls; /* the session's connections are */
    int hurry; /* milliseconds for each step of reaching it; 0: as long as that mostly takes */
    uint64_t window_base, window_bytes;
    uint32_t version; /* of the protocol, as it was chosen */
    int driver_version;
    _Atomic unsigned via[BF_MAX_WORKERS]; /* which of that worker's addresses copies to it take */
    _Atomic unsigned breaks[BF_MAX_WORKERS]; /* copies to that address that did not get there */
    _Atomic bool met[BF_MAX_WORKERS];        /* one did */
};

struct bf_device {
    struct bf_worker *worker;
    uint32_t index; /* at the worker */
    char name[257];
    char pci_bus_id[65];
    uint8_t uuid[16];
    uint64_t luid;
    uint32_t node_mask;
    uint64_t total_bytes;
    uint64_t peers;
    uint32_t image_kinds;
    int32_t attributes[BF_ATTRIBUTES];
    struct bf_context *primary; /* made with the first use, for ever */
    _Atomic uint64_t pool;      /* handle of the current pool, 0: the default one */
    _Atomic uint64_t default_pool;
};

struct bf_local_value { /* the context-local storage of cudart */
    void *key, *value;
    void (*destructor)(CUcontext context, void *key, void *value);
    struct bf_local_value *next;
};

/* How far a stream is, as positions on its context's clock (streams/progress.h). */
struct bf_progress {
    _Atomic uint64_t submitted; /* everything ... */
    _Atomic uint64_t work;      /* ... but mere copies from the host: what was sent last */
    _Atomic uint64_t reached;   /* everything up to here is known to be done */
    _Atomic uint64_t watched;   /* the worker will say when this is reached */
};

struct bf_context {
    struct bf_object object; /* a primary context's handle stays the same for ever */
    struct bf_device *device;
    _Atomic uint64_t wire; /* what the worker knows it by; 0: not active. A reset of the primary
                              context gives it a new one. */
    unsigned flags;
    unsigned references; /* of the primary context */
    unsigned api_version;
    bool primary;
    uint64_t id;
    _Atomic int sticky; /* the error that ended it */
    _Atomic int untold; /* the failure of something put off here, until a synchronising call tells it */
    CUfunc_cache cache;
    CUsharedconfig banks;
    struct bf_local_value *locals;
    uint64_t aside, aside_wire; /* the library's own stream in it, and the wire it belongs to */
    _Atomic uint64_t clock;
    struct bf_progress legacy;    /* its default stream's */
    struct bf_progress blocking;  /* of all its blocking streams together */
    _Atomic uint64_t all_reached; /* all its streams */
    _Atomic uint64_t orphaned;    /* the last that a stream had when it was destroyed */
    _Atomic uint64_t peers[64]; /* handles of contexts whose memory it may use */
};

struct bf_stream {
    struct bf_object object;
    struct bf_context *context;
    uint64_t context_wire;
    unsigned flags;
    int priority;
    bool per_thread;
    struct bf_progress progress;
};

struct bf_event {
    struct bf_object object;
    struct bf_context *context;
    uint64_t context_wire;
    unsigned flags;
    _Atomic uint64_t position;        /* of its latest record, 0: none */
    _Atomic uint64_t stream;          /* that it was recorded in */
    _Atomic uint64_t reached, failed; /* the latest record of which the worker has said so */
};

struct bf_pool {
    struct bf_object object;
    struct bf_device *device;
    bool is_default;
    _Atomic unsigned access[64]; /* flags of other devices, by ordinal */
};

struct bf_landing;

struct bf_ticket {
    struct bf_object object;
    char *destination;
    struct bf_region region;
    uint64_t total;
    uintptr_t low, high; /* the host bytes that it writes lie in here */
    struct bf_connection *connection;
    struct bf_context *context;
    struct bf_landing *landing; /* of the library's own, which waits for it */
    _Atomic bool fault;
    bool asynchronous;
};

struct bf_image;
struct bf_kernel_layout;

struct bf_module {
    struct bf_object object;
    struct bf_context *context;
    uint64_t context_wire;
    struct bf_image *image;
    struct bf_library *library; /* NULL: the program loaded it by itself */
    pthread_mutex_t lock;
    struct bf_function **functions; /* in the order of the image's kernels; NULL: none asked for */
    struct bf_module *next; /* of the same library */
};

struct bf_function {
    struct bf_object object;
    struct bf_module *module;
    const char *name; /* in the module's image */
    const struct bf_kernel_layout *layout;
    _Atomic bool attributes_known;
    int attributes[BF_FUNCTION_ATTRIBUTES];
    int max_dynamic_shared; /* as set; -1: not set */
    _Atomic unsigned settings; /* counts what the program has set of it: occupancy depends on that */
    CUfunc_cache cache;
    struct bf_launch_state *old_style; /* cuFuncSetBlockShape and its like */
};

struct bf_library_image;

struct bf_kernel_names {
    struct bf_kernel **slots;
    size_t capacity, count;
};

struct bf_library {
    struct bf_object object;
    pthread_mutex_t lock;
    const void *code; /* NULL: gone, all that may be had of it is decoded */
    void *copy;       /* of the code, unless it is preserved */
    struct bf_library_image *images; /* decoded, one for each kind of device */
    _Atomic(struct bf_module *) modules;
    struct bf_kernel_names kernels;
};

struct bf_kernel {
    struct bf_object object;
    struct bf_library *library;
    char *name;
    _Atomic uint64_t function; /* of the context that used it last */
    _Atomic uint64_t function_context;
};

#endif
