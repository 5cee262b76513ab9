/* Irqs: signals without payload, from hardware lines or software, delivered as messages with a label. */
#pragma once

#include "kernel/object.h"
#include "kernel/thread.h"

#define IRQ_NO_LINE 0

struct irq {
    struct object object;
    struct thread *thread;       /* who receives the signal, or &thread_nobody; object.receiver is for gates only */
    struct sender sender;       /* queued at the thread while the signal is pending */
    struct list_link of_thread; /* thread's list of Irqs bound to it */
    struct slot chained;        /* Irq triggered instead */
    struct node chained_node;
    u32 cpu;                    /* where the line is routed to: id of the thread's home */
    u32 line;                   /* interrupt line, IRQ_NO_LINE = software only */
    bool edge;                  /* the line may signal again before it was served */
    bool pending;               /* fired with nobody to tell */
    bool enabled;               /* the line is, at the interrupt controller */
    bool masked;                /* the line was signalled and waits for unmask */
};

static inline struct irq *irq_of(struct object *o)
{
    return container_of(o, struct irq, object);
}

struct irq *irq_create(struct factory *f);
void irq_destroy(struct irq *irq);

/* The thread dies: a later signal stays pending until the Irq is bound again. */
void irq_unbind(struct irq *irq);

/* The signal: delivered to the bound thread, or remembered (once). */
void irq_trigger(struct irq *irq);

/* --- lines of the interrupt controller (icu.c) --- */

/* Once, at boot: there are lines 1 to count - 1, and none has an Irq. */
void icu_init(u32 count);

/* The Irq that the line signals; NULL: none. */
struct irq *icu_irq(u32 line);

/* The line has signalled. */
void icu_fire(u32 line);

/* The Irq's thread has another home, or it has another thread: its line signals there from now on. */
void irq_route(struct irq *irq);
void irq_route_all(struct thread *t);

/* The Irq leaves its line, which is disabled. */
void icu_release(struct irq *irq);
