/*
 * What one CPU does to another. All of it under the kernel's lock. With one CPU none of it does anything.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/space.h"

/* Starts all CPUs but the first, and waits until they have come to the lock. Those that do not come stay off. */
void remote_start_all(void);

/* Waits until the CPU rests; it does so until the lock is released. */
void remote_hold(struct cpu *cpu);

/*
 * The same for the home CPU of t. If t is what that CPU entered the kernel for, it will not go on with it there, but do
 * the same anew when it runs next: t may be changed at will.
 */
void remote_hold_thread(struct thread *t);

/*
 * The same for all CPUs that may run threads in the space: so none of them is on the fast path with a pointer from a
 * slot, or about to use a translation. This is the grace period before anything is taken away from the space.
 */
void remote_hold_space_slow(u64 cpus);
static inline void remote_hold_space(const struct space *s)
{
    u64 others = s->cpus & ~cpu_self()->bit;
    if (others)
        remote_hold_space_slow(others);
}

/* The CPU comes into the kernel soon, if it does not rest at the lock already, and complies with `requests`. */
void remote_kick(struct cpu *cpu, u32 requests);

/* Whether t's state can be relied on: its home is here or rests, or only the lock's holder ends such a state. */
static inline bool remote_settled(const struct thread *t)
{
    return t->home == cpu_self()->id || !thread_fast(t) || cpu_rests(t->cpu);
}

/* t's home CPU looks whether t can take a message from a new sender. */
void remote_look(struct thread *t);

/* The other CPUs that know the space forget the translation of the page, or all of them (FLUSH_ALL). */
void remote_flush_slow(const struct space *s, vaddr_t address);
static inline void remote_flush(const struct space *s, vaddr_t address)
{
    if (s->cpus & ~cpu_self()->bit)
        remote_flush_slow(s, address);
}

/* Code has changed that threads in the space may execute (NULL: nobody yet). */
void remote_code_changed(const struct space *s);

/* t lives on CPU `to` from now on, and with it the SC that it runs on. */
void remote_move(struct thread *t, struct cpu *to);

/* The SC, which is in no queue, counts its time on CPU `to`. */
void remote_move_sc(struct sc *sc, struct cpu *to);
