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

/* The object, or NULL and *error. Words 2 and 3 are parameters: quota and highest priority, count, priority. */
static struct object *create(struct factory *f, struct thread *caller, const u64 *w, err_t *error)
{
    u32 words = invocation_words(caller);
    u64 a = words > 2 ? w[2] : 0, b = words > 3 ? w[3] : 0;
    struct task *task;
    struct thread *thread;
    struct gate *gate;
    struct irq *irq;
    struct semaphore *semaphore;
    *error = E_NOMEM;
    switch (w[1]) {
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

/* The caller finds it where it arrived. */
static inline void tell(struct utcb *utcb, u64 window)
{
    utcb->item[0] = (struct map_item){.what = FPAGE_OBJ(window >> FPAGE_START_SHIFT, 0, RIGHTS_ALL)};
}

static COLD err_t create_in_full(struct thread *caller, struct factory *f, const u64 *w, u64 window)
{
    err_t error;
    if (!fpage_object_valid(window))
        return E_INVAL;
    struct slot *slot = task_slot_make(caller->task, window >> FPAGE_START_SHIFT, &error);
    if (!slot)
        return error;
    if (slot->word)
        return E_EXIST;
    struct object *o = create(f, caller, w, &error);
    if (!o)
        return error;
    error = map_cap_first(o, caller->task, slot);
    if (error)
        object_kill(o);
    else
        tell(caller->utcb, window);
    return error;
}

/* The same without g, for which there is no node at hand. */
static COLD err_t create_instead(struct thread *caller, struct factory *f, const u64 *w, u64 window, struct gate *g)
{
    factory_free(g);
    return create_in_full(caller, f, w, window);
}

/*
 * Gates are made far more often than all else, one for each session of a server: at once, where there is memory for
 * gate, node and slot.
 */
err_t op_FACTORY_CREATE(struct thread *caller, struct object *object, u64 *w)
{
    u64 window = caller->utcb->window[0];
    struct factory *f = factory_of(object);
    struct task *task = caller->task;
    struct slot *slot = fpage_is_slot(window) ? task_slot_free(task, window >> FPAGE_START_SHIFT) : NULL;
    struct gate *g;
    struct node *n;
    if (!slot || w[1] != OBJ_GATE || !(g = factory_at_hand(f, sizeof *g)))
        return create_in_full(caller, f, w, window);
    if (!(n = factory_at_hand(task->object.factory, sizeof *n)))
        return create_instead(caller, f, w, window, g);

    /* point of no return */
    gate_init(g, f);
    map_cap_first_by(n, &g->object, task, slot);
    tell(caller->utcb, window);
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
