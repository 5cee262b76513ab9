/* Traps: exceptions, interrupts and the ways back. */
#include "machine/core/exec.h"
#include "machine/mem/bus.h"

uint64_t hart_mip(const struct hart *h)
{
    uint64_t software = h->mip;

    if (h->menvcfg & RV_ENVCFG_STCE)
        software &= ~RV_BIT(RV_IRQ_STI); /* the bit then belongs to the comparator */
    return software | h->irq_lines;
}

void hart_set_irq(struct hart *h, enum rv_irq irq, bool level)
{
    if (level)
        h->irq_lines |= RV_BIT(irq);
    else
        h->irq_lines &= ~RV_BIT(irq);
    hart_nudge(h);
}

void hart_nudge(struct hart *h)
{
    if (h->waiting && hart_wakes(h))
        h->waiting = false;
}

bool hart_wakes(const struct hart *h)
{
    return (hart_mip(h) & h->mie) || (h->isa->hooks.interrupt && isa_wakes(h));
}

void hart_set_mode(struct hart *h, enum rv_mode mode)
{
    h->mode = (uint8_t)mode;
    mmu_select(h);
}

/* The vector for `cause`: direct, or for interrupts in vectored mode one word for each. */
static uint64_t vector(uint64_t tvec, uint64_t cause)
{
    uint64_t base = tvec & ~3ull;

    return (tvec & 1) && (cause & RV_CAUSE_IRQ) ? base + 4 * (cause & 63) : base;
}

static void enter_s(struct hart *h, uint64_t pc, uint64_t cause, uint64_t tval)
{
    uint64_t s = h->mstatus & ~(RV_STATUS_SPIE | RV_STATUS_SPP | RV_STATUS_SIE);

    s |= h->mstatus & RV_STATUS_SIE ? RV_STATUS_SPIE : 0;
    s |= h->mode == RV_S ? RV_STATUS_SPP : 0;
    h->mstatus = s;
    h->sepc = pc;
    h->scause = cause;
    h->stval = tval;
    h->pc = vector(h->stvec, cause);
    hart_set_mode(h, RV_S);
}

static void enter_m(struct hart *h, uint64_t pc, uint64_t cause, uint64_t tval)
{
    uint64_t s = h->mstatus & ~(RV_STATUS_MPIE | RV_STATUS_MPP | RV_STATUS_MIE);

    s |= h->mstatus & RV_STATUS_MIE ? RV_STATUS_MPIE : 0;
    s |= (uint64_t)h->mode << 11;
    h->mstatus = s;
    h->mepc = pc;
    h->mcause = cause;
    h->mtval = tval;
    h->pc = vector(h->mtvec, cause);
    hart_set_mode(h, RV_M);
}

static void enter(struct hart *h, uint64_t pc, uint64_t cause, uint64_t tval)
{
    uint64_t delegated = cause & RV_CAUSE_IRQ ? h->mideleg : h->medeleg;

    h->reserved = 0;
    if (h->isa->hooks.trap && isa_trap(h, pc, cause, tval))
        return;
    if (h->mode != RV_M && (delegated >> (cause & 63) & 1))
        enter_s(h, pc, cause, tval);
    else
        enter_m(h, pc, cause, tval);
}

static bool is_access_fault(unsigned cause)
{
    return cause == RV_FETCH_ACCESS || cause == RV_LOAD_ACCESS || cause == RV_STORE_ACCESS;
}

const struct op *hart_trap(struct hart *h, uint64_t pc, unsigned cause, uint64_t tval)
{
    if (h->refused && is_access_fault(cause))
        bus_tell_refused(h->bus, h->refused_pa, h->refused_write);
    h->refused = false;
    enter(h, pc, cause, tval);
    h->leave = HART_LEFT_TRAPPED;
    return NULL;
}

/* Interrupts that the present mode lets through. Those not delegated go to M and are more urgent. */
static uint64_t deliverable(const struct hart *h)
{
    uint64_t pending = hart_mip(h) & h->mie;
    bool m_open = h->mode < RV_M || (h->mstatus & RV_STATUS_MIE);
    bool s_open = h->mode < RV_S || (h->mode == RV_S && (h->mstatus & RV_STATUS_SIE));
    uint64_t for_m = m_open ? pending & ~h->mideleg : 0;

    return for_m ? for_m : s_open ? pending & h->mideleg : 0;
}

bool hart_take_interrupt(struct hart *h)
{
    static const uint8_t by_urgency[] = {RV_IRQ_MEI, RV_IRQ_MSI, RV_IRQ_MTI, RV_IRQ_SEI, RV_IRQ_SSI, RV_IRQ_STI};
    uint64_t irqs = deliverable(h);

    if (!irqs)
        return h->isa->hooks.interrupt && isa_interrupt(h);
    for (unsigned i = 0; i < sizeof by_urgency; i++) {
        if (irqs >> by_urgency[i] & 1) {
            enter(h, h->pc, RV_CAUSE_IRQ | by_urgency[i], 0);
            return true;
        }
    }
    return false;
}

void hart_return_m(struct hart *h)
{
    enum rv_mode to = (enum rv_mode)((h->mstatus & RV_STATUS_MPP) >> 11);
    uint64_t s = h->mstatus & ~(RV_STATUS_MIE | RV_STATUS_MPP);

    s |= h->mstatus & RV_STATUS_MPIE ? RV_STATUS_MIE : 0;
    s |= RV_STATUS_MPIE;
    if (to != RV_M)
        s &= ~RV_STATUS_MPRV;
    h->mstatus = s;
    h->pc = h->mepc;
    hart_set_mode(h, to);
}

void hart_return_s(struct hart *h)
{
    enum rv_mode to = h->mstatus & RV_STATUS_SPP ? RV_S : RV_U;
    uint64_t s = h->mstatus & ~(RV_STATUS_SIE | RV_STATUS_SPP | RV_STATUS_MPRV);

    s |= h->mstatus & RV_STATUS_SPIE ? RV_STATUS_SIE : 0;
    s |= RV_STATUS_SPIE;
    h->mstatus = s;
    h->pc = h->sepc;
    hart_set_mode(h, to);
}
