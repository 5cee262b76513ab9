/* What harts do, as a Chrome trace: privilege as slices, traps as instants, counters at intervals. */
#ifndef MACHINE_TRACE_HART_TRACE_H
#define MACHINE_TRACE_HART_TRACE_H

#include "machine/core/observer.h"
#include "machine/tile/system.h"
#include "machine/trace/chrome.h"
#include "machine/trace/symbols.h"

struct hart_trace {
    struct observer observer; /* first: observers are cast back */
    struct chrome *chrome;
    const struct system *system;
    const struct symbols *symbols;
    int mode[MACHINE_MAX_HARTS]; /* of the slice that is open; -1: none */
    uint64_t next_counters[MACHINE_MAX_HARTS];
    uint64_t last[MACHINE_MAX_HARTS][64];
};

/*
 * Prepares it and names its tracks: harts are threads of one process, or the one of their tile's. Traps name the
 * function they interrupt if it is in `symbols`. The observer is then to be added to the harts.
 */
void hart_trace_begin(struct hart_trace *t, const struct system *s, const struct symbols *symbols,
                      struct chrome *chrome);

/* Ends the slices that are open. */
void hart_trace_end(struct hart_trace *t);

#endif
