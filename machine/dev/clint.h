/*
 * The CLINT: machine timer and machine software interrupts of all harts (hw/clint.h). It also serves the supervisor
 * timers of Sstc, since all compare with the same time.
 */
#ifndef MACHINE_DEV_CLINT_H
#define MACHINE_DEV_CLINT_H

#include "machine/core/hart.h"
#include "machine/dev/device.h"

#define CLINT_MAX_HARTS 64

struct clint_timer {
    struct clint *clint;
    struct hart *hart;
    struct event event;
};

struct clint {
    struct {
        uint64_t mtimecmp[CLINT_MAX_HARTS];
        uint64_t time_offset; /* mtime - time since reset */
        uint32_t msip[CLINT_MAX_HARTS];
    } state;
    struct clint_timer timers[CLINT_MAX_HARTS];
    unsigned hart_count;
    uint64_t base;
    uint64_t cycles_per_tick;
    const struct clock *clock;
};

extern const struct device_ops clint_ops;

/* Makes a CLINT for the harts; `clock` must outlive it. `timebase_hz` must divide the clock's frequency. */
void clint_init(struct clint *c, struct hart *const *harts, unsigned count, uint64_t base, const struct clock *clock,
                uint64_t timebase_hz);

/* mtime at cycle `now`. */
uint64_t clint_time(const struct clint *c, uint64_t now);

/* Recomputes a hart's timer interrupts, after one of its comparators changed. */
void clint_update(struct clint *c, unsigned hart);

struct device clint_device(struct clint *c);

#endif
