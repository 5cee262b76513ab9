/* What a system has done, as text and JSON: its harts (board/stats.h), and of a machine of tiles network and tiles. */
#ifndef MACHINE_TILE_REPORT_H
#define MACHINE_TILE_REPORT_H

#include "machine/board/stats.h"
#include "machine/tile/system.h"

/* Takes a sample of all harts' counters. */
void report_take(const struct system *s, struct stats *sample);

/*
 * Prints `harts` (a sample or the difference of two), and network and tiles since reset. `seconds` of host time were
 * spent (0: do not tell).
 */
void report_print(const struct system *s, const struct stats *harts, double seconds, FILE *out);
void report_print_json(const struct system *s, const struct stats *harts, double seconds, FILE *out);

#endif
