/*
 * Calls of kernel objects, with the message still in its registers: what they ask for is found and checked, and leads
 * to the operation at once. What only changes who runs needs not even a stack: a yield between equals, and the signal
 * of an Irq that somebody more urgent waits for, be it triggered by a thread or by a device. These are done on this
 * CPU's own queues and in all other cases decline, having done nothing: the operations in full are
 * op_THREAD_SWITCH_TO and op_IRQ_TRIGGER, the interrupt icu_fire.
 */
#include "kernel/quick.h"
#include "kernel/debug.h"
#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/switch.h"

/* The CPU goes from t to `to` on `sc`: the last thing to be done. */
static ALWAYS_INLINE void leave_to(struct cpu *cpu, struct thread *t, struct thread *to, struct sc *sc, struct change c)
{
    switch_sc_to(cpu, &t->left, sc, c);
    arch_space_switch(to->root);
    kernel_leave(cpu);
}

/* `sc` leaves the queue, and `own` comes to its end: so it is never empty. */
static ALWAYS_INLINE void take_turns(struct sc *sc, struct sc *own, struct list_link *queue)
{
    struct list_link *next = sc->link.next, *prev = sc->link.prev;
    next->prev = prev;
    prev->next = next;
    sc->queued = false;
    list_insert_before(queue, &own->link);
    own->queued = true;
}

/*
 * t yields to `to`. While t runs nobody more urgent than it is ready, and nobody asked the CPU for anything since the
 * kernel was entered.
 */
static ALWAYS_INLINE bool yield(struct cpu *cpu, struct thread *t, struct thread *to)
{
    struct sc *own = cpu->sc, *sc = to->sc;
    struct list_link *queue = own->queue;
    struct change c;
    if (!sc                          /* passive, and not running on anybody's */
        || !sc->queued               /* ready, and not t itself */
        || sc->queue != queue        /* here, and as urgent: who is first may change, but not that there is somebody */
        || to->vcpu_poll             /* no virtual CPU that has to look for messages first */
        || cpu->hook                 /* nothing is special about switches */
        || !switch_in_time(cpu, to, &c))
        return false;

    /* point of no return */
    take_turns(sc, own, queue);
    arch_regs_done(&t->cold);
    debug_blocked(t);
    leave_to(cpu, t, to, sc, c);
    return true;
}

/* Waits on this CPU, without time limit, for this Irq or for anybody. */
static ALWAYS_INLINE bool awaits(const struct cpu *cpu, const struct thread *to, const struct irq *irq)
{
    return to->state_home == cpu->open_here ||
           (to->state_home == STATE_AT(THREAD_WAIT, cpu->id) && to->recv_from == &irq->object &&
            !tree_linked(&to->timeout.link));
}

/* The Irq signals, and its thread `to` runs at once instead of the present one, which remains ready. */
static ALWAYS_INLINE bool wake(struct cpu *cpu, struct irq *irq, struct thread *to)
{
    struct sc *own = cpu->sc, *sc = to->sc;
    struct change c;
    if (irq->chained.word                  /* it triggers no other one */
        || !awaits(cpu, to, irq)
        || irq->sender.queue               /* the signal before this one has been received */
        || !sc                             /* not passive: a signal brings no time */
        || to->priority <= own->priority   /* more urgent than who runs, and so than all who are ready */
        || cpu->hook                       /* nothing is special about switches */
        || !switch_in_time(cpu, to, &c))
        return false;

    /* point of no return */
    switch_enqueue(cpu, own, true);
    to->state = THREAD_READY;
    debug_blocked(own->thread);
    leave_to(cpu, own->thread, to, sc, c);
    return true;
}

/* The kernel is this CPU's alone from now on, and what is in the slot can still be used. False: not so, and left. */
static ALWAYS_INLINE bool enter(struct cpu *cpu, const struct slot *s)
{
    if (!cpu->shared)
        return true;
    if (!kernel_try(cpu))
        return false;
    if (s->word & RIGHT_USE)
        return true;
    kernel_leave(cpu);
    return false;
}

static ALWAYS_INLINE bool trigger(u64 selector, struct cpu *cpu, struct thread *t, struct irq *irq)
{
    struct thread *to = irq->thread;
    u64 label = irq->object.label;
    if (!wake(cpu, irq, to))
        return false;
    arch_regs_done(&t->cold);
    quick_signal(selector, label, t, to);
    return true;
}

static ALWAYS_INLINE bool switch_to(u64 selector, struct cpu *cpu, struct thread *t, struct thread *to)
{
    if (!yield(cpu, t, to))
        return false;
    quick_switch(selector, 0, t, to);
    return true;
}

/* What a call of o does; a message to a gate's thread counts as an operation. NULL: what was sent is not enough. */
static ALWAYS_INLINE operation_fn *find(const struct object *o, u64 number, u64 capability, u64 tag)
{
    err_t error;
    if (o->type == OBJ_GATE && !(tag & TAG_OBJECT))
        return !(tag & TAG(0, TAG_ITEMS_MASK)) || (capability & RIGHT_PASS) ? ipc_call : NULL;
    const struct operation *op = invoke_find(o, number, capability, tag, &error);
    return op ? op->run : NULL;
}

static COLD void decline(u64 selector, struct cpu *cpu, struct thread *t)
{
    kernel_leave(cpu);
    ipc_decline(selector, 0, t);
}

void quick_call(u64 selector, const struct slot *s, struct thread *t)
{
    struct cpu *cpu = t->cpu;
    if (debug_tracing(cpu) || !enter(cpu, s)) {
        ipc_decline(selector, 0, t);
        return;
    }
    u64 capability = s->word, number = arch_fast_word(), tag = arch_fast_tag();
    struct object *o = slot_object(s);
    if (number == OP_THREAD_SWITCH_TO && o->type == OBJ_THREAD && (tag & TAG_WORDS_MASK) &&
        switch_to(selector, cpu, t, thread_of(o)))
        return;
    if (number == OP_IRQ_TRIGGER && o->type == OBJ_IRQ && (tag & TAG_WORDS_MASK) &&
        trigger(selector, cpu, t, irq_of(o)))
        return;
    operation_fn *run = find(o, number, capability, tag);
    if (!run) {
        decline(selector, cpu, t);
        return;
    }
    cpu->current = t;
    quick_operate(selector, o, t, run);
}

struct thread *quick_interrupt(struct cpu *cpu, struct irq *irq)
{
    struct thread *to = irq->thread;
    if (irq->edge || !wake(cpu, irq, to)) /* the line of others is not completed now */
        return NULL;
    irq->masked = true;
    arch_regs_signal(&to->cold, irq->object.label);
    cpu->current = to;
    return to;
}
