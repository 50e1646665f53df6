#include "copies/between.h"

#include <stdlib.h>

#include "copies/direct.h"
#include "copies/late.h"
#include "copies/reads.h"
#include "streams/holds.h"
#include "streams/progress.h"

/* So much is under way that a link of 1 Gbit/s and 100 ms stays full. */
enum { PIECE_BYTES = 1 << 20, PIECES = 16 };

/* A box of the copy that is read from one worker, then written to the other. */
struct piece {
    struct bf_landing landing;
    CUdeviceptr destination;
    struct bf_region to, host;
    char *bytes;
    bool under_way;
};

struct copy {
    struct bf_stream_use out, in;
    struct bf_place to, from;
    struct piece pieces[PIECES];
    unsigned next; /* the piece to use next, the oldest that is under way */
};

/* Waits until the piece has come, and sends it on. */
static CUresult pass_on(struct copy *copy, struct piece *piece)
{
    if (!piece->under_way)
        return CUDA_SUCCESS;
    CUresult status = bf_landing_wait(copy->out.connection, &piece->landing);
    piece->under_way = false;
    if (status == CUDA_SUCCESS) {
        status = bf_write_region(&copy->in, piece->destination, &piece->to, piece->bytes,
                                 &piece->host);
        bf_progress_work(&copy->in);
    }
    return status;
}

/* Asks for rows [y, y + rows) of slice z, bytes [x, x + width) of each. */
static CUresult ask_for(struct copy *copy, size_t x, size_t width, size_t y, size_t rows, size_t z)
{
    struct piece *piece = &copy->pieces[copy->next++ % PIECES];
    CUresult status = pass_on(copy, piece);
    if (status != CUDA_SUCCESS)
        return status;
    const struct bf_place *to = &copy->to, *from = &copy->from;
    struct bf_region source = {width, rows, 1, from->pitch, from->pitch * rows};
    piece->to = (struct bf_region){width, rows, 1, to->pitch, to->pitch * rows};
    piece->host = (struct bf_region){width, rows, 1, width, width * rows};
    piece->destination = to->address + z * to->slice_pitch + y * to->pitch + x;
    status = bf_read_landing(&copy->out, piece->bytes, &piece->host,
                             from->address + z * from->slice_pitch + y * from->pitch + x, &source,
                             &piece->landing);
    piece->under_way = status == CUDA_SUCCESS;
    return status;
}

static CUresult copy_all(struct copy *copy, struct bf_extent e)
{
    CUresult status = CUDA_SUCCESS;
    size_t width = e.width < PIECE_BYTES ? e.width : PIECE_BYTES;
    size_t most_rows = e.width < PIECE_BYTES ? PIECE_BYTES / e.width : 1;
    for (size_t z = 0; z < e.depth; z++) {
        for (size_t y = 0; y < e.height; y += most_rows) {
            size_t rows = e.height - y < most_rows ? e.height - y : most_rows;
            for (size_t x = 0; x < e.width && status == CUDA_SUCCESS; x += width)
                status =
                    ask_for(copy, x, e.width - x < width ? e.width - x : width, y, rows, z);
        }
    }
    for (unsigned i = 0; i < PIECES; i++) {
        CUresult passed = pass_on(copy, &copy->pieces[(copy->next + i) % PIECES]);
        status = status == CUDA_SUCCESS ? passed : status;
    }
    return status;
}

/* A box that lies in one piece on both sides is one row. */
static struct bf_extent flattened(struct bf_place to, struct bf_place from, struct bf_extent e)
{
    size_t slice = e.width * e.height;
    bool rows = to.pitch == e.width && from.pitch == e.width;
    bool slices = e.depth == 1 || (to.slice_pitch == slice && from.slice_pitch == slice);
    return rows && slices ? (struct bf_extent){slice * e.depth, 1, 1} : e;
}

static CUresult through_here(struct bf_stream_use out, struct bf_stream_use in, struct bf_place to,
                             struct bf_place from, struct bf_extent extent)
{
    struct copy *copy = calloc(1, sizeof *copy);
    char *memory = malloc((size_t)PIECES * PIECE_BYTES);
    CUresult status = CUDA_ERROR_OUT_OF_MEMORY;
    if (copy && memory) {
        copy->out = out;
        copy->in = in;
        copy->to = to;
        copy->from = from;
        for (unsigned i = 0; i < PIECES; i++)
            copy->pieces[i].bytes = memory + (size_t)i * PIECE_BYTES;
        status = copy_all(copy, flattened(to, from, extent));
    }
    /* A thread may still receive into it when its connection ends: then it is not given back. */
    if (!atomic_load(&out.connection->dead)) {
        free(memory);
        free(copy);
    }
    return status;
}

/* What may be done when the stream comes to it. */
struct task {
    struct bf_place to, from;
    struct bf_context *to_context, *from_context;
    uint64_t to_wire, from_wire; /* of the contexts: they may have ended */
    struct bf_extent extent;
};

/* By streams that nothing of the program stands in; complete when it returns. */
static CUresult copy_now(const void *what)
{
    const struct task *t = what;
    struct bf_stream_use out, in;
    if (atomic_load(&t->to_context->wire) != t->to_wire ||
        atomic_load(&t->from_context->wire) != t->from_wire)
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    CUresult status = bf_stream_aside(t->from_context, &out);
    if (status == CUDA_SUCCESS)
        status = bf_stream_aside(t->to_context, &in);
    if (status != CUDA_SUCCESS)
        return status;
    struct bf_region source = bf_region_of(t->from, t->extent);
    struct bf_region destination = bf_region_of(t->to, t->extent);
    if (!bf_copy_directly(&out, &in, t->to.address, &destination, t->from.address, &source, &status))
        status = through_here(out, in, t->to, t->from, t->extent);
    return status == CUDA_SUCCESS ? bf_stream_await(&in) : status; /* tells a fault there */
}

static CUresult put_off(const struct bf_stream_use *use, const struct task *task)
{
    const struct bf_range touches[2] = {
        {task->to.address, task->to.address + bf_span(task->to, task->extent)},
        {task->from.address, task->from.address + bf_span(task->from, task->extent)}};
    return bf_late(use, copy_now, task, sizeof *task, touches, false);
}

CUresult bf_copy_between(const struct bf_stream_use *use, struct bf_place to,
                         struct bf_context *to_context, struct bf_place from,
                         struct bf_context *from_context, struct bf_extent extent, bool asynchronous)
{
    struct task task = {to, from, to_context, from_context, atomic_load(&to_context->wire),
                        atomic_load(&from_context->wire), extent};
    struct bf_stream_use ends[2];
    int count = use->order == BF_LEGACY ? bf_default_streams(use, to_context, from_context, ends) : 0;
    CUresult status = asynchronous ? CUDA_SUCCESS : bf_stream_synchronize(use);
    for (int i = 0; i < count && status == CUDA_SUCCESS; i++)
        status = asynchronous ? bf_stream_follow(use, &ends[i]) : bf_stream_synchronize(&ends[i]);
    if (status == CUDA_SUCCESS)
        status = asynchronous ? put_off(use, &task) : copy_now(&task);
    for (int i = 0; i < count && status == CUDA_SUCCESS && asynchronous; i++)
        status = bf_stream_follow(&ends[i], use);
    return status;
}
