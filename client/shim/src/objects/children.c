#include "objects/children.h"

#include "objects/model.h"
#include "modules/modules.h"

static void end_stream(void *object, void *wire)
{
    struct bf_stream *stream = object;
    if (stream->context_wire == *(uint64_t *)wire && bf_object_close(stream))
        bf_object_release(BF_STREAM, stream);
}

static void end_event(void *object, void *wire)
{
    struct bf_event *event = object;
    if (event->context_wire == *(uint64_t *)wire && bf_object_close(event))
        bf_object_release(BF_EVENT, event);
}

static void end_module(void *object, void *wire)
{
    struct bf_module *module = object;
    if (module->context_wire == *(uint64_t *)wire)
        bf_module_forget(module);
}

void bf_children_end(uint64_t context_wire)
{
    bf_object_each(BF_STREAM, end_stream, &context_wire);
    bf_object_each(BF_EVENT, end_event, &context_wire);
    bf_object_each(BF_MODULE, end_module, &context_wire);
}
