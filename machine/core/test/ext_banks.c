/*
 * Example of state in harts: several contexts, each with registers and a pc of its own, between which one instruction
 * switches. A bank that was never used begins where the switch is, with registers of zero.
 */
#include "machine/core/exec.h"

#define BANKS 4

struct banks {
    uint64_t x[BANKS][32];
    uint64_t pc[BANKS];
    uint64_t current;
};

static uint64_t change(struct hart *h, uint64_t to, uint64_t pc)
{
    struct banks *b = h->extra[ISA_EXT_banks];

    memcpy(b->x[b->current], h->x, sizeof b->x[0]);
    b->pc[b->current] = pc;
    b->current = to % BANKS;
    memcpy(h->x, b->x[b->current], sizeof b->x[0]);
    return b->pc[b->current] ? b->pc[b->current] : pc;
}

#define INSN_FILE "machine/core/test/rv_banks.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_banks = {
    .name = "banks", .insns = insn_table, .insn_count = INSN_COUNT, .state_size = sizeof(struct banks)};
