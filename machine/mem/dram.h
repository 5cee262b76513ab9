/* DRAM timing: banks with an open row each, and a channel that moves one line at a time. */
#ifndef MACHINE_MEM_DRAM_H
#define MACHINE_MEM_DRAM_H

#include "machine/core/params.h"

#define DRAM_MAX_BANKS 256

struct dram {
    const struct timing_params *params;
    uint64_t open_row[DRAM_MAX_BANKS]; /* row number + 1; 0: none */
    uint64_t channel_free;             /* cycle from which the channel can take another line */
    uint64_t reads, row_hits;
};

/* Cycles until the line at physical address `pa`, asked for at cycle `now`, has arrived. */
uint32_t dram_read(struct dram *d, uint64_t pa, uint64_t now);

/* A line is written back: it only occupies the channel. */
void dram_write(struct dram *d, uint64_t pa, uint64_t now);

#endif
