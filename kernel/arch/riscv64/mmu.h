/* The kernel's own mappings. */
#pragma once

#include "abi/types.h"

/* Builds them for memory up to `ram_end` and switches to them: text executable, read-only data read-only, the rest
 * neither executable nor visible to users. */
void mmu_init(paddr_t ram_end);
