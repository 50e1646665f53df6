#include "streams/progress.h"

#include "streams/holds.h"
#include "program/ranks.h"

static void raise_to(_Atomic uint64_t *value, uint64_t to)
{
    uint64_t now = atomic_load_explicit(value, memory_order_relaxed);
    while (now < to && !atomic_compare_exchange_weak(value, &now, to))
        continue;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t bf_progress_mark(struct bf_context *context)
{
    return atomic_fetch_add(&context->clock, 1) + 1;
}

static void note(const struct bf_stream_use *use, bool work)
{
    uint64_t position = atomic_fetch_add(&use->context->clock, 1) + 1;
    raise_to(&use->progress->submitted, position);
    if (work)
        raise_to(&use->progress->work, position);
    if (use->order == BF_BLOCKING) {
        raise_to(&use->context->blocking.submitted, position);
        if (work)
            raise_to(&use->context->blocking.work, position);
    }
}

void bf_progress_work(const struct bf_stream_use *use)
{
    note(use, true);
}

void bf_progress_write(const struct bf_stream_use *use)
{
    note(use, false);
}

/* CUDA Driver API, "Stream synchronization behavior": the legacy default stream waits for all
 * blocking streams. */
void bf_progress_reached(const struct bf_stream_use *use, uint64_t mark)
{
    raise_to(&use->progress->reached, mark);
    if (use->order == BF_LEGACY)
        raise_to(&use->context->blocking.reached, mark);
}

void bf_progress_context_reached(struct bf_context *context, uint64_t mark)
{
    raise_to(&context->all_reached, mark);
}

/* The position up to which a stream's own work is known to be done. */
static uint64_t known(const struct bf_context *context, const struct bf_progress *progress,
                      enum bf_order order)
{
    uint64_t position = later(atomic_load(&progress->reached), atomic_load(&context->all_reached));
    return order == BF_BLOCKING ? later(position, atomic_load(&context->blocking.reached))
                                : position;
}

static enum bf_order order_of(const struct bf_stream *stream)
{
    return stream->flags & CU_STREAM_NON_BLOCKING ? BF_NON_BLOCKING : BF_BLOCKING;
}

struct survey {
    const struct bf_context *context;
    uint64_t wire;
    bool blocking_only, work_only;
    bool done;
};

static void look_at(void *object, void *argument)
{
    struct bf_stream *stream = object;
    struct survey *survey = argument;
    enum bf_order order = order_of(stream);
    if (stream->context_wire == survey->wire && (order == BF_BLOCKING || !survey->blocking_only))
        survey->done &= atomic_load(survey->work_only ? &stream->progress.work
                                                      : &stream->progress.submitted) <=
                        known(survey->context, &stream->progress, order);
}

/* Looks at each stream of the context. */
static bool streams_done(const struct bf_context *context, bool blocking_only, bool work_only)
{
    struct survey survey = {context, atomic_load(&context->wire), blocking_only, work_only, true};
    survey.done = atomic_load(&context->orphaned) <= atomic_load(&context->all_reached);
    if (survey.done)
        bf_object_each(BF_STREAM, look_at, &survey);
    return survey.done;
}

/* Of the blocking streams, for the legacy one: known together, or one by one. */
static bool blocking_done(const struct bf_context *context, bool work_only)
{
    uint64_t last = atomic_load(work_only ? &context->blocking.work : &context->blocking.submitted);
    return last <= later(atomic_load(&context->blocking.reached),
                         atomic_load(&context->all_reached)) ||
           streams_done(context, true, work_only);
}

bool bf_progress_idle(const struct bf_stream_use *use)
{
    return atomic_load(&use->progress->submitted) <=
               known(use->context, use->progress, use->order) &&
           (use->order != BF_LEGACY || blocking_done(use->context, false));
}

bool bf_progress_quiet(const struct bf_stream_use *use)
{
    return atomic_load(&use->progress->work) <= known(use->context, use->progress, use->order) &&
           (use->order != BF_LEGACY || blocking_done(use->context, true));
}

bool bf_progress_free(const struct bf_stream_use *use)
{
    const struct bf_context *context = use->context;
    return bf_progress_quiet(use) &&
           (use->order != BF_BLOCKING ||
            atomic_load(&context->legacy.work) <= known(context, &context->legacy, BF_LEGACY));
}

bool bf_progress_context_idle(struct bf_context *context)
{
    return atomic_load(&context->legacy.submitted) <=
               known(context, &context->legacy, BF_LEGACY) &&
           streams_done(context, false, false);
}

void bf_progress_orphan(const struct bf_stream *stream)
{
    uint64_t submitted = atomic_load(&stream->progress.submitted);
    if (submitted > known(stream->context, &stream->progress, order_of(stream)))
        raise_to(&stream->context->orphaned, submitted);
}

bool bf_progress_passed(const struct bf_context *context, uint64_t handle, uint64_t position)
{
    const struct bf_stream *stream = bf_object_find(BF_STREAM, handle);
    uint64_t done = atomic_load(&context->all_reached);
    if (stream)
        done = known(context, &stream->progress, order_of(stream));
    else if (handle == atomic_load(&context->wire))
        done = known(context, &context->legacy, BF_LEGACY);
    return position <= done;
}

void bf_progress_look(struct bf_connection *connection)
{
    bf_flush(connection);
    bf_receive_available(connection);
}

/* ---- What the worker says ---- */

static pthread_mutex_t records = PTHREAD_MUTEX_INITIALIZER;

void bf_event_note(struct bf_event *event, uint64_t position, uint64_t stream)
{
    bf_lock(&records, BF_LEAF);
    atomic_store(&event->position, position);
    atomic_store(&event->stream, stream);
    bf_unlock(&records, BF_LEAF);
}

uint64_t bf_event_noted(const struct bf_event *event, uint64_t *stream)
{
    bf_lock(&records, BF_LEAF);
    uint64_t position = atomic_load(&event->position);
    *stream = atomic_load(&event->stream);
    bf_unlock(&records, BF_LEAF);
    return position;
}

static void event_reached(struct bf_event *event, const struct bf_point *m)
{
    if (m->status) {
        raise_to(&event->failed, m->position);
        return;
    }
    uint64_t handle;
    raise_to(&event->reached, m->position);
    if (bf_event_noted(event, &handle) == m->position) {
        struct bf_stream *stream = bf_object_find(BF_STREAM, handle);
        if (stream)
            raise_to(&stream->progress.reached, m->position);
        else if (handle == atomic_load(&event->context->wire))
            raise_to(&event->context->legacy.reached, m->position);
    }
}

static void stream_reached(struct bf_context *context, struct bf_progress *progress,
                           enum bf_order order, const struct bf_point *m)
{
    const struct bf_stream_use use = {.context = context, .progress = progress, .order = order};
    if (m->status)
        atomic_store(&progress->watched, 0); /* the next query asks */
    else
        bf_progress_reached(&use, m->position);
}

static void legacy_reached(void *object, void *argument)
{
    struct bf_context *context = object;
    const struct bf_point *m = argument;
    if (atomic_load(&context->wire) == m->handle)
        stream_reached(context, &context->legacy, BF_LEGACY, m);
}

static void reached(struct bf_point *m)
{
    struct bf_event *event = bf_object_find(BF_EVENT, m->handle);
    struct bf_stream *stream = bf_object_find(BF_STREAM, m->handle);
    bf_hold_event_reached(m->handle, m->position, (CUresult)m->status);
    if (event)
        event_reached(event, m);
    else if (stream)
        stream_reached(stream->context, &stream->progress, order_of(stream), m);
    else
        bf_object_each(BF_CONTEXT, legacy_reached, m);
}

void bf_progress_arrived(const uint8_t *body, size_t bytes)
{
    struct bf_stream_reached m;
    struct bf_point point;
    if (!bf_stream_reached_read(body, bytes, &m))
        return;
    struct bf_reader reader = {m.points.data, m.points.data + m.points.bytes};
    while (bf_point_take(&reader, &point))
        reached(&point);
}
