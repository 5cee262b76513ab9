/*
 * What each CPU has of its own. One CPU runs today; all that only the running CPU may touch is here, so that more can.
 */
#pragma once

#include "kernel/thread.h"

#define PRIORITIES 256

/*
 * The kernel's stack lies directly below this struct: one pointer serves both.
 * Only the CPU itself touches any of it.
 */
struct cpu {
    struct thread *current;   /* whom the kernel works for and goes back to; kept by the fast path; NULL: idle */
    struct sc *sc;            /* whose time is running */
    u64 sc_end;               /* when its budget ends, in ticks; idle: charged up to here */
    u64 timer_armed;          /* when the timer will fire */
    i64 ready_top;            /* highest priority in the queues, -1 = none */
    u64 hook;                 /* not 0: something is special about every switch (tracing, say); no fast path */
    struct thread *fpu_owner; /* whose registers are in the FPU */

    struct sc *handoff;       /* ready, above all queued; inside the kernel only */
    u64 id;                   /* index; the hart id is the architecture's business */
    u64 ready_map[PRIORITIES / 64];
    struct list_link ready[PRIORITIES];
    struct tree timeouts;
    u64 idle_ticks;
    bool reschedule;          /* the running thread's slice is over */
};

extern struct cpu *const cpu_boot; /* the first CPU */

/* The CPU that executes this: the only place that knows. */
static inline struct cpu *cpu_self(void)
{
    return arch_cpu_self();
}
