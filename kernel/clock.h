/* Ticks of the machine's time source (arch_time) and the microseconds of the interface. */
#pragma once

#include "abi/types.h"

/* Set once, before anything waits. */
extern struct kernel_clock {
    u64 ticks_per_us;
    u64 boot_ticks; /* time 0 of absolute timeouts */
} kernel_clock;

#define CLOCK_FOR_EVER (1ull << 62) /* ticks; also behind what is added to it */

static inline u64 clock_us_to_ticks(u64 us)
{
    return us < CLOCK_FOR_EVER / kernel_clock.ticks_per_us ? us * kernel_clock.ticks_per_us : CLOCK_FOR_EVER;
}

static inline u64 clock_ticks_to_us(u64 ticks)
{
    return ticks / kernel_clock.ticks_per_us;
}
