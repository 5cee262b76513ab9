/*
 * Example of the interrupt hooks: interrupts between user programs, delivered to a handler in user mode without the
 * kernel. Registers: the handler, where it returns to, and whether one is pending.
 */
#include "machine/core/csr.h"
#include "machine/core/exec.h"

#define CSR_UINTR 0x808

struct uintr {
    uint64_t handler, pc, pending;
    bool inside;
};

static struct uintr *uintr_of(const struct hart *h)
{
    return h->extra[ISA_EXT_uintr];
}

static void send(struct hart *h, uint64_t to)
{
    struct hart *other = hart_find(h, to);

    if (!other)
        return;
    uintr_of(other)->pending = 1;
    hart_nudge(other);
}

static uint64_t leave(struct hart *h)
{
    uintr_of(h)->inside = false;
    return uintr_of(h)->pc;
}

static bool interrupt(struct hart *h)
{
    struct uintr *u = uintr_of(h);

    if (h->mode != RV_U || u->inside || !u->pending || !u->handler)
        return false;
    u->inside = true;
    u->pc = h->pc;
    h->pc = u->handler;
    return true;
}

static bool wakes(const struct hart *h)
{
    return uintr_of(h)->pending;
}

static uint64_t *word_of(struct hart *h, unsigned number)
{
    struct uintr *u = uintr_of(h);
    uint64_t *const words[] = {&u->handler, &u->pc, &u->pending};

    return words[number - CSR_UINTR];
}

static uint64_t read_word(struct hart *h, unsigned number)
{
    return *word_of(h, number);
}

static void write_word(struct hart *h, unsigned number, uint64_t value)
{
    *word_of(h, number) = value & ~1ull;
}

static const struct isa_csr csrs[] = {
    {CSR_UINTR, ISA_CSR_SYNC, "uihandler", read_word, write_word, NULL},
    {CSR_UINTR + 1, ISA_CSR_SYNC, "uipc", read_word, write_word, NULL},
    {CSR_UINTR + 2, ISA_CSR_SYNC, "uipending", read_word, write_word, NULL},
};

#define INSN_FILE "machine/core/test/rv_uintr.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_uintr = {.name = "uintr",
                                            .insns = insn_table,
                                            .insn_count = INSN_COUNT,
                                            .csrs = csrs,
                                            .csr_count = sizeof csrs / sizeof csrs[0],
                                            .state_size = sizeof(struct uintr),
                                            .interrupt = interrupt,
                                            .wakes = wakes};
