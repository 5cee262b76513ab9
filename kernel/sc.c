/* Scheduling contexts as objects, and the scheduler object, which binds them to threads. */
#include "kernel/factory.h"
#include "kernel/irq.h"
#include "kernel/remote.h"
#include "kernel/sched.h"

static void replenish_expired(struct timeout *t)
{
    sched_replenish(container_of(t, struct sc, replenish));
}

struct sc *sc_create(struct factory *f, u32 priority)
{
    struct sc *sc = factory_alloc(f, sizeof *sc);
    if (!sc)
        return NULL;
    object_init(&sc->object, OBJ_SC, f);
    list_init(&sc->link);
    sc->base = priority;
    sc->cpu = cpu_self();
    sched_set_priority(sc, priority);
    sc->budget = clock_us_to_ticks(SLICE_US);
    sched_grant(sc);
    sc->replenish.expire = replenish_expired;
    return sc;
}

void sc_unbind(struct sc *sc)
{
    struct thread *owner = sc->owner, *user = sc->thread;
    remote_hold(sc->cpu);
    if (user)
        remote_hold_thread(user);
    if (sc->queued)
        sched_block(user);
    sched_forget_chain(sc);
    sc->owner = NULL;
    if (owner)
        owner->own_sc = NULL;
    if (user)
        sched_find_donor(user);
    if (sc->cpu->sc == sc)
        sched_stop_charging(sc->cpu);
}

void sc_destroy(struct sc *sc)
{
    sc_unbind(sc);
    timeout_drop(sc->cpu, &sc->replenish);
    if (sc->handler.word)
        node_revoke(sc->handler.node);
}

/* The SC and all whom it went through go to another CPU. */
static void sc_move(struct sc *sc, struct cpu *cpu)
{
    if (sc->owner)
        remote_move(sc->owner, cpu);
    for (struct thread *t = sc->thread; t; t = t->donor)
        remote_move(t, cpu);
    remote_move_sc(sc, cpu);
}

static void sc_bind(struct sc *sc, struct thread *t, struct cpu *cpu)
{
    if (t->own_sc)
        sc_unbind(t->own_sc);
    sc_unbind(sc); /* whoever ran on it may go on on somebody's who waits for t: that one's goes past t from now on */
    sched_return_donation(t);
    if (!t->sc)
        sched_forget_donor(t);
    remote_move(t, cpu);
    remote_move_sc(sc, cpu);
    sc->owner = t;
    sc_give(sc, t);
    t->own_sc = sc;
    t->sc = sc;
    sched_settle_priority(sc); /* somebody may wait for t already */
    if (t->state == THREAD_READY)
        sched_ready(t, false);
}

err_t op_SC_CONFIGURE(struct thread *caller, struct object *object, u64 *w)
{
    struct sc *sc = sc_of(object);
    u64 priority = w[1], budget = w[2], period = w[3];
    u64 cpu = invocation_words(caller) > 4 ? w[4] : sc->cpu->id;
    if (priority < 1 || priority > PRIORITY_MAX || !cpu_online(cpu))
        return E_RANGE;
    if (priority > sc->object.factory->priority_max)
        return E_PERM;
    if (budget > (1ull << 40) || period > (1ull << 40) || (period && (!budget || budget > period)))
        return E_INVAL;

    /* point of no return */
    remote_hold(sc->cpu);
    struct thread *user = sc->thread;
    bool running = sc->cpu->sc == sc;
    if (sc->queued)
        sched_block(user);
    if (running)
        sched_stop_charging(sc->cpu);
    sc->base = priority;
    sched_settle_priority(sc);
    sc->budget = clock_us_to_ticks(budget ? budget : SLICE_US);
    sc->period = clock_us_to_ticks(period);
    sc->period_start = arch_time();
    sched_grant(sc);
    sc->exhausted = false;
    timeout_drop(sc->cpu, &sc->replenish);
    sc_move(sc, cpu_table[cpu]);
    if (user && user->state == THREAD_READY)
        sched_ready(user, false);
    return E_OK;
}

err_t op_SC_CONSUMED(struct thread *caller, struct object *object, u64 *w)
{
    w[1] = clock_ticks_to_us(sched_consumed(sc_of(object)));
    return E_OK;
}

err_t op_SC_HANDLER(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct slot *handler = invocation_item(caller, 0, OBJ_IRQ, RIGHT_USE, &error);
    if (!handler)
        return error;
    struct sc *sc = sc_of(object);
    map_cap_embedded(handler, &sc->handler, &sc->handler_node);
    return E_OK;
}

/* --- the scheduler object --- */

err_t op_SCHEDULER_INFO(struct thread *caller, struct object *object, u64 *w)
{
    w[1] = cpu_count;
    w[2] = 0;
    for (u32 i = 0; i < cpu_count; i++)
        w[2] |= (u64)cpu_online(i) << i;
    w[3] = PRIORITY_MAX;
    w[4] = SLICE_US;
    return E_OK;
}

err_t op_SCHEDULER_RUN_THREAD(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct object *t = invocation_object(caller, 0, OBJ_THREAD, RIGHT_CONTROL, &error);
    if (!t)
        return error;
    struct object *sc = NULL;
    if (invocation_items(caller) > 1 && !(sc = invocation_object(caller, 1, OBJ_SC, RIGHT_CONTROL, &error)))
        return error;
    if (!cpu_online(w[1]))
        return E_RANGE;

    /* point of no return */
    remote_hold_thread(thread_of(t));
    if (sc)
        sc_bind(sc_of(sc), thread_of(t), cpu_table[w[1]]);
    else if (thread_of(t)->own_sc)
        sc_unbind(thread_of(t)->own_sc);
    if (!thread_of(t)->sc)
        remote_move(thread_of(t), cpu_table[w[1]]);
    return E_OK;
}

err_t op_SCHEDULER_IDLE_TIME(struct thread *caller, struct object *object, u64 *w)
{
    if (!cpu_online(w[1]))
        return E_RANGE;
    w[1] = clock_ticks_to_us(sched_idle_ticks(cpu_table[w[1]]));
    return E_OK;
}

err_t op_SCHEDULER_IS_ONLINE(struct thread *caller, struct object *object, u64 *w)
{
    w[1] = cpu_online(w[1]);
    return E_OK;
}
