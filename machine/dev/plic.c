/*
 * The PLIC. Each source has a gateway: a high line makes it pending unless it is claimed; claiming takes it away;
 * completion opens the gateway again, and a line that is still high makes it pending anew.
 */
#include "machine/dev/plic.h"

#include <string.h>

#include "hw/plic.h"
#include "machine/dev/fdt.h"
#include "machine/dev/snapshot.h"

static bool bit(const uint32_t *words, unsigned n)
{
    return words[n / 32] >> (n % 32) & 1;
}

static void set_bit(uint32_t *words, unsigned n, bool on)
{
    words[n / 32] = (words[n / 32] & ~(1u << (n % 32))) | (uint32_t)on << (n % 32);
}

/* The pending, enabled source of highest priority above the threshold, lowest number first; 0 if none. */
static unsigned best_source(const struct plic *p, unsigned context)
{
    unsigned best = 0;
    uint32_t best_priority = p->state.threshold[context];

    for (unsigned w = 0; w < PLIC_WORDS; w++) {
        uint32_t candidates = p->state.pending[w] & p->state.enable[context][w];
        for (; candidates; candidates &= candidates - 1) {
            unsigned source = w * 32 + (unsigned)__builtin_ctz(candidates);
            if (p->state.priority[source] > best_priority) {
                best = source;
                best_priority = p->state.priority[source];
            }
        }
    }
    return best;
}

static void update(struct plic *p)
{
    for (unsigned i = 0; i < p->hart_count; i++) {
        hart_set_irq(p->harts[i], RV_IRQ_MEI, best_source(p, 2 * i) != 0);
        hart_set_irq(p->harts[i], RV_IRQ_SEI, best_source(p, 2 * i + 1) != 0);
    }
}

static void open_gateway(struct plic *p, unsigned source)
{
    if (bit(p->state.level, source) && !bit(p->state.claimed, source))
        set_bit(p->state.pending, source, true);
}

static void set_line(void *controller, unsigned source, bool level)
{
    struct plic *p = controller;

    if (bit(p->state.level, source) == level)
        return;
    set_bit(p->state.level, source, level);
    if (level)
        open_gateway(p, source);
    update(p);
}

static uint32_t claim(struct plic *p, unsigned context)
{
    unsigned source = best_source(p, context);

    if (source) {
        set_bit(p->state.pending, source, false);
        set_bit(p->state.claimed, source, true);
        update(p);
    }
    return source;
}

/* Completions of sources that the context has not enabled are ignored. */
static void complete(struct plic *p, unsigned context, uint64_t source)
{
    if (source == 0 || source >= PLIC_SOURCES || !bit(p->state.enable[context], (unsigned)source))
        return;
    set_bit(p->state.claimed, (unsigned)source, false);
    open_gateway(p, (unsigned)source);
    update(p);
}

/* ---- Registers ---- */

/* Which register an offset means. */
struct reg {
    enum { NOTHING, PRIORITY, PENDING, ENABLE, THRESHOLD, CLAIM } kind;
    unsigned context;
    unsigned index; /* source, or word of sources */
};

static struct reg find_register(const struct plic *p, uint64_t offset)
{
    unsigned contexts = 2 * p->hart_count;

    if (offset < PLIC_PRIORITY(PLIC_SOURCES))
        return (struct reg){PRIORITY, 0, (unsigned)offset / 4};
    if (offset >= PLIC_PENDING(0) && offset < PLIC_PENDING(PLIC_SOURCES))
        return (struct reg){PENDING, 0, (unsigned)(offset - PLIC_PENDING(0)) / 4};
    if (offset >= PLIC_ENABLE(0, 0) && offset < PLIC_ENABLE(contexts, 0)) {
        unsigned word = (unsigned)(offset - PLIC_ENABLE(0, 0)) / 4;
        if (word % 32 < PLIC_WORDS)
            return (struct reg){ENABLE, word / 32, word % 32};
    }
    if (offset >= PLIC_THRESHOLD(0) && offset < PLIC_THRESHOLD(contexts)) {
        unsigned context = (unsigned)((offset - PLIC_THRESHOLD(0)) / 0x1000);
        if (offset == PLIC_THRESHOLD(context))
            return (struct reg){THRESHOLD, context, 0};
        if (offset == PLIC_CLAIM(context))
            return (struct reg){CLAIM, context, 0};
    }
    return (struct reg){NOTHING, 0, 0};
}

static bool plic_read(void *device, uint64_t offset, unsigned size, uint64_t *value)
{
    struct plic *p = device;
    struct reg r = find_register(p, offset);

    if (size != 4)
        return false;
    switch (r.kind) {
    case PRIORITY:
        *value = p->state.priority[r.index];
        break;
    case PENDING:
        *value = p->state.pending[r.index];
        break;
    case ENABLE:
        *value = p->state.enable[r.context][r.index];
        break;
    case THRESHOLD:
        *value = p->state.threshold[r.context];
        break;
    case CLAIM:
        *value = claim(p, r.context);
        break;
    case NOTHING:
        break;
    }
    return true;
}

static bool plic_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct plic *p = device;
    struct reg r = find_register(p, offset);

    if (size != 4)
        return false;
    switch (r.kind) {
    case PRIORITY:
        p->state.priority[r.index] = r.index ? (uint32_t)value & PLIC_PRIORITIES : 0;
        break;
    case ENABLE:
        p->state.enable[r.context][r.index] = (uint32_t)value & (r.index ? UINT32_MAX : ~1u);
        break;
    case THRESHOLD:
        p->state.threshold[r.context] = (uint32_t)value & PLIC_PRIORITIES;
        break;
    case CLAIM:
        complete(p, r.context, value);
        break;
    case PENDING:
    case NOTHING:
        break;
    }
    update(p);
    return true;
}

const struct device_ops plic_ops = {"plic", plic_read, plic_write};

/* ---- Life ---- */

static void reset(void *self)
{
    struct plic *p = self;

    memset(&p->state, 0, sizeof p->state);
}

void plic_init(struct plic *p, struct hart *const *harts, unsigned count, uint64_t base)
{
    *p = (struct plic){.harts = harts, .hart_count = count, .base = base};
}

struct irq_line plic_line(struct plic *p, unsigned source)
{
    return (struct irq_line){set_line, p, source};
}

static void describe(void *self, struct fdt *t)
{
    static const char compatible[] = "sifive,plic-1.0.0\0riscv,plic0";
    struct plic *p = self;

    dt_begin_at(t, "plic", p->base);
    dt_strings(t, "compatible", compatible, sizeof compatible);
    dt_reg(t, p->base, PLIC_BYTES);
    dt_u32(t, "phandle", FDT_PHANDLE_PLIC);
    dt_u32(t, "riscv,ndev", PLIC_SOURCES - 1);
    dt_empty(t, "interrupt-controller");
    dt_u32(t, "#interrupt-cells", 1);
    dt_u32(t, "#address-cells", 0);
    dt_hart_irqs(t, RV_IRQ_MEI, RV_IRQ_SEI);
    dt_end(t);
}

static void snapshot(void *self, struct snapshot *shot)
{
    struct plic *p = self;

    snapshot_state(shot, "plic", &p->state);
    if (!shot->saving)
        update(p);
}

struct device plic_device(struct plic *p)
{
    return (struct device){p, describe, snapshot, reset};
}
