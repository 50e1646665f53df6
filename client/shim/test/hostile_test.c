/* A server that says what no server should: how much of the program's memory it gets, and where. */
#include "contexts/devices.h"
#include "memory/allocations.h"
#include "program/log.h"
#include "program/output.h"
#include "program/threads.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

struct bf_state bf_state;

static int ended; /* connections */

void bf_log(enum bf_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

void bf_connection_end(struct bf_connection *connection, const char *why)
{
    (void)why;
    ended += connection != NULL;
}

struct bf_thread *bf_thread_self(void)
{
    static struct bf_thread self;
    return &self;
}

static void what_kernels_print_is_bounded(void)
{
    enum { PIECE = 1 << 20, PIECES = 300 };
    static char text[PIECE];
    char name[] = "/tmp/hostileXXXXXX";
    struct stat written;
    memset(text, 'x', sizeof text);
    text[0] = 'b';
    int file = mkstemp(name), before = dup(STDOUT_FILENO);
    CHECK(file >= 0 && !unlink(name));
    for (int i = 0; i < PIECES; i++)
        bf_output_queue(BF_OUTPUT_PRINTED, text, sizeof text);
    fflush(stdout);
    CHECK(dup2(file, STDOUT_FILENO) >= 0);
    bf_output_write();
    fflush(stdout);
    CHECK(dup2(before, STDOUT_FILENO) >= 0 && !close(before));
    CHECK(!fstat(file, &written));
    CHECK(written.st_size >= 32 * PIECE && written.st_size <= 64 * PIECE);
    CHECK(pread(file, text, 2, 0) == 2 && text[0] == 'b');
    /* and what is said after it has been written is heard */
    CHECK(dup2(file, STDOUT_FILENO) >= 0);
    bf_output_queue(BF_OUTPUT_PRINTED, "end", 3);
    bf_output_write();
    fflush(stdout);
    off_t size = written.st_size;
    CHECK(!fstat(file, &written) && written.st_size == size + 3);
    close(file);
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static uint8_t *put_u64(uint8_t *at, uint64_t value)
{
    return put(at, &value, sizeof value);
}

/* A body of session.devices with one device that has this slice. */
static size_t devices(uint8_t *body, uint64_t base, uint64_t bytes)
{
    const uint32_t version = 13000, one = 1, none = 0;
    const uint16_t length = 1;
    uint8_t uuid[16] = {0}, *at = body;
    at = put(at, &version, sizeof version);
    at = put(at, &one, sizeof one);
    at = put(put(at, &length, sizeof length), "G", 1);
    at = put(at, uuid, sizeof uuid);
    at = put_u64(at, 0);
    at = put(at, &none, sizeof none);
    at = put(put(at, &length, sizeof length), "0", 1);
    at = put_u64(at, 1 << 30);
    at = put_u64(put_u64(at, base), bytes);
    at = put_u64(at, 0);
    at = put(at, &none, sizeof none);
    return (size_t)(at - body);
}

enum { WINDOW_BASE = 1 << 30, WINDOW_BYTES = 1 << 28 };

static void a_devices_addresses_are_of_the_window(void)
{
    static const struct {
        uint64_t base, bytes;
        bool good;
    } cases[] = {{WINDOW_BASE, WINDOW_BYTES, true},
                 {WINDOW_BASE + 4096, WINDOW_BYTES - 4096, true},
                 {WINDOW_BASE, WINDOW_BYTES + 1, false},
                 {WINDOW_BASE - 1, WINDOW_BYTES, false},
                 {WINDOW_BASE + WINDOW_BYTES, 1, false},
                 {WINDOW_BASE, 0, false},
                 {0, 0, false},
                 {0, UINT64_MAX, false},
                 {WINDOW_BASE, UINT64_MAX, false},
                 {0x7fff00000000, 1 << 20, false}};
    struct bf_worker worker = {.window_base = WINDOW_BASE, .window_bytes = WINDOW_BYTES};
    uint8_t body[256];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bf_devices_forget();
        CHECK(bf_devices_add(&worker, body, devices(body, cases[i].base, cases[i].bytes)) ==
              cases[i].good);
        bf_devices_choose();
        CHECK(bf_state.device_count == cases[i].good);
        if (bf_state.device_count)
            free(bf_state.devices[0]);
    }
}

static void memory_that_a_server_gives_is_of_the_window(void)
{
    struct bf_worker worker = {.window_base = WINDOW_BASE, .window_bytes = WINDOW_BYTES};
    struct bf_device device = {.worker = &worker};
    struct bf_context context = {.device = &device};
    int on_the_stack = 0;
    struct bf_allocation found, given = {.context = &context};
    const uint64_t bad[][2] = {{(uint64_t)(uintptr_t)&on_the_stack, sizeof on_the_stack},
                               {WINDOW_BASE - 1, 2},
                               {WINDOW_BASE, WINDOW_BYTES + 1ull},
                               {WINDOW_BASE + WINDOW_BYTES - 1, 2},
                               {0, 1},
                               {UINT64_MAX, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        given.base = bad[i][0];
        given.bytes = bad[i][1];
        CHECK(bf_allocation_given(given) == CUDA_ERROR_DEVICE_UNAVAILABLE);
        CHECK(ended == (int)i + 1);
        CHECK(!bf_allocation_find(given.base, &found));
    }
    /* A module's variables lie where the real driver puts them, but never where we have memory. */
    given.kind = BF_GLOBAL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (bad[i][0] - WINDOW_BASE + 1 <= WINDOW_BYTES)
            continue;
        given.base = bad[i][0];
        given.bytes = bad[i][1];
        CHECK(bf_allocation_given(given) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    }
    given.base = 40ull << 40;
    given.bytes = 64;
    CHECK(bf_allocation_given(given) == CUDA_SUCCESS);
    given.kind = BF_PLAIN;
    given.base = WINDOW_BASE + WINDOW_BYTES - 16;
    given.bytes = 16;
    CHECK(bf_allocation_given(given) == CUDA_SUCCESS);
    CHECK(bf_allocation_find(given.base + 15, &found) && found.base == given.base);
}

int main(void)
{
    what_kernels_print_is_bounded();
    a_devices_addresses_are_of_the_window();
    memory_that_a_server_gives_is_of_the_window();
    return checks_failed;
}
