/* Time since boot, read without a system call. */
#pragma once

#include "abi/types.h"

/* Microseconds since boot. */
usec_t time_now(void);

/* Receive timeout word for the point in time `deadline`, at most TIMEOUT_MAX microseconds away; in the past: zero. */
u32 time_until(usec_t deadline);
