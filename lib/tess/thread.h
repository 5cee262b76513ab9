/* Threads of the program beyond the first. */
#pragma once

#include "abi/types.h"

struct thread_params {
    vaddr_t pc; /* where it starts, with the argument in a0 */
    vaddr_t sp;
    u64 argument;
    u32 cpu;
    vaddr_t tp; /* thread pointer; its thread-local sys_utcb must be set by its first code to `utcb` */
};

struct thread_caps {
    cap_t thread, sc;
    vaddr_t utcb;
};

/*
 * Creates a thread with pager and exception handler like the first one's, in two steps: thread_create makes it with
 * its UTCB and an SC of this priority, thread_start lets it run. Errors: E_NOMEM, E_AGAIN (no UTCB left).
 */
err_t thread_create(struct thread_caps *out, u32 priority);
err_t thread_start(const struct thread_caps *caps, const struct thread_params *params);

/* Deletes the thread with its SC, and gives UTCB and slots back. Not for the calling thread. */
void thread_destroy(struct thread_caps *caps);

/* The CPUs that are online, bit n for CPU n, as SLOT_SCHEDULER tells; just CPU 0 without it. */
u64 thread_cpus(void);

/* Number n of these, counted round. */
u32 thread_cpu(u32 n);

/*
 * A native thread: on CPU 0, own stack of `stack_size` bytes and thread-local storage; runs `entry(argument)` and then
 * sleeps.
 */
err_t thread_spawn(void (*entry)(void *argument), void *argument, u64 stack_size, u32 priority);
