/*
 * The modelled TLBs, in time only: first level per kind of access, fully associative; second level shared by both,
 * direct mapped. Entries are tagged with the address space (satp and mode), so switches do not flush.
 */
#ifndef MACHINE_CORE_TLBTIME_H
#define MACHINE_CORE_TLBTIME_H

#include "machine/core/mmu.h"
#include "machine/core/params.h"

struct tlbtime_entry {
    uint64_t space; /* which address space; 0: invalid */
    uint64_t page;  /* first address */
    uint64_t size;
    uint64_t used;
};

struct tlbtime {
    const struct timing_params *params;
    struct tlbtime_entry *first[2]; /* [0] data, [1] instructions */
    struct tlbtime_entry *second;
    struct tlbtime_entry *last[2]; /* the entry that hit last: most accesses hit it again */
    uint64_t clock;
};

enum tlbtime_result {
    TLBTIME_HIT,
    TLBTIME_SECOND,
    TLBTIME_WALK, /* *walk says what memory that touches */
};

bool tlbtime_init(struct tlbtime *t, const struct timing_params *params);
void tlbtime_free(struct tlbtime *t);
void tlbtime_flush(struct tlbtime *t);

/* Looks up the translation of `va` for the hart's present address space, and brings it in if it is missing. */
enum tlbtime_result tlbtime_lookup(struct tlbtime *t, struct hart *h, uint64_t va, enum mmu_access access,
                                   struct mmu_walk *walk);

struct snapshot;
void tlbtime_snapshot(struct tlbtime *t, struct snapshot *s);

#endif
