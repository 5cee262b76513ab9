/* What the program was started with: its start block, and capabilities by name. */
#pragma once

#include "lib/tess/start.h"

/* The program's start block, set before main. */
extern const struct start_block *env_start;

/* Slot of the initial capability `name`, 0 if the program was given none. */
cap_t env_cap(const char *name);

/* Argument i, NULL behind the last. */
const char *env_arg(u32 i);
