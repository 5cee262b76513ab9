/* The platform-level interrupt controller: each CPU has a context there, that of its hart in supervisor mode. */
#pragma once

#include "abi/types.h"

/* `base`: physical address; `sources`: number of lines plus one. */
void plic_init(paddr_t base, u32 sources);

/* CPU number `cpu` has this context; no line is enabled there. */
void plic_add_cpu(u64 cpu, u32 context);

/* From now on its lines may signal. On that hart: the firmware closes the context of a hart that it starts. */
void plic_open(u64 cpu);

/* Takes the most urgent line that is pending for this CPU; 0 if none. It stays silent until arch_line_complete. */
u32 plic_claim(void);
