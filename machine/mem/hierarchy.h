/*
 * The memory hierarchy of a coherent machine, in time only: first-level caches per core, a shared, inclusive second
 * level whose lines carry the directory, and DRAM. It answers what an access costs and moves tags and states; data
 * are in RAM all the time.
 *
 *   state in a core's cache   the directory has
 *   modified, exclusive       owned by that core, only sharer
 *   shared                    not owned, a sharer among possibly others
 */
#ifndef MACHINE_MEM_HIERARCHY_H
#define MACHINE_MEM_HIERARCHY_H

#include "machine/core/params.h"
#include "machine/mem/cache.h"
#include "machine/mem/dram.h"

#define HIERARCHY_MAX_CORES 64

struct hierarchy_counts {
    uint64_t l2_miss, probe, upgrade;
};

/* Memory beyond this machine's DRAM: cycles of a line's way, at `now`; for write-backs nobody waits. */
struct hierarchy_far {
    uint64_t base; /* addresses from here on */
    uint32_t (*line)(void *context, uint64_t pa, bool write, uint64_t now);
    void *context;
};

struct hierarchy {
    const struct timing_params *params;
    unsigned cores;
    struct cache l1i[HIERARCHY_MAX_CORES], l1d[HIERARCHY_MAX_CORES];
    struct cache l2;
    struct dram dram;
    struct hierarchy_far far;                            /* line is NULL: none */
    struct hierarchy_counts counts[HIERARCHY_MAX_CORES]; /* caused by each core */
    uint64_t contended; /* how often one took a line, or the right to it, from others */
};

/* Makes the caches of `cores` cores. Returns NULL if there is no memory. */
struct hierarchy *hierarchy_create(const struct timing_params *params, unsigned cores);
void hierarchy_free(struct hierarchy *h);

/* Extra cycles of a data access at cycle `now` beyond a hit in the first level. *miss tells whether it was one. */
uint32_t hierarchy_data(struct hierarchy *h, unsigned core, uint64_t pa, bool write, uint64_t now, bool *miss);

/* The same for fetching instructions. */
uint32_t hierarchy_fetch(struct hierarchy *h, unsigned core, uint64_t pa, uint64_t now, bool *miss);

/* Whether directory and caches agree: every first-level line is known, and no modified line is shared. For tests. */
bool hierarchy_is_coherent(struct hierarchy *h);

/* Saves or restores tags and states. */
struct snapshot;
void hierarchy_snapshot(struct hierarchy *h, struct snapshot *s);

#endif
