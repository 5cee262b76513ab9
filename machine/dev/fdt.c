/* Writing the flattened device tree; see fdt.h. */
#include "machine/dev/fdt.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static void note(struct fdt *t, int result)
{
    if (result < 0 && !t->error)
        t->error = result;
}

void dt_begin(struct fdt *t, const char *name)
{
    note(t, fdt_begin_node(t->blob, name));
}

void dt_begin_at(struct fdt *t, const char *name, uint64_t address)
{
    char full[64];

    snprintf(full, sizeof full, "%s@%llx", name, (unsigned long long)address);
    dt_begin(t, full);
}

void dt_end(struct fdt *t)
{
    note(t, fdt_end_node(t->blob));
}

void dt_strings(struct fdt *t, const char *name, const char *values, int size)
{
    note(t, fdt_property(t->blob, name, values, size));
}

void dt_string(struct fdt *t, const char *name, const char *value)
{
    note(t, fdt_property_string(t->blob, name, value));
}

void dt_empty(struct fdt *t, const char *name)
{
    note(t, fdt_property(t->blob, name, NULL, 0));
}

void dt_cells(struct fdt *t, const char *name, const uint32_t *cells, unsigned count)
{
    void *at;

    note(t, fdt_property_placeholder(t->blob, name, (int)(count * sizeof *cells), &at));
    for (unsigned i = 0; !t->error && i < count; i++)
        fdt32_st((uint32_t *)at + i, cells[i]);
}

void dt_u32(struct fdt *t, const char *name, uint32_t value)
{
    note(t, fdt_property_u32(t->blob, name, value));
}

void dt_u64(struct fdt *t, const char *name, uint64_t value)
{
    note(t, fdt_property_u64(t->blob, name, value));
}

void dt_reg(struct fdt *t, uint64_t address, uint64_t size)
{
    uint32_t cells[] = {(uint32_t)(address >> 32), (uint32_t)address, (uint32_t)(size >> 32), (uint32_t)size};

    dt_cells(t, "reg", cells, 4);
}

void dt_irq(struct fdt *t, uint32_t source)
{
    dt_u32(t, "interrupt-parent", FDT_PHANDLE_PLIC);
    dt_u32(t, "interrupts", source);
}

void dt_hart_irqs(struct fdt *t, uint32_t a, uint32_t b)
{
    uint32_t cells[4 * 64];
    unsigned n = 0;

    for (unsigned i = 0; i < t->hart_count; i++) {
        cells[n++] = FDT_PHANDLE_HART(i);
        cells[n++] = a;
        cells[n++] = FDT_PHANDLE_HART(i);
        cells[n++] = b;
    }
    dt_cells(t, "interrupts-extended", cells, n);
}

void dt_start(struct fdt *t, unsigned hart_count)
{
    memset(t, 0, sizeof *t);
    t->hart_count = hart_count;
    note(t, fdt_create(t->blob, sizeof t->blob));
    note(t, fdt_finish_reservemap(t->blob));
    dt_begin(t, "");
}

int dt_finish_tree(struct fdt *t)
{
    dt_end(t);
    note(t, fdt_finish(t->blob));
    return t->error ? t->error : (int)fdt_totalsize(t->blob);
}
