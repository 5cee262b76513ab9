/*
 * Changing the SC that the CPU runs on: what the paths that do so at once, without choosing among all, have in common
 * with the scheduler. Inlined, because those paths have no stack.
 */
#pragma once

#include "kernel/cold.h"
#include "kernel/sched.h"

/* The map has its most urgent priority first: bit 0 of word 0 is that of PRIORITY_MAX. */
static ALWAYS_INLINE u64 switch_map_bit(u32 priority)
{
    return PRIORITY_MAX - priority;
}

/* Puts the SC into the queue of its priority, at the front or the back. */
static ALWAYS_INLINE void switch_enqueue(struct cpu *cpu, struct sc *sc, bool front)
{
    list_insert_before(front ? sc->queue->next : sc->queue, &sc->link);
    sc->queued = true;
    cpu->ready_map[switch_map_bit(sc->priority) / 64] |= sc->ready_bit;
    if (sc->priority > cpu->ready_top)
        cpu->ready_top = sc->priority;
}

/* When the CPU goes to another SC: now, and when that one's budget ends, in ticks. */
struct change {
    u64 now, end;
};

/* Whether the budget that `to` has ends no earlier than the timer fires anyway: one without budget fails. */
static ALWAYS_INLINE bool switch_in_time(struct cpu *cpu, struct thread *to, struct change *c)
{
    c->now = arch_time();
    c->end = c->now + to->left;
    return c->end >= cpu->timer_armed;
}

/*
 * Whether the CPU may go from the SC of the running thread to that of `to` without further ado: nobody more urgent is
 * ready, and its budget allows it.
 */
static ALWAYS_INLINE bool switch_allowed(struct cpu *cpu, struct thread *to, struct change *c)
{
    return (i64)to->priority >= cpu->ready_top && switch_in_time(cpu, to, c);
}

/* From the running SC, for which *left remains, to `sc`. */
static ALWAYS_INLINE void switch_sc_to(struct cpu *cpu, i64 *left, struct sc *sc, struct change c)
{
    *left = cpu->sc_end - c.now;
    cpu->sc_end = c.end;
    cpu->sc = sc;
}
