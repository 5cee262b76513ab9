/* The test finisher (hw/sifive_test.h): how a guest powers the machine off or resets it. */
#ifndef MACHINE_DEV_SYSCON_H
#define MACHINE_DEV_SYSCON_H

#include "machine/dev/device.h"

struct syscon {
    uint64_t base;
    void (*power_off)(void *machine, unsigned exit_code);
    void (*reset)(void *machine);
    void *machine;
};

extern const struct device_ops syscon_ops;

struct device syscon_device(struct syscon *s);

#endif
