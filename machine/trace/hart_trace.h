/* What harts do, as a Chrome trace: privilege as slices, traps as instants, counters at intervals. */
#ifndef MACHINE_TRACE_HART_TRACE_H
#define MACHINE_TRACE_HART_TRACE_H

#include "machine/board/machine.h"
#include "machine/core/observer.h"
#include "machine/trace/chrome.h"

struct hart_trace {
    struct observer observer; /* first: observers are cast back */
    struct chrome chrome;
    struct machine *machine;
    int mode[MACHINE_MAX_HARTS]; /* of the slice that is open; -1: none */
    uint64_t next_counters[MACHINE_MAX_HARTS];
    uint64_t last[MACHINE_MAX_HARTS][64];
};

/* Opens the trace and names its tracks. The observer is then to be added to the harts. */
bool hart_trace_open(struct hart_trace *t, struct machine *m, const char *path);
bool hart_trace_close(struct hart_trace *t);

#endif
