/* What a factory creates. Each new object arrives in the creator's receive window 0, as if sent. */
#include "kernel/cold.h"
#include "kernel/factory.h"
#include "kernel/gate.h"
#include "kernel/irq.h"
#include "kernel/pool.h"
#include "kernel/sched.h"
#include "kernel/semaphore.h"
#include "kernel/task.h"
#include "kernel/thread.h"

/* `priority_max` 0: that of f itself. */
static COLD struct object *make_factory(struct factory *f, u64 quota, u64 priority_max, err_t *error)
{
    if (priority_max > f->priority_max) {
        *error = E_PERM;
        return NULL;
    }
    struct factory *made = factory_create(f, quota, priority_max ? priority_max : f->priority_max);
    return made ? &made->object : NULL;
}

static COLD struct object *make_sc(struct factory *f, u64 priority, err_t *error)
{
    if (priority < 1 || priority > f->priority_max) {
        *error = priority < 1 || priority > PRIORITY_MAX ? E_RANGE : E_PERM;
        return NULL;
    }
    struct sc *sc = sc_create(f, priority);
    return sc ? &sc->object : NULL;
}

/* The object, or NULL and *error. `a`, `b`: parameters (quota, highest priority; count; priority). */
static struct object *create(struct factory *f, u64 kind, u64 a, u64 b, err_t *error)
{
    struct task *task;
    struct thread *thread;
    struct gate *gate;
    struct irq *irq;
    struct semaphore *semaphore;
    *error = E_NOMEM;
    switch (kind) {
    case OBJ_TASK:
        return (task = task_create(f)) ? &task->object : NULL;
    case OBJ_THREAD:
        return (thread = thread_create(f)) ? &thread->object : NULL;
    case OBJ_FACTORY:
        return make_factory(f, a, b, error);
    case OBJ_GATE:
        return (gate = gate_create(f)) ? &gate->object : NULL;
    case OBJ_IRQ:
        return (irq = irq_create(f)) ? &irq->object : NULL;
    case OBJ_SEMAPHORE:
        return (semaphore = semaphore_create(f, a)) ? &semaphore->object : NULL;
    case OBJ_SC:
        return make_sc(f, a, error);
    default:
        *error = E_INVAL;
        return NULL;
    }
}

err_t op_FACTORY_CREATE(struct thread *caller, struct object *object, u64 *w)
{
    u64 window = caller->utcb->window[0];
    err_t error = E_OK;
    if (!fpage_object_valid(window))
        return E_INVAL;
    struct slot *slot = task_slot_make(caller->task, window >> FPAGE_START_SHIFT, &error);
    if (!slot)
        return error;
    if (slot->word)
        return E_EXIST;
    struct object *o = create(factory_of(object), w[1], invocation_words(caller) > 2 ? w[2] : 0,
                              invocation_words(caller) > 3 ? w[3] : 0, &error);
    if (!o)
        return error;
    error = map_cap_first(o, caller->task, slot);
    if (error) {
        object_kill(o);
        return error;
    }
    w[1] = w[2] = w[3] = w[4] = 0;
    caller->utcb->item[0] = (struct map_item){.what = FPAGE_OBJ(window >> FPAGE_START_SHIFT, 0, RIGHTS_ALL)};
    return E_OK;
}

COLD err_t op_FACTORY_INFO(struct thread *caller, struct object *object, u64 *w)
{
    struct factory *f = factory_of(object);
    w[1] = f->quota;
    w[2] = f->used;
    w[3] = pool_size();
    w[4] = pool_available();
    return E_OK;
}
