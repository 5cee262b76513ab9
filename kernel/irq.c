/* Irq objects. One signal can be outstanding; more of them before it is received are one. */
#include "kernel/irq.h"
#include "kernel/factory.h"
#include "kernel/cpu.h"
#include "kernel/ipc.h"

#define CHAIN_MAX 4 /* Irqs that trigger Irqs: longer chains (and cycles) end here */

struct irq *irq_create(struct factory *f)
{
    struct irq *irq = factory_alloc(f, sizeof *irq);
    if (!irq)
        return NULL;
    object_init(&irq->object, OBJ_IRQ, f);
    irq->thread = &thread_nobody;
    list_init(&irq->of_thread);
    irq->sender.is_irq = true;
    return irq;
}

void irq_unbind(struct irq *irq)
{
    ipc_dequeue(&irq->sender);
    list_remove(&irq->of_thread);
    irq->thread = &thread_nobody;
}

void irq_destroy(struct irq *irq)
{
    icu_release(irq);
    irq_unbind(irq);
    if (irq->chained.word)
        node_revoke(irq->chained.node);
}

void irq_trigger(struct irq *irq)
{
    for (u32 i = 0; irq->chained.word && i < CHAIN_MAX; i++)
        irq = irq_of(slot_object(&irq->chained));
    if (irq->thread == &thread_nobody)
        irq->pending = true;
    else if (!irq->sender.queue)
        ipc_signal(irq->thread, irq);
}

err_t op_IRQ_BIND(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct object *o = invocation_object(caller, 0, OBJ_THREAD, RIGHT_CONTROL, &error);
    if (!o)
        return error;
    struct irq *irq = irq_of(object);
    struct thread *t = thread_of(o);

    /* point of no return */
    bool pending = irq->pending || irq->sender.queue;
    irq_unbind(irq);
    irq->thread = t;
    irq->object.label = w[1];
    list_push_back(&t->irqs, &irq->of_thread);
    irq_route(irq);
    irq->pending = false;
    if (pending)
        irq_trigger(irq);
    return E_OK;
}

err_t op_IRQ_DETACH(struct thread *caller, struct object *object, u64 *w)
{
    struct irq *irq = irq_of(object);
    icu_release(irq);
    irq_unbind(irq);
    irq->pending = false;
    return E_OK;
}

err_t op_IRQ_TRIGGER(struct thread *caller, struct object *object, u64 *w)
{
    irq_trigger(irq_of(object));
    return E_OK;
}

err_t op_IRQ_UNMASK(struct thread *caller, struct object *object, u64 *w)
{
    struct irq *irq = irq_of(object);
    if (irq->line != IRQ_NO_LINE && irq->masked) {
        irq->masked = false;
        arch_line_complete(irq->cpu, irq->line);
    }
    return E_OK;
}

err_t op_IRQ_CHAIN(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct slot *to = invocation_item(caller, 0, OBJ_IRQ, RIGHT_USE, &error);
    if (!to)
        return error;
    if (slot_object(to) == object)
        return E_INVAL;
    struct irq *irq = irq_of(object);
    map_cap_embedded(to, &irq->chained, &irq->chained_node);
    return E_OK;
}
