#include "transport/incoming.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "streams/host_functions.h"
#include "streams/progress.h"
#include "program/log.h"
#include "program/output.h"
#include "copies/reads.h"
#include "program/ranks.h"

enum {
    FOR_THE_USER = 0, /* a level of the worker's log */
    MOST_LINES = 16   /* of those, in a program's life */
};

static void print(const struct bf_frame *frame, const uint8_t *body)
{
    struct bf_printf_output m;
    if (bf_printf_output_read(body, frame->length, &m))
        bf_output_queue(BF_OUTPUT_PRINTED, m.text.data, m.text.bytes);
}

static void say_failure(const struct bf_frame *frame, const uint8_t *body)
{
    struct bf_stderr_output m;
    if (bf_stderr_output_read(body, frame->length, &m))
        bf_output_queue(BF_OUTPUT_ASSERTED, m.text.data, m.text.bytes);
}

/* Of the several workers of a program each says the same; a server that never stops is not heard for ever. */
static void say_once(const struct bf_log *m)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char said[512];
    static int lines;
    char text[sizeof said];
    snprintf(text, sizeof text, "%.*s", (int)m->text.bytes, (const char *)m->text.data);
    for (char *c = text; *c; c++) {
        if (iscntrl((unsigned char)*c))
            *c = ' ';
    }
    bf_lock(&lock, BF_LEAF);
    bool is_new = strcmp(text, said) != 0 && lines < MOST_LINES;
    lines += is_new;
    strcpy(said, text);
    bf_unlock(&lock, BF_LEAF);
    if (is_new)
        bf_say("%s", text);
}

static void log_line(const struct bf_frame *frame, const uint8_t *body)
{
    struct bf_log m;
    if (!bf_log_read(body, frame->length, &m))
        return;
    if (m.level == FOR_THE_USER) {
        say_once(&m);
    } else {
        enum bf_log_level level = m.level >= BF_LOG_ERROR && m.level <= BF_LOG_INFORMATION
                                      ? (enum bf_log_level)m.level
                                      : BF_LOG_INFORMATION;
        bf_log(level, "worker: %.*s", (int)m.text.bytes, (const char *)m.text.data);
    }
}

void bf_incoming(struct bf_connection *c, const struct bf_frame *frame, const uint8_t *body)
{
    struct bf_mem_read_done done;
    struct bf_host_function_run run;
    switch (frame->call) {
    case BF_CALL_PRINTF_OUTPUT:
        print(frame, body);
        break;
    case BF_CALL_STDERR_OUTPUT:
        say_failure(frame, body);
        break;
    case BF_CALL_LOG:
        log_line(frame, body);
        break;
    case BF_CALL_MEM_READ_DONE:
        if (bf_mem_read_done_read(body, frame->length, &done))
            bf_read_landed(done.ticket, (CUresult)done.status);
        break;
    case BF_CALL_STREAM_REACHED:
        bf_progress_arrived(body, frame->length);
        break;
    case BF_CALL_HOST_FUNCTION_RUN:
        if (bf_host_function_run_read(body, frame->length, &run))
            bf_host_function_due(c, run.id, (CUresult)run.status);
        break;
    default:
        bf_log(BF_LOG_WARNING, "a message that this client does not know (call %u)", frame->call);
    }
}

void bf_incoming_end(struct bf_connection *c)
{
    bf_reads_end(c);
    bf_host_functions_end(c);
}
