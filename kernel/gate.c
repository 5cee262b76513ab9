/* The operations on gates themselves. */
#include "kernel/cold.h"
#include "kernel/gate.h"
#include "kernel/factory.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/item.h"
#include "kernel/sched.h"
#include "kernel/remote.h"

void gate_init(struct gate *g, struct factory *f)
{
    object_init(&g->object, OBJ_GATE, f);
    tree_init(&g->senders);
    sender_init(&g->entry, false);
    list_init(&g->of_thread);
}

struct gate *gate_create(struct factory *f)
{
    struct gate *g = factory_alloc_raw(f, sizeof *g);
    if (g)
        gate_init(g, f);
    return g;
}

void gate_unbind(struct gate *g)
{
    struct thread *receiver = g->object.receiver;
    if (receiver == &thread_nobody)
        return;
    remote_hold(receiver->cpu);
    list_remove(&g->of_thread);
    g->object.receiver = &thread_nobody;
    ipc_gate_follow(g);
    struct thread *lender = receiver->donor;
    if (lender && lender->state == THREAD_SENDING && lender->sending_to == &g->object)
        sched_reclaim(lender); /* it does not wait for the receiver any longer */
    sched_inherit(receiver);
}

COLD void gate_destroy(struct gate *g)
{
    struct thread *receiver = g->object.receiver;
    gate_unbind(g);
    if (receiver != &thread_nobody && receiver->del_irq.word)
        irq_trigger(irq_of(slot_object(&receiver->del_irq)));
}

void gate_unheld(struct object *o)
{
    struct thread *t = o->receiver;
    if (o->type != OBJ_GATE || o->dying || t == &thread_nobody)
        return;
    list_remove(&gate_of(o)->of_thread);
    list_push_back(&t->unheld, &gate_of(o)->of_thread);
    if (t->del_irq.word)
        irq_trigger(irq_of(slot_object(&t->del_irq)));
}

bool gate_take_unheld(struct thread *t, u64 *label)
{
    struct gate *g = list_first(&t->unheld, struct gate, of_thread);
    list_remove(&g->of_thread);
    list_push_back(&t->gates, &g->of_thread);
    *label = g->object.label;
    return tree_empty(&g->object.first->children);
}

COLD err_t op_GATE_BIND(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct object *o = invocation_object(caller, 0, OBJ_THREAD, RIGHT_CONTROL, &error);
    if (!o)
        return error;
    struct gate *g = gate_of(object);
    struct thread *t = thread_of(o), *old = g->object.receiver;
    if (!tree_empty(&g->senders) && !item_prepare()) /* t may take a message at once */
        return INVOKE_RESTART;

    /* point of no return */
    remote_hold(t->cpu); /* the fast path reads receiver and label one after the other */
    if (old != t)
        gate_unbind(g);
    list_remove(&g->of_thread);
    g->object.receiver = t;
    g->object.label = w[1];
    list_push_back(&t->gates, &g->of_thread);
    ipc_gate_bound(g);
    return E_OK;
}

COLD err_t op_GATE_INFO(struct thread *caller, struct object *object, u64 *w)
{
    struct object *o = object;
    w[1] = o->label;
    w[2] = o->receiver != &thread_nobody && !o->receiver->object.dying;
    w[3] = !tree_empty(&o->first->children);
    return E_OK;
}
