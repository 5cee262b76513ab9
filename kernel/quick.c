/*
 * What only changes who runs: a yield between equals, and the signal of an Irq that somebody more urgent waits for, be
 * it triggered by a thread or by a device. Like the fast path of messages, they are decided and done with the message
 * still in its registers, on this CPU's own queues, and in all other cases decline, having done nothing: the operations
 * in full are op_THREAD_SWITCH_TO and op_IRQ_TRIGGER, the interrupt icu_fire.
 */
#include "kernel/quick.h"
#include "kernel/debug.h"
#include "kernel/irq.h"
#include "kernel/switch.h"

/* The CPU goes to `to` on `sc`: the last thing to be done. */
static ALWAYS_INLINE void leave_to(struct cpu *cpu, struct thread *to, struct sc *sc, struct change c)
{
    switch_sc_to(cpu, sc, c);
    arch_space_switch(to->root);
    kernel_leave(cpu);
}

/* t yields to `to`: they swap places in the queue of their priority. */
static ALWAYS_INLINE bool yield(struct cpu *cpu, struct thread *t, struct thread *to)
{
    struct sc *own = cpu->sc, *sc = to->sc;
    u64 priority = own->priority;
    struct change c;
    if (!sc                                /* passive, and not running on anybody's */
        || !sc->queued                     /* ready, and not t itself */
        || to->cpu != cpu                  /* in a queue of this CPU */
        || sc->priority != priority        /* the queue stays occupied, and who is first in it may change */
        || to->vcpu_poll                   /* no virtual CPU that has to look for messages first */
        || cpu->hook                       /* nothing is special about switches */
        || !switch_allowed(cpu, sc, &c))
        return false;

    /* point of no return */
    list_insert_before(&cpu->ready[priority], &own->link);
    own->queued = true;
    sc->link.prev->next = sc->link.next;
    sc->link.next->prev = sc->link.prev;
    sc->queued = false;
    arch_regs_done(&t->cold);
    debug_blocked(t);
    leave_to(cpu, to, sc, c);
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
        || sc->priority <= own->priority   /* more urgent than who runs */
        || cpu->hook                       /* nothing is special about switches */
        || !switch_allowed(cpu, sc, &c))
        return false;

    /* point of no return */
    switch_enqueue(cpu, own, true);
    to->state = THREAD_READY;
    debug_blocked(own->thread);
    leave_to(cpu, to, sc, c);
    return true;
}

/* The operation's word names it: abi/op.def asks for no more. */
static ALWAYS_INLINE bool names(u64 operation)
{
    return (arch_fast_tag() & TAG_WORDS_MASK) && arch_fast_word() == operation;
}

static ALWAYS_INLINE bool trigger(u64 selector, struct thread *t, struct irq *irq)
{
    struct thread *to = irq->thread;
    bool done = wake(t->cpu, irq, to);
    if (done) {
        arch_regs_done(&t->cold);
        quick_signal(selector, irq->object.label, t, to);
    }
    return done;
}

static ALWAYS_INLINE bool switch_to(u64 selector, struct thread *t, struct thread *to)
{
    bool done = yield(t->cpu, t, to);
    if (done)
        quick_switch(selector, 0, t, to);
    return done;
}

void quick_call(u64 selector, struct slot *s, struct thread *t)
{
    struct object *o = slot_object(s);
    bool thread = o->type == OBJ_THREAD && names(OP_THREAD_SWITCH_TO);
    bool irq = o->type == OBJ_IRQ && names(OP_IRQ_TRIGGER);
    if ((thread || irq) && kernel_try(t->cpu)) {
        if (thread ? switch_to(selector, t, thread_of(o)) : trigger(selector, t, irq_of(o)))
            return;
        kernel_leave(t->cpu);
    }
    quick_decline(selector, s, t);
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
