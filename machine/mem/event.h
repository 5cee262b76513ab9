/*
 * The event queue: what is to happen at which cycle. Simulated time only advances along it, so that the order of
 * events, and with it the whole simulation, is the same on every run.
 */
#ifndef MACHINE_MEM_EVENT_H
#define MACHINE_MEM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct event {
    uint64_t at; /* cycle */
    uint64_t serial;
    void (*fire)(void *ctx);
    void *ctx;
    unsigned index; /* in the heap, plus one; 0: not scheduled */
};

#define EVENT_NEVER UINT64_MAX
#define EVENT_MAX   1024

struct event_queue {
    struct event *heap[EVENT_MAX]; /* earliest first; at equal times, first scheduled first */
    unsigned count;
    uint64_t serial;
};

/* Prepares an event that calls fire(ctx). It is owned by the caller and must outlive its time in the queue. */
void event_init(struct event *e, void (*fire)(void *ctx), void *ctx);

/* Schedules the event for cycle `at`, moving it if it is scheduled already. EVENT_NEVER cancels. */
void event_schedule(struct event_queue *q, struct event *e, uint64_t at);

void event_cancel(struct event_queue *q, struct event *e);

/* The cycle of the earliest event, or EVENT_NEVER. */
uint64_t event_next(const struct event_queue *q);

/* Fires all events due at or before `now`, also those scheduled meanwhile. */
void event_run(struct event_queue *q, uint64_t now);

#endif
