/* Semaphore objects. */
#include "kernel/semaphore.h"
#include "kernel/factory.h"
#include "kernel/ipc.h"
#include "kernel/sched.h"

struct semaphore *semaphore_create(struct factory *f, u64 count)
{
    struct semaphore *s = factory_alloc(f, sizeof *s);
    if (!s)
        return NULL;
    object_init(&s->object, OBJ_SEMAPHORE, f);
    s->count = count;
    return s;
}

bool semaphore_take_apart(struct semaphore *s)
{
    return ipc_cancel_waiters(&s->waiters);
}

err_t op_SEMAPHORE_UP(struct thread *caller, struct object *object, u64 *w)
{
    struct semaphore *s = semaphore_of(object);
    if (tree_empty(&s->waiters)) {
        if (s->count == ~0ull)
            return E_RANGE;
        s->count++;
        return E_OK;
    }
    struct thread *t = container_of(tree_first(&s->waiters), struct thread, sender.link);
    ipc_wake_down(t);
    return E_OK;
}

err_t op_SEMAPHORE_DOWN(struct thread *caller, struct object *object, u64 *w)
{
    struct semaphore *s = semaphore_of(object);
    if (s->count) {
        s->count--;
        return E_OK;
    }
    return ipc_block_down(caller, &s->waiters);
}
