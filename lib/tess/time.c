/* Time since boot from the CPU's time counter. */
#include "lib/tess/time.h"

#include "abi/invoke.h"
#include "lib/tess/arch.h"
#include "lib/tess/env.h"

#define US_PER_S 1000000ull

/* In two steps, because ticks * 1000000 would overflow after weeks. */
usec_t time_now(void)
{
    u64 ticks = arch_time() - env_start->boot_ticks, hz = env_start->timebase_hz;
    return ticks / hz * US_PER_S + ticks % hz * US_PER_S / hz;
}

u32 time_until(usec_t deadline)
{
    usec_t now = time_now();
    if (deadline <= now)
        return TIMEOUT_ZERO;
    return deadline - now < TIMEOUT_MAX ? (u32)(deadline - now) + TIMEOUT_ZERO : TIMEOUT_MAX;
}
