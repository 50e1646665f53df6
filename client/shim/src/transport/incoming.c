#include "transport/incoming.h"

#include "streams/host_functions.h"
#include "streams/progress.h"
#include "program/log.h"
#include "program/output.h"
#include "copies/reads.h"

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

static void log_line(const struct bf_frame *frame, const uint8_t *body)
{
    struct bf_log m;
    if (bf_log_read(body, frame->length, &m)) {
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
