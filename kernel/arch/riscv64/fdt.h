/* Device tree: what the kernel itself needs of it. Everything else is read by the first task. */
#pragma once

#include "abi/types.h"

/* One property, as fdt_walk meets it. */
struct fdt_property {
    const char *node;   /* name of its node, unit address included */
    const char *name;
    const u8 *value;
    u32 length;         /* bytes */
};

/*
 * Calls `visit` for every property, nodes in order (Devicetree specification 0.4, chapter 5). False: not a device tree.
 */
bool fdt_walk(const void *dtb, void (*visit)(void *context, const struct fdt_property *p), void *context);

/* Bytes of the whole blob. */
u32 fdt_size(const void *dtb);

/* Cell i of a value; 0 behind its end. Numbers of two cells: fdt_number. */
u32 fdt_cell(const struct fdt_property *p, u32 i);
u64 fdt_number(const struct fdt_property *p, u32 i);
