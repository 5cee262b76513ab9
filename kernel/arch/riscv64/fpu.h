/* Floating-point state of threads. */
#pragma once

#include "kernel/thread.h"

/* An illegal instruction of t may be its first use of the FPU: loads its state. False: the FPU was on already. */
bool fpu_acquire(struct thread *t);

/* All 32 registers to memory and back. */
void fpu_store(u64 f[32]);
void fpu_load(const u64 f[32]);
