/* Floating-point state of threads. */
#pragma once

#include "kernel/thread.h"

/* The state that is in the FPU of this CPU is in memory as well. */
void fpu_flush(struct cpu *cpu);

/* All 32 registers to memory. */
void fpu_store(u64 f[32]);
