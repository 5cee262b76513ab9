/* The first C code of a native program. */
#include "lib/tess/program.h"

#include "lib/tess/env.h"
#include "lib/tess/log.h"
#include "lib/tess/slot.h"
#include "lib/tess/tls.h"
#include "proto/proc.h"

static _Alignas(16) char first_tls[512];

static void take_start_slots(void)
{
    for (cap_t slot = SLOT_FIRST; slot < env_start->first_slot; slot++)
        slot_take(slot);
}

_Noreturn void program_start(const struct start_block *start)
{
    if (tls_size() <= sizeof first_tls)
        tls_start(first_tls, START_UTCB);
    env_start = start;
    take_start_slots();
    program_exit(((u32)main() & 0xff) << 8);
}

_Noreturn void program_exit(u32 status)
{
    proc_exit(SLOT_PROC, status);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}
