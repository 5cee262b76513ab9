/* Floating-point state of threads. */
#pragma once

#include "kernel/thread.h"

/* An illegal instruction of t may be its first use of the FPU: loads its state. False: the FPU was on already. */
bool fpu_acquire(struct thread *t);

/* The state that is in the FPU of this CPU is in memory as well. */
void fpu_flush(struct cpu *cpu);

/* All 32 registers to memory and back. */
void fpu_store(u64 f[32]);
void fpu_load(const u64 f[32]);
