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
    struct list_link *queue = &cpu->ready[sc->priority];
    list_insert_before(front ? queue->next : queue, &sc->link);
    sc->queued = true;
    cpu->ready_map[switch_map_bit(sc->priority) / 64] |= sc->ready_bit;
    if (sc->priority > cpu->ready_top)
        cpu->ready_top = sc->priority;
}

/* When the CPU goes to another SC: now, and when that one's budget ends, in ticks. */
struct change {
    u64 now, end;
};

/*
 * Whether the CPU may go from the SC of the running thread to `sc` without further ado: nobody more urgent is ready,
 * and its budget ends no earlier than the timer fires anyway. An SC without budget fails the second test.
 */
static ALWAYS_INLINE bool switch_allowed(struct cpu *cpu, struct sc *sc, struct change *c)
{
    c->now = arch_time();
    c->end = c->now + sc->left;
    return sc->priority >= cpu->ready_top && c->end >= cpu->timer_armed;
}

/* From the running SC to `sc`. */
static ALWAYS_INLINE void switch_sc_to(struct cpu *cpu, struct sc *sc, struct change c)
{
    cpu->sc->left = cpu->sc_end - c.now;
    cpu->sc_end = c.end;
    cpu->sc = sc;
}
