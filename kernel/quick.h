/* What only changes who runs, done at once. */
#pragma once

#include "kernel/irq.h"

/*
 * A call of t through the slot, with the right to use what it leads to, that is no message the fast path takes; tag and
 * words are in their registers still (arch_fast_tag, arch_fast_word). Ends in one of the ways out below.
 */
void quick_call(u64 selector, struct slot *s, struct thread *t);

/*
 * Its ways out, supplied by the architecture; none returns. To `to`, which receives a signal: words and tag 0, and the
 * label. To `to`, as its registers are. To invoke_call: nothing has happened.
 */
void quick_signal(u64 selector, u64 label, struct thread *t, struct thread *to);
void quick_switch(u64 selector, u64 unused, struct thread *t, struct thread *to);
void quick_decline(u64 selector, struct slot *s, struct thread *t);

/*
 * The Irq's line has signalled, and the kernel is entered: gives the thread to go on with, and has left the kernel.
 * NULL: nothing has happened.
 */
struct thread *quick_interrupt(struct cpu *cpu, struct irq *irq);
