/* Gates: channels to a thread, with an unforgeable label. Messages through them are ipc.c's business. */
#pragma once

#include "kernel/object.h"
#include "kernel/thread.h"
#include "lib/base/tree.h"

struct gate {
    struct object object;
    struct list_link of_thread; /* in the receiver's `gates` or `unheld` */
    struct sender entry;        /* in the receiver's queue, while anybody waits here */
    struct tree senders;        /* threads that wait here */
};

static inline struct gate *gate_of(struct object *o)
{
    return container_of(o, struct gate, object);
}

/* New gate, bound to nobody. NULL: quota. */
struct gate *gate_create(struct factory *f);

/* Makes one of memory taken from f. */
void gate_init(struct gate *g, struct factory *f);

/* Unbinds it; who waits there stays for gate_take_apart. */
void gate_destroy(struct gate *g);

/* The gate has no receiver until it is bound again. */
void gate_unbind(struct gate *g);

/* Nobody but the creator holds the gate any longer: tells the server by its deletion Irq. */
void gate_unheld(struct object *o);

/* Tells the next gate of t that became so, there is one, by its label. False: it was given away anew. */
bool gate_take_unheld(struct thread *t, u64 *label);
