/* What the library needs of the CPU, one file per architecture: arch/ARCH/cpu.c and start.S. */
#pragma once

#include "abi/types.h"

/* The time counter. */
u64 arch_time(void);

/* Sets the calling thread's pointer to its thread-local storage. */
void arch_set_thread_pointer(void *tp);

/* Where a native thread begins: calls a0 = `struct thread_start *` on its stack. */
void arch_thread_entry(void);

/* Where a passive thread begins, with a message in its registers: see lib/tess/passive.h. */
void arch_passive_entry(void);
