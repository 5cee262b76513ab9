/* Statistics: what a machine has done between two samples, as text or JSON. */
#ifndef MACHINE_BOARD_STATS_H
#define MACHINE_BOARD_STATS_H

#include <stdio.h>

#include "machine/board/machine.h"
#include "machine/core/timing.h"

struct stats {
    uint64_t cycles, device_accesses;
    uint64_t dram_reads, dram_row_hits;
    unsigned harts;
    unsigned number[MACHINE_MAX_HARTS]; /* by which people know the hart */
    uint64_t instructions[MACHINE_MAX_HARTS];
    uint64_t events[MACHINE_MAX_HARTS][TIMING_EVENTS]; /* zero without the timing model */
};

/* Takes a sample of a machine's counters; `add` puts another board's harts beside those that are there. */
void stats_take(const struct machine *m, struct stats *s);
void stats_add_board(struct stats *s, const struct machine *m);

/* What happened from `from` to `to`. */
void stats_subtract(struct stats *to, const struct stats *from);

/* Adds one difference to another. */
void stats_add(struct stats *sum, const struct stats *more);

/* Prints them; `seconds` of host time were spent (0: do not tell). The JSON object is left open for more fields. */
void stats_print(const struct stats *s, double seconds, FILE *out);
void stats_print_json(const struct stats *s, double seconds, FILE *out);

#endif
