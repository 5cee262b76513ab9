/* The run queues: who runs next, for how long, and on whose account. */
#include "kernel/sched.h"
#include "kernel/cold.h"
#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/irq.h"
#include "kernel/item.h"
#include "kernel/object.h"
#include "kernel/panic.h"
#include "kernel/remote.h"
#include "kernel/switch.h"
#include "kernel/vcpu.h"
#include "lib/base/bits.h"

/* --- queues --- */

void sched_set_priority(struct sc *sc, u32 priority)
{
    sc->priority = priority;
    if (sc->thread)
        sc->thread->priority = priority;
    cpu_self()->news = true;
    sc->queue = &sc->cpu->ready[priority];
    sc->ready_bit = 1ull << switch_map_bit(priority) % 64;
}

/* Highest priority in the queues that is not above `below`. */
static i64 highest(const struct cpu *cpu, u32 below)
{
    for (u32 word = switch_map_bit(below) / 64; word < PRIORITIES / 64; word++)
        if (cpu->ready_map[word])
            return (i64)PRIORITY_MAX - (word * 64 + bits_lowest(cpu->ready_map[word]));
    return -1;
}

static void enqueue(struct cpu *cpu, struct sc *sc, bool front)
{
    switch_enqueue(cpu, sc, front);
}

static void dequeue(struct cpu *cpu, struct sc *sc)
{
    sc->queued = false;
    if (sc == cpu->handoff) {
        cpu->handoff = NULL;
        return;
    }
    list_remove(&sc->link);
    if (!list_empty(sc->queue))
        return;
    cpu->ready_map[switch_map_bit(sc->priority) / 64] &= ~sc->ready_bit;
    if (sc->priority == cpu->ready_top)
        cpu->ready_top = highest(cpu, sc->priority);
}

/*
 * An SC that becomes ready above all queued ones most likely runs as soon as the kernel is left: it waits for that
 * beside the queues. Another one that comes after it pushes it into them.
 */
static COLD void make_ready_beside(struct cpu *cpu, struct sc *sc, bool front)
{
    struct sc *other = cpu->handoff;
    if (other && sc->priority + front > other->priority) {
        enqueue(cpu, other, true);
        cpu->handoff = sc->priority + front > cpu->ready_top ? sc : NULL;
    }
    if (cpu->handoff != sc)
        enqueue(cpu, sc, front);
    sc->queued = true;
}

/* On an idle CPU it may wait beside the queues as well: that one comes for it at once. */
static void make_ready_elsewhere(struct cpu *cpu, struct sc *sc, bool front)
{
    if (cpu->rest == CPU_IDLE && !cpu->handoff && cpu->ready_top < 0) {
        cpu->handoff = sc;
        sc->queued = true;
    } else {
        enqueue(cpu, sc, front);
    }
    remote_kick(cpu, 0);
}

static inline bool runnable(const struct sc *sc)
{
    return sc && sc->thread && sc->thread->state == THREAD_READY && !sc->exhausted;
}

/*
 * The usual case: the SC becomes ready above the running one and all others. It takes over at once, and the running
 * one, if its thread can run at all, is the first in its queue. False: not so, nothing was done.
 */
static inline bool take_over(struct cpu *cpu, struct sc *sc)
{
    struct sc *own = cpu->sc;
    struct change c;
    if (!own                              /* somebody runs */
        || own->priority >= sc->priority  /* less urgently */
        || cpu->handoff                   /* nobody else is to take over */
        || cpu->reschedule                /* the choice is open still, and is not being made */
        || !switch_allowed(cpu, sc->thread, &c)
        || cpu->sc_end <= c.now)          /* and its budget, not charged yet, is not used up */
        return false;
    if (runnable(own))
        switch_enqueue(cpu, own, true);
    switch_sc_to(cpu, sc_left(own), sc, c);
    return true;
}

static inline void make_ready(struct cpu *cpu, struct sc *sc, bool front)
{
    if (cpu != cpu_self()) {
        make_ready_elsewhere(cpu, sc, front);
        return;
    }
    cpu->news = true;
    if (take_over(cpu, sc))
        return;
    if (cpu->handoff || sc->priority + front <= cpu->ready_top) {
        make_ready_beside(cpu, sc, front);
        return;
    }
    cpu->handoff = sc;
    sc->queued = true;
}

static COLD void ready_without_sc(struct thread *t);

void sched_ready(struct thread *t, bool front)
{
    t->state = THREAD_READY;
    struct sc *sc = t->sc;
    if (!sc)
        ready_without_sc(t);
    else if (!sc->exhausted && !sc->queued && sc != t->cpu->sc)
        make_ready(t->cpu, sc, front);
}

void sched_block(struct thread *t)
{
    debug_blocked(t);
    cpu_self()->news = true;
    if (t->sc && t->sc->queued)
        dequeue(t->sc->cpu, t->sc);
}

/* A server whose SC vanished while it waited itself goes on on that of whoever waits for it. */
static COLD void ready_without_sc(struct thread *t)
{
    remote_hold(t->cpu);
    sched_find_donor(t);
}

/* --- time --- */

void sched_grant(struct sc *sc)
{
    sc->granted += sc->budget - *sc_left(sc);
    *sc_left(sc) = sc->budget;
}

COLD u64 sched_consumed(struct sc *sc)
{
    struct cpu *cpu = sc->cpu;
    u64 end;
    do /* another CPU changes both without the lock */
        end = __atomic_load_n(&cpu->sc_end, __ATOMIC_ACQUIRE);
    while (__atomic_load_n(&cpu->sc, __ATOMIC_ACQUIRE) == sc && __atomic_load_n(&cpu->sc_end, __ATOMIC_ACQUIRE) != end);
    return sc->granted - (cpu->sc == sc ? (i64)(end - arch_time()) : *sc_left(sc));
}

COLD void sched_replenish(struct sc *sc)
{
    sc->exhausted = false;
    sched_grant(sc);
    sc->period_start = sc->replenish.link.key;
    if (sc->thread && sc->thread->state == THREAD_READY)
        sched_ready(sc->thread, false);
    else if (sc->thread && sched_waits_for(sc->thread)) /* a server may be without */
        sched_help(sched_waits_for(sc->thread));
}

/*
 * Signals the handler of an SC whose budget is used up. That may move a thread here whose CPU's running SC is charged
 * and found used up in turn, and so on for each CPU: those are signalled one after the other, not within each other.
 */
static COLD void tell_handler(struct sc *sc)
{
    static struct sc *untold;
    static bool telling;
    sc->next_untold = untold;
    untold = sc;
    if (telling)
        return;
    telling = true;
    while ((sc = untold)) {
        untold = sc->next_untold;
        irq_trigger(irq_of(slot_object(&sc->handler)));
    }
    telling = false;
}

/* The budget is used up: a new slice at the end of the queue, or sleep until the next period. */
static COLD void exhaust(struct cpu *cpu, struct sc *sc, u64 now)
{
    cpu->reschedule = cpu->news = true;
    if (!sc->period) {
        sched_grant(sc);
        return;
    }
    sc->exhausted = true;
    u64 next = sc->period_start + sc->period;
    timeout_set(cpu, &sc->replenish, next > now ? next : now + 1);
    if (sc->handler.word)
        tell_handler(sc);
}

void sched_charge(struct cpu *cpu, u64 now)
{
    struct sc *sc = cpu->sc;
    if (!sc) {
        cpu->idle_ticks += now - cpu->sc_end; /* idle: since when */
        cpu->sc_end = now;
        return;
    }
    i64 *left = sc_left(sc);
    *left = cpu->sc_end - now;
    if (*left <= 0 && !sc->exhausted)
        exhaust(cpu, sc, now);
    cpu->sc_end = now + *sc_left(sc); /* to tell its handler may have moved it */
}

/* From now on the time is that of `sc` (NULL: idle). */
static void start_charging(struct cpu *cpu, struct sc *sc, u64 now)
{
    cpu->sc = sc;
    cpu->sc_end = sc ? now + *sc_left(sc) : now;
}

/* From now on nobody's time is running: sched_exit chooses anew. */
COLD void sched_stop_charging(struct cpu *cpu)
{
    sched_charge(cpu, arch_time());
    start_charging(cpu, NULL, arch_time());
    cpu->news = true;
}

/*
 * The timer fires when the running SC's budget ends or the first timeout is due. It is armed late only where it must be
 * earlier: one that fires too early is armed anew then, which is cheaper than setting it at each switch.
 */
static COLD void arm_timer(struct cpu *cpu)
{
    struct tree_node *first = tree_first(&cpu->timeouts);
    u64 at = first ? first->key : ~0ull;
    if (cpu->sc && cpu->sc_end < at)
        at = cpu->sc_end;
    cpu->timer_armed = at;
    arch_timer_set(at);
}

u64 sched_idle_ticks(const struct cpu *cpu)
{
    return cpu->idle_ticks + (cpu->rest == CPU_IDLE ? arch_time() - cpu->sc_end : 0);
}

void sched_rearm(struct cpu *cpu)
{
    arm_timer(cpu);
}

COLD void sched_timer(struct cpu *cpu)
{
    u64 now = arch_time();
    sched_charge(cpu, now);
    if (cpu->sc && cpu->sc->exhausted)
        sched_exhausted(cpu->sc);
    if (now < cpu->timer_armed)
        return;
    cpu->timer_armed = ~0ull;
    timeout_run(cpu, now);
    arm_timer(cpu);
}

/* --- switching --- */

/* Leaves the kernel to others until an interrupt is to be served; `sleep`: waits for one. */
static COLD void rest(struct cpu *cpu, bool sleep)
{
    arch_rest(cpu);
    __atomic_store_n(&cpu->rest, CPU_IDLE, __ATOMIC_RELEASE);
    kernel_leave(cpu);
    if (sleep)
        arch_wait();
    kernel_enter(cpu);
    cpu->rest = CPU_ACTIVE;
    arch_serve();
}

/* Waits while there is nobody to run, and takes apart what died. */
static COLD void idle(struct cpu *cpu)
{
    cpu->current = NULL;
    start_charging(cpu, NULL, arch_time());
    trace(IDLE, NULL, 0, 0);
    arch_space_switch(arch_kernel_root());
    while (cpu->ready_top < 0 && !cpu->handoff) {
        bool reaped = !object_reap_needed() || object_reap();
        if (cpu->ready_top < 0 && !cpu->handoff) /* else somebody who waited for the dead has become ready */
            rest(cpu, reaped);
    }
    sched_charge(cpu, arch_time());
}

/* The most urgent SC that is ready, out of its queue. */
static struct sc *take_first(struct cpu *cpu)
{
    if (cpu->ready_top < 0 && !cpu->handoff)
        idle(cpu);
    struct sc *sc = cpu->handoff;
    if (!sc || sc->priority < cpu->ready_top)
        sc = list_first(&cpu->ready[cpu->ready_top], struct sc, link);
    dequeue(cpu, sc);
    return sc;
}

/* Nothing stays beside the queues: the fast path does not look there. */
static void settle_handoff(struct cpu *cpu)
{
    struct sc *sc = cpu->handoff;
    cpu->handoff = NULL;
    if (sc)
        enqueue(cpu, sc, true);
}

/* The running SC goes on: it can, its slice is not over, and nobody more urgent is ready. */
static inline bool stays(struct cpu *cpu)
{
    struct sc *sc = cpu->sc;
    return !cpu->handoff && !cpu->reschedule && runnable(sc) && sc->priority >= cpu->ready_top;
}

/*
 * The usual case: somebody more urgent than all others became ready, and the running SC, which has budget left, waits
 * in its queue, if its thread can run at all. False: not so, nothing was done.
 */
static inline bool hand_over(struct cpu *cpu, u64 now)
{
    struct sc *old = cpu->sc, *next = cpu->handoff;
    if (!next || !old || cpu->reschedule || next->priority < cpu->ready_top || cpu->sc_end <= now)
        return false;
    if (runnable(old)) {
        if (old->priority >= next->priority)
            return false;
        enqueue(cpu, old, true);
    }
    *sc_left(old) = cpu->sc_end - now;
    next->queued = false;
    cpu->handoff = NULL;
    start_charging(cpu, next, now);
    return true;
}

/* All cases. */
static COLD void choose_anew(struct cpu *cpu, u64 now)
{
    struct sc *old = cpu->sc;
    if (old)
        sched_charge(cpu, now);
    bool over = cpu->reschedule;
    cpu->reschedule = true; /* nobody takes over meanwhile */
    if (old && old->exhausted)
        sched_exhausted(old);
    if (runnable(old)) {
        if (cpu->handoff && old->priority >= cpu->handoff->priority && !over)
            settle_handoff(cpu);
        enqueue(cpu, old, !over);
    }
    cpu->reschedule = false;
    struct sc *next = take_first(cpu);
    settle_handoff(cpu);
    start_charging(cpu, next, arch_time());
}

static void switch_sc(struct cpu *cpu)
{
    u64 now = arch_time();
    if (!hand_over(cpu, now))
        choose_anew(cpu, now);
    if (cpu->sc_end < cpu->timer_armed)
        arm_timer(cpu);
}

/* The one to run is a virtual CPU for which somebody waits: whom it takes a message from may be more urgent. */
static COLD struct thread *poll(struct cpu *cpu)
{
    struct thread *next;
    while ((next = cpu->sc->thread)->vcpu_poll) {
        if (!item_prepare() && arch_irq_pending()) /* which brings it here again before it has done anything */
            break;
        vcpu_poll(next);
        if (!stays(cpu))
            switch_sc(cpu);
    }
    return next;
}

/* Interrupted, every way out goes on with it, on all CPUs. */
static COLD void reap(struct cpu *cpu)
{
    arch_space_switch(arch_kernel_root()); /* the running one may be among the dead */
    cpu->current = NULL;
    if (!object_reap())
        for (u32 i = 0; i < cpu_count; i++)
            cpu_table[i]->news = true;
    if (!stays(cpu))
        switch_sc(cpu);
}

bool sched_nothing_new(struct cpu *cpu, const struct thread *t)
{
    return stays(cpu) && cpu->sc->thread == t && cpu->current == t && !t->vcpu_poll && !object_reap_needed();
}

struct thread *sched_exit(struct cpu *cpu)
{
    if (!stays(cpu))
        switch_sc(cpu);
    cpu->news = false;
    if (object_reap_needed())
        reap(cpu);
    struct thread *next = cpu->sc->thread;
    if (next->vcpu_poll)
        next = poll(cpu);
    if (next != cpu->current) {
        trace(SWITCH, next, cpu->current ? debug_number(&cpu->current->object) : 0, 0);
        arch_space_switch(next->root);
    }
    trace(EXIT, next, next->hot.pc, 0);
    cpu->current = next;
    kernel_leave(cpu);
    return next;
}

COLD void sched_init(struct cpu *cpu)
{
    cpu->ready_top = -1;
    cpu->timer_armed = ~0ull;
    cpu->sc_end = arch_time();
    for (u32 i = 0; i < PRIORITIES; i++)
        list_init(&cpu->ready[i]);
}
