/*
 * What a device model has in common with others: its registers come through the bus (mem/bus.h), it raises interrupt
 * lines, knows the time, describes itself in the device tree, and can be saved and restored.
 *
 * A device never trusts what a guest writes, and what it does not understand it answers like hardware: reserved bits
 * read as zero, writes to nowhere are ignored.
 */
#ifndef MACHINE_DEV_DEVICE_H
#define MACHINE_DEV_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/mem/bus.h"
#include "machine/mem/event.h"

struct fdt;
struct snapshot;

/* One input of an interrupt controller. */
struct irq_line {
    void (*set)(void *controller, unsigned input, bool level);
    void *controller;
    unsigned input;
};

static inline void irq_set(const struct irq_line *line, bool level)
{
    if (line->set)
        line->set(line->controller, line->input, level);
}

/* Simulated time as devices see it: cycles of the machine's clock. */
struct clock {
    uint64_t (*now)(void *machine);
    void (*schedule)(void *machine, struct event *e, uint64_t at);
    void *machine;
    uint64_t hz;
};

static inline uint64_t clock_now(const struct clock *c)
{
    return c->now(c->machine);
}

static inline void clock_schedule(const struct clock *c, struct event *e, uint64_t at)
{
    c->schedule(c->machine, e, at);
}

/* An entry in the machine's list of devices. Functions may be NULL. */
struct device {
    void *self;
    void (*describe)(void *self, struct fdt *tree);      /* adds the device's node to the device tree */
    void (*snapshot)(void *self, struct snapshot *shot); /* saves or restores the device's state */
    void (*reset)(void *self);
};

#endif
