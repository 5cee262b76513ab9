/* Points in time at which something happens: threads give up waiting, SCs get a new budget. */
#pragma once

#include "lib/base/tree.h"

struct cpu;

struct timeout {
    struct tree_node link; /* in cpu->timeouts, keyed by time in ticks */
    void (*expire)(struct timeout *self);
};

/* Arms it for the absolute time `ticks`, on any CPU; it must not be armed. */
void timeout_set(struct cpu *cpu, struct timeout *t, u64 ticks);

/* Disarms it; harmless if it is not armed. */
void timeout_cancel(struct cpu *cpu, struct timeout *t);

/* Expires some of those that are due, the first ones. */
void timeout_run(struct cpu *cpu, u64 now);

static inline void timeout_drop(struct cpu *cpu, struct timeout *t)
{
    if (tree_linked(&t->link))
        timeout_cancel(cpu, t);
}
