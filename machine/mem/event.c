/* The event queue, a binary heap ordered by time and then by order of scheduling. See event.h. */
#include "machine/mem/event.h"

#include <assert.h>
#include <stddef.h>

static bool before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->serial < b->serial);
}

static void place(struct event_queue *q, unsigned i, struct event *e)
{
    q->heap[i] = e;
    e->index = i + 1;
}

static void sift_up(struct event_queue *q, unsigned i)
{
    struct event *e = q->heap[i];

    while (i > 0 && before(e, q->heap[(i - 1) / 2])) {
        place(q, i, q->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(q, i, e);
}

static void sift_down(struct event_queue *q, unsigned i)
{
    struct event *e = q->heap[i];

    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= q->count)
            break;
        if (child + 1 < q->count && before(q->heap[child + 1], q->heap[child]))
            child++;
        if (!before(q->heap[child], e))
            break;
        place(q, i, q->heap[child]);
        i = child;
    }
    place(q, i, e);
}

void event_init(struct event *e, void (*fire)(void *ctx), void *ctx)
{
    *e = (struct event){.fire = fire, .ctx = ctx};
}

void event_cancel(struct event_queue *q, struct event *e)
{
    if (!e->index)
        return;
    unsigned i = e->index - 1;
    struct event *last = q->heap[--q->count];
    e->index = 0;
    if (last == e)
        return;
    place(q, i, last);
    sift_up(q, i);
    sift_down(q, last->index - 1);
}

void event_schedule(struct event_queue *q, struct event *e, uint64_t at)
{
    event_cancel(q, e);
    if (at == EVENT_NEVER)
        return;
    assert(q->count < EVENT_MAX); /* events are embedded in devices, whose number is bounded */
    e->at = at;
    e->serial = q->serial++;
    place(q, q->count, e);
    sift_up(q, q->count++);
}

uint64_t event_next(const struct event_queue *q)
{
    return q->count ? q->heap[0]->at : EVENT_NEVER;
}

void event_run(struct event_queue *q, uint64_t now)
{
    while (q->count && q->heap[0]->at <= now) {
        struct event *e = q->heap[0];
        event_cancel(q, e);
        e->fire(e->ctx);
    }
}
