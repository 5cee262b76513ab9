/* Privileged instructions: environment calls, returns from traps, waiting, fences of address translation. */
#include "machine/core/exec.h"

static bool may_sret(const struct hart *h)
{
    return h->mode == RV_M || (h->mode == RV_S && !(h->mstatus & RV_STATUS_TSR));
}

/* With mstatus.TW, a wait below M-mode is illegal (after a bounded time, which we choose to be none). */
static bool may_wfi(const struct hart *h)
{
    return h->mode == RV_M || (h->mode == RV_S && !(h->mstatus & RV_STATUS_TW));
}

static bool may_fence(const struct hart *h)
{
    return h->mode == RV_M || (h->mode == RV_S && !(h->mstatus & RV_STATUS_TVM));
}

#define INSN_FILE "machine/core/rv_priv.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_priv = {.name = "priv", .insns = insn_table, .insn_count = INSN_COUNT};
