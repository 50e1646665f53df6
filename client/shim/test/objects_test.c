/* Handles: found while open, and never given twice. */
#include "objects/objects.h"

#include "check.h"

static void a_handle_is_found_until_it_is_closed(void)
{
    struct bf_object *event = bf_object_new(BF_EVENT, 3);
    CHECK(event && !bf_object_find(BF_EVENT, event->handle));
    bf_object_publish(event);
    uint64_t handle = event->handle;
    CHECK(handle >> 56 == 3 && bf_object_find(BF_EVENT, handle) == event);
    CHECK(!bf_object_find(BF_STREAM, handle) && !bf_object_find(BF_EVENT, handle + 1));
    CHECK(!bf_object_find(BF_EVENT, UINT64_MAX) && !bf_object_find(BF_EVENT, 0));
    CHECK(bf_object_close(event) && !bf_object_close(event));
    CHECK(!bf_object_find(BF_EVENT, handle));
    bf_object_release(BF_EVENT, event);
}

/* More handles than one slot has generations. */
static void a_handle_is_never_given_again(void)
{
    uint64_t first = 0, slots = 0;
    const void *last = NULL;
    for (int i = 0; i < (1 << 24) + 100; i++) {
        struct bf_object *event = bf_object_new(BF_EVENT, 0);
        if (!event || event->handle == first || event->handle >> 48 != BF_EVENT) {
            CHECK(!"a fresh handle");
            return;
        }
        if (!first)
            first = event->handle;
        slots += event != last;
        last = event;
        bf_object_release(BF_EVENT, event);
    }
    CHECK(slots == 2); /* the second when the first was used up */
}

int main(void)
{
    a_handle_is_found_until_it_is_closed();
    a_handle_is_never_given_again();
    return checks_failed;
}
