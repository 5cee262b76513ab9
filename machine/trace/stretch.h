/*
 * The longest stretch for which a kernel keeps interrupts out: from its entry, or from a look at `sip` that found
 * nothing to serve, to its way out, to wfi, or to the next such look. A kernel that runs with interrupts off and looks
 * for them between steps notices one after a stretch at most.
 */
#ifndef MACHINE_TRACE_STRETCH_H
#define MACHINE_TRACE_STRETCH_H

#include <stdio.h>

#include "machine/board/machine.h"
#include "machine/core/observer.h"
#include "machine/trace/symbols.h"

#define STRETCH_PCS 65536 /* instructions of a stretch that are remembered, the first ones */

struct stretch_hart {
    bool begun;      /* has come to user mode or wfi: what goes before is boot */
    uint64_t length; /* instructions of the present stretch */
    uint64_t *pcs;   /* STRETCH_PCS of them */
};

struct stretch {
    struct observer observer; /* first: observers are cast back */
    const struct symbols *symbols;
    struct stretch_hart harts[MACHINE_MAX_HARTS];
    uint64_t count;   /* of stretches */
    uint64_t longest; /* instructions, of kernel and firmware */
    unsigned longest_hart;
    uint64_t *longest_pcs;
};

/* The observer is then to be added to the harts. */
void stretch_init(struct stretch *s, const struct symbols *symbols);

/* Length of the longest, where it began and ended, and in which functions it was spent. */
void stretch_print(const struct stretch *s, FILE *out);

void stretch_free(struct stretch *s);

#endif
