/*
 * Windows: what happens between two addresses, the first time and on average; such as a kernel's entry and exit. It
 * counts instructions, cycles, and distinct lines of 64 bytes touched, by privilege mode.
 */
#ifndef MACHINE_TRACE_WINDOW_H
#define MACHINE_TRACE_WINDOW_H

#include <stdio.h>

#include "machine/board/machine.h"
#include "machine/core/observer.h"

#define WINDOW_LINES 4096 /* distinct lines remembered per window; a power of two */

struct window_counts {
    uint64_t instructions, cycles, code_lines, data_lines, l1i_misses, l1d_misses;
};

struct window {
    struct observer observer; /* first: observers are cast back */
    uint64_t start, end;
    struct hart *hart; /* inside: whose window it is; NULL: outside */
    uint64_t since;    /* cycle before the present instruction */
    uint64_t misses[2];
    uint64_t lines[WINDOW_LINES]; /* a hash table: line * 2 + 1, code lines with bit 63 */
    unsigned line_count;
    struct window_counts now[4], sum[4], first[4]; /* by privilege mode */
    uint64_t windows;
};

/* Watches from the instruction at `start` (first counted) to that at `end` (not counted any more). */
void window_init(struct window *w, uint64_t start, uint64_t end);

void window_print(const struct window *w, FILE *out);

#endif
