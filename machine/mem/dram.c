/* DRAM timing; see dram.h. Consecutive rows lie in different banks. */
#include "machine/mem/dram.h"

#include <stdbool.h>

/* Opens the row of `pa`. Returns the cycles that takes, with the access itself. */
static uint32_t open_row(struct dram *d, uint64_t pa)
{
    uint64_t row = pa / d->params->dram_row_bytes;
    uint64_t *open = &d->open_row[row & (d->params->dram_banks - 1)];
    uint32_t cycles = d->params->dram_row_conflict;

    if (*open == row + 1) {
        d->row_hits++;
        return d->params->dram_row_hit;
    }
    if (*open == 0)
        cycles = d->params->dram_row_closed;
    *open = row + 1;
    return cycles;
}

static uint64_t occupy_channel(struct dram *d, uint64_t now)
{
    uint64_t start = d->channel_free > now ? d->channel_free : now;

    d->channel_free = start + d->params->dram_burst;
    return start - now;
}

uint32_t dram_read(struct dram *d, uint64_t pa, uint64_t now)
{
    d->reads++;
    return (uint32_t)occupy_channel(d, now) + open_row(d, pa) + d->params->dram_burst;
}

void dram_write(struct dram *d, uint64_t pa, uint64_t now)
{
    occupy_channel(d, now);
    open_row(d, pa);
}
