/* Gates: channels to a thread, with an unforgeable label. Messages through them are ipc.c's business. */
#pragma once

#include "kernel/object.h"
#include "kernel/thread.h"
#include "lib/base/tree.h"

struct gate {
    struct object object;
    struct list_link of_thread; /* in the receiver's `gates` or `unheld` */
    struct tree senders;        /* who waits until a thread is bound */
};

static inline struct gate *gate_of(struct object *o)
{
    return container_of(o, struct gate, object);
}

struct gate *gate_create(struct factory *f);

/* Unbinds it and wakes all who send to it with E_CANCELED. */
void gate_destroy(struct gate *g);

/* The thread dies: the gate has no receiver until it is bound again. */
void gate_unbind(struct gate *g);

/* Nobody but the creator holds the gate any longer: tells the server by its deletion Irq. */
void gate_unheld(struct object *o);

/* Label of the next gate of t that became so; false: no more. */
bool gate_next_unheld(struct thread *t, u64 *label);
