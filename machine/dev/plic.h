/* The platform-level interrupt controller (hw/plic.h): routes device interrupts to harts, in M- and S-mode. */
#ifndef MACHINE_DEV_PLIC_H
#define MACHINE_DEV_PLIC_H

#include "machine/core/hart.h"
#include "machine/dev/device.h"

#define PLIC_SOURCES    96 /* as on QEMU's virt; source 0 does not exist */
#define PLIC_WORDS      (PLIC_SOURCES / 32)
#define PLIC_CONTEXTS   128 /* two per hart: M, S */
#define PLIC_PRIORITIES 7
#define PLIC_BYTES      0x600000

struct plic {
    struct {
        uint32_t priority[PLIC_SOURCES];
        uint32_t level[PLIC_WORDS];   /* the lines */
        uint32_t pending[PLIC_WORDS]; /* gateways that forwarded a request */
        uint32_t claimed[PLIC_WORDS]; /* gateways that wait for completion */
        uint32_t enable[PLIC_CONTEXTS][PLIC_WORDS];
        uint32_t threshold[PLIC_CONTEXTS];
    } state;
    struct hart *const *harts;
    unsigned hart_count;
    uint64_t base;
};

extern const struct device_ops plic_ops;

void plic_init(struct plic *p, struct hart *const *harts, unsigned count, uint64_t base);

/* The interrupt line of a source (1 to PLIC_SOURCES - 1), level-triggered. */
struct irq_line plic_line(struct plic *p, unsigned source);

struct device plic_device(struct plic *p);

#endif
