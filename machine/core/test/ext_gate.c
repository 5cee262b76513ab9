/*
 * Example of the trap hook, and of instructions that change the address space: a call into another protection domain
 * without the kernel. An exception there ends the call; the caller finds its cause in a7, or ~0 after a return.
 */
#include "machine/core/csr.h"
#include "machine/core/exec.h"

#define CSR_GATE 0x5c0 /* supervisor: entry and address space of the callee */
#define A7       17

struct gate {
    uint64_t entry, satp;
    uint64_t back_pc, back_satp;
    bool inside;
};

static struct gate *gate_of(const struct hart *h)
{
    return h->extra[ISA_EXT_gate];
}

static void go(struct hart *h, uint64_t pc, uint64_t satp)
{
    h->pc = pc;
    h->satp = satp;
    mmu_select(h);
}

static void enter(struct hart *h, uint64_t back)
{
    struct gate *g = gate_of(h);

    g->inside = true;
    g->back_pc = back;
    g->back_satp = h->satp;
    go(h, g->entry, g->satp);
}

static void leave(struct hart *h)
{
    struct gate *g = gate_of(h);

    g->inside = false;
    h->x[A7] = ~UINT64_C(0);
    go(h, g->back_pc, g->back_satp);
}

static bool trap(struct hart *h, uint64_t pc, uint64_t cause, uint64_t tval)
{
    if (h->mode != RV_U || !gate_of(h)->inside || (cause & RV_CAUSE_IRQ))
        return false;
    leave(h);
    h->x[A7] = cause;
    return true;
}

static uint64_t *word_of(struct hart *h, unsigned number)
{
    return number == CSR_GATE ? &gate_of(h)->entry : &gate_of(h)->satp;
}

static uint64_t read_word(struct hart *h, unsigned number)
{
    return *word_of(h, number);
}

static void write_word(struct hart *h, unsigned number, uint64_t value)
{
    *word_of(h, number) = value;
}

static const struct isa_csr csrs[] = {
    {CSR_GATE, 0, "gateentry", read_word, write_word, NULL},
    {CSR_GATE + 1, 0, "gatesatp", read_word, write_word, NULL},
};

#define INSN_FILE "machine/core/test/rv_gate.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_gate = {.name = "gate",
                                           .insns = insn_table,
                                           .insn_count = INSN_COUNT,
                                           .csrs = csrs,
                                           .csr_count = sizeof csrs / sizeof csrs[0],
                                           .state_size = sizeof(struct gate),
                                           .trap = trap};
