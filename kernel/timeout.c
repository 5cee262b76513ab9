/* Timeouts: a tree per CPU, and the timer armed no later than the first of them. */
#include "kernel/cold.h"
#include "kernel/timeout.h"
#include "kernel/clock.h"
#include "kernel/remote.h"

struct kernel_clock kernel_clock;

#define TIMEOUTS_PER_RUN 2 /* for more than that the timer fires again at once */

COLD void timeout_set(struct cpu *cpu, struct timeout *t, u64 ticks)
{
    tree_insert(&cpu->timeouts, &t->link, ticks);
    if (ticks >= cpu->timer_armed)
        return;
    if (cpu != cpu_self()) {
        remote_kick(cpu, REQUEST_TIMER);
        return;
    }
    cpu->timer_armed = ticks;
    arch_timer_set(ticks);
}

void timeout_cancel(struct cpu *cpu, struct timeout *t)
{
    tree_remove(&cpu->timeouts, &t->link);
}

COLD void timeout_run(struct cpu *cpu, u64 now)
{
    struct tree_node *first;
    for (u32 i = 0; i < TIMEOUTS_PER_RUN && (first = tree_first(&cpu->timeouts)) && first->key <= now; i++) {
        struct timeout *t = container_of(first, struct timeout, link);
        tree_remove(&cpu->timeouts, first);
        t->expire(t);
    }
}
