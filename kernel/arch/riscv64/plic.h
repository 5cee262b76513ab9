/* The platform-level interrupt controller, context of the boot hart in supervisor mode. */
#pragma once

#include "abi/types.h"

/* `base`: physical address; `sources`: number of lines plus one; `context`: ours. */
void plic_init(paddr_t base, u32 sources, u32 context);

/* Takes the most urgent pending line; 0 if none. It stays silent until arch_line_complete. */
u32 plic_claim(void);
