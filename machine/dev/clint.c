/* The CLINT; see clint.h. Interrupts follow from comparing, so there is one event per hart: the next comparator due. */
#include "machine/dev/clint.h"

#include "hw/clint.h"
#include "machine/dev/fdt.h"
#include "machine/dev/snapshot.h"

uint64_t clint_time(const struct clint *c, uint64_t now)
{
    return now / c->cycles_per_tick + c->state.time_offset;
}

/* The cycle at which mtime reaches `ticks`; EVENT_NEVER if that is beyond the cycle counter. */
static uint64_t cycle_of(const struct clint *c, uint64_t ticks)
{
    uint64_t cycle;
    uint64_t since_reset = ticks - c->state.time_offset;

    return __builtin_mul_overflow(since_reset, c->cycles_per_tick, &cycle) ? EVENT_NEVER : cycle;
}

void clint_update(struct clint *c, unsigned id)
{
    struct hart *h = c->timers[id].hart;
    uint64_t time = clint_time(c, clock_now(c->clock));
    uint64_t mtimecmp = c->state.mtimecmp[id];
    bool sstc = h->menvcfg & RV_ENVCFG_STCE;
    uint64_t next = UINT64_MAX;

    hart_set_irq(h, RV_IRQ_MTI, time >= mtimecmp);
    hart_set_irq(h, RV_IRQ_STI, sstc && time >= h->stimecmp);
    if (mtimecmp > time)
        next = mtimecmp;
    if (sstc && h->stimecmp > time && h->stimecmp < next)
        next = h->stimecmp;
    clock_schedule(c->clock, &c->timers[id].event, next == UINT64_MAX ? EVENT_NEVER : cycle_of(c, next));
}

static void timer_due(void *ctx)
{
    struct clint_timer *t = ctx;
    clint_update(t->clint, t->hart->id);
}

static void update_all(struct clint *c)
{
    for (unsigned i = 0; i < c->hart_count; i++)
        clint_update(c, i);
}

/* ---- Registers: 32-bit and 64-bit accesses to 64-bit registers, 32-bit ones to the others ---- */

static uint64_t part(uint64_t value, uint64_t offset, unsigned size)
{
    return size == 8 ? value : (uint32_t)(value >> (offset & 4 ? 32 : 0));
}

static uint64_t merge(uint64_t old, uint64_t offset, unsigned size, uint64_t value)
{
    if (size == 8)
        return value;
    return offset & 4 ? (uint32_t)old | value << 32 : (old & ~UINT64_C(0xffffffff)) | (uint32_t)value;
}

static bool clint_read(void *device, uint64_t offset, unsigned size, uint64_t *value)
{
    struct clint *c = device;

    if (size < 4)
        return false;
    if (offset < CLINT_MSIP(c->hart_count))
        *value = c->state.msip[offset / 4];
    else if (offset >= CLINT_MTIMECMP(0) && offset < CLINT_MTIMECMP(c->hart_count))
        *value = part(c->state.mtimecmp[(offset - CLINT_MTIMECMP(0)) / 8], offset, size);
    else if ((offset & ~7ull) == CLINT_MTIME)
        *value = part(clint_time(c, clock_now(c->clock)), offset, size);
    return true;
}

static void write_mtime(struct clint *c, uint64_t offset, unsigned size, uint64_t value)
{
    uint64_t now = clint_time(c, clock_now(c->clock));

    c->state.time_offset += merge(now, offset, size, value) - now;
    update_all(c);
}

static bool clint_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct clint *c = device;

    if (size < 4)
        return false;
    if (offset < CLINT_MSIP(c->hart_count)) {
        unsigned hart = (unsigned)offset / 4;
        c->state.msip[hart] = value & 1;
        hart_set_irq(c->timers[hart].hart, RV_IRQ_MSI, value & 1);
    } else if (offset >= CLINT_MTIMECMP(0) && offset < CLINT_MTIMECMP(c->hart_count)) {
        unsigned hart = (unsigned)(offset - CLINT_MTIMECMP(0)) / 8;
        c->state.mtimecmp[hart] = merge(c->state.mtimecmp[hart], offset, size, value);
        clint_update(c, hart);
    } else if ((offset & ~7ull) == CLINT_MTIME) {
        write_mtime(c, offset, size, value);
    }
    return true;
}

const struct device_ops clint_ops = {"clint", clint_read, clint_write};

/* ---- Life ---- */

static void reset(void *self)
{
    struct clint *c = self;

    for (unsigned i = 0; i < c->hart_count; i++) {
        c->state.mtimecmp[i] = UINT64_MAX;
        c->state.msip[i] = 0;
        clock_schedule(c->clock, &c->timers[i].event, EVENT_NEVER);
    }
}

void clint_init(struct clint *c, struct hart *const *harts, unsigned count, uint64_t base, const struct clock *clock,
                uint64_t timebase_hz)
{
    *c = (struct clint){.hart_count = count, .base = base, .cycles_per_tick = clock->hz / timebase_hz, .clock = clock};
    for (unsigned i = 0; i < count; i++) {
        c->timers[i].clint = c;
        c->timers[i].hart = harts[i];
        event_init(&c->timers[i].event, timer_due, &c->timers[i]);
        c->state.mtimecmp[i] = UINT64_MAX;
    }
}

static void describe(void *self, struct fdt *t)
{
    static const char compatible[] = "sifive,clint0\0riscv,clint0";
    struct clint *c = self;

    dt_begin_at(t, "clint", c->base);
    dt_strings(t, "compatible", compatible, sizeof compatible);
    dt_reg(t, c->base, CLINT_SIZE);
    dt_hart_irqs(t, RV_IRQ_MSI, RV_IRQ_MTI);
    dt_end(t);
}

static void snapshot(void *self, struct snapshot *shot)
{
    struct clint *c = self;

    snapshot_state(shot, "clint", &c->state);
    if (!shot->saving)
        update_all(c);
}

struct device clint_device(struct clint *c)
{
    return (struct device){c, describe, snapshot, reset};
}
