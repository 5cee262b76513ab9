/* Random bytes. */
#pragma once

#include <stddef.h>

/* Fills `n` bytes. Unpredictable only as far as the time counter and the process are: see docs/caveats.md. */
void random_fill(void *to, size_t n);
