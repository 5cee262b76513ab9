/*
 * Birth and death of kernel objects. An object dies in two steps: when its first capability goes it becomes
 * unreachable at once (object_kill); what it holds is taken apart later, in pieces (object_reap), because that can be
 * long: a factory takes everything with it that was ever created from it.
 */
#include "kernel/cold.h"
#include "kernel/object.h"
#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/gate.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "kernel/semaphore.h"
#include "kernel/task.h"
#include "kernel/thread.h"
#include "kernel/vcpu.h"
#include "kernel/walk.h"

struct list_link object_dying;

void object_init(struct object *o, enum object_number type, struct factory *factory)
{
    o->receiver = &thread_nobody;
    o->label = 0;
    o->type = type;
    o->dying = false;
    o->factory = factory;
    o->first = NULL;
    if (factory)
        list_push_back(&factory->objects, &o->siblings);
    else
        list_init(&o->siblings);
    trace(CREATE, cpu_self()->current, debug_number(o), type);
}

/* Ends what concerns others at once: nobody waits for a dead object. */
static void disconnect(struct object *o)
{
    switch (o->type) {
    case OBJ_THREAD:
        thread_destroy(thread_of(o));
        break;
    case OBJ_GATE:
        gate_destroy(gate_of(o));
        break;
    case OBJ_IRQ:
        irq_destroy(irq_of(o));
        break;
    case OBJ_SC:
        sc_destroy(sc_of(o));
        break;
    case OBJ_TASK:
        while (!task_stop(task_of(o))) /* of one that has a capability, nobody is left: object_prepare_end */
            ;
        break;
    }
}

bool object_prepare_end(struct object *o)
{
    return o->type != OBJ_TASK || !o->factory || task_stop(task_of(o));
}

void object_kill(struct object *o)
{
    if (o->dying || !o->factory) /* what boot made stays: nobody can reach it any longer, that is all */
        return;
    o->dying = true;
    trace(KILL, cpu_self()->current, debug_number(o), o->type);
    disconnect(o);
    list_remove(&o->siblings);
    list_push_back(&object_dying, &o->siblings);
    cpu_self()->news = true;
}

/* The memory of an object, whose header may stand anywhere in it. */
static void *object_memory(struct object *o)
{
    switch (o->type) {
    case OBJ_THREAD:
        return thread_of(o);
    case OBJ_TASK:
        return task_of(o);
    case OBJ_FACTORY:
        return factory_of(o);
    case OBJ_SC:
        return sc_of(o);
    default:
        return o;
    }
}

/* Ends what was left of the dead object's dealings with others. False: interrupted. */
static bool take_apart(struct object *o)
{
    switch (o->type) {
    case OBJ_THREAD:
        return thread_take_apart(thread_of(o));
    case OBJ_GATE:
        return ipc_cancel_waiters(&gate_of(o)->senders);
    case OBJ_SEMAPHORE:
        return semaphore_take_apart(semaphore_of(o));
    case OBJ_TASK:
        return task_destroy(task_of(o));
    case OBJ_FACTORY:
        return factory_destroy(factory_of(o));
    default:
        return true;
    }
}

/* Frees the object if nothing depends on it any longer; else puts it behind the others. False: interrupted. */
static bool reap(struct object *o)
{
    if (!take_apart(o))
        return false;
    if (o->type == OBJ_FACTORY) {
        struct factory *f = factory_of(o);
        if (f->used) {
            list_remove(&o->siblings);
            list_push_back(&object_dying, &o->siblings);
            return true;
        }
        factory_return_quota(f);
    }
    list_remove(&o->siblings);
    factory_free(object_memory(o));
    return true;
}

COLD void objects_init(void)
{
    list_init(&object_dying);
    vcpu_init();
    walk_init();
}

COLD bool object_reap(void)
{
    while (!list_empty(&object_dying))
        if (!reap(list_first(&object_dying, struct object, siblings)) || kernel_preempted())
            return list_empty(&object_dying);
    return true;
}
