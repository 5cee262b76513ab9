/*
 * Writing the flattened device tree, with libfdt. Devices add their nodes in the order in which they are asked; an
 * error is remembered and reported once, at the end.
 */
#ifndef MACHINE_DEV_FDT_H
#define MACHINE_DEV_FDT_H

#include <stdint.h>

#define FDT_BYTES 0x10000

/* phandles: harts' interrupt controllers count from 1 */
#define FDT_PHANDLE_HART(id) (1 + (uint32_t)(id))
#define FDT_PHANDLE_PLIC     0x1000
#define FDT_PHANDLE_SYSCON   0x1001

struct fdt {
    uint8_t blob[FDT_BYTES];
    int error; /* of libfdt; 0: none */
    unsigned hart_count;
};

/* Begins a node named "name@address", or just "name" if dt_begin() is used. */
void dt_begin(struct fdt *t, const char *name);
void dt_begin_at(struct fdt *t, const char *name, uint64_t address);
void dt_end(struct fdt *t);

void dt_string(struct fdt *t, const char *name, const char *value);
/* A list of strings, given as one with NUL between them; `size` includes the last NUL. */
void dt_strings(struct fdt *t, const char *name, const char *values, int size);
void dt_empty(struct fdt *t, const char *name);
void dt_cells(struct fdt *t, const char *name, const uint32_t *cells, unsigned count);
void dt_u32(struct fdt *t, const char *name, uint32_t value);
void dt_u64(struct fdt *t, const char *name, uint64_t value);
/* A reg property of one range, with two cells each for address and size. */
void dt_reg(struct fdt *t, uint64_t address, uint64_t size);
/* interrupts and interrupt-parent for an input of the PLIC. */
void dt_irq(struct fdt *t, uint32_t source);
/* interrupts-extended to two inputs of every hart's interrupt controller: (hart 0, a), (hart 0, b), (hart 1, a) ... */
void dt_hart_irqs(struct fdt *t, uint32_t a, uint32_t b);

/* Begins the tree with its root node open, and ends it. Returns the size in bytes, or a negative libfdt error. */
void dt_start(struct fdt *t, unsigned hart_count);
int dt_finish_tree(struct fdt *t);

#endif
