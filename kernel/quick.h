/* Calls of kernel objects, and what only changes who runs. */
#pragma once

#include "kernel/invoke.h"
#include "kernel/irq.h"

/*
 * A call of t by the capability in the slot, which has the right to use what it leads to, that is no message the fast
 * path takes; tag and words are in their registers still (arch_fast_tag, arch_fast_word). Ends in ipc_decline, the
 * kernel left and nothing done, or in one of the ways out below.
 */
void quick_call(u64 selector, const struct slot *s, struct thread *t);

/*
 * Its ways out, supplied by the architecture; none returns. To `to`, which receives a signal: words and tag 0, and the
 * label. To `to`, as its registers are. To the operation, t's words being in t->cold.mr, and then to invoke_ended.
 */
void quick_signal(u64 selector, u64 label, struct thread *t, struct thread *to);
void quick_switch(u64 selector, u64 unused, struct thread *t, struct thread *to);
void quick_operate(u64 selector, struct object *o, struct thread *t, operation_fn *run);

/*
 * The Irq's line has signalled, and the kernel is entered: gives the thread to go on with, and has left the kernel.
 * NULL: nothing has happened.
 */
struct thread *quick_interrupt(struct cpu *cpu, struct irq *irq);
