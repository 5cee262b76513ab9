/* Timeouts: a tree per CPU, and the timer armed no later than the first of them. */
#include "kernel/timeout.h"
#include "kernel/clock.h"
#include "kernel/remote.h"

struct kernel_clock kernel_clock;

void timeout_set(struct cpu *cpu, struct timeout *t, u64 ticks)
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

void timeout_run(struct cpu *cpu, u64 now)
{
    struct tree_node *first;
    while ((first = tree_first(&cpu->timeouts)) && first->key <= now) {
        struct timeout *t = container_of(first, struct timeout, link);
        tree_remove(&cpu->timeouts, first);
        t->expire(t);
    }
}
