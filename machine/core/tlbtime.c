/* The modelled TLBs; see tlbtime.h. */
#include "machine/core/tlbtime.h"

#include <stdlib.h>
#include <string.h>

#include "machine/dev/snapshot.h"

bool tlbtime_init(struct tlbtime *t, const struct timing_params *params)
{
    *t = (struct tlbtime){.params = params};
    for (unsigned i = 0; i < 2; i++) {
        t->first[i] = calloc(params->tlb_entries, sizeof *t->first[i]);
        t->last[i] = t->first[i];
    }
    t->second = calloc(params->tlb_l2_entries, sizeof *t->second);
    return t->first[0] && t->first[1] && t->second;
}

void tlbtime_free(struct tlbtime *t)
{
    free(t->first[0]);
    free(t->first[1]);
    free(t->second);
}

void tlbtime_flush(struct tlbtime *t)
{
    for (unsigned i = 0; i < 2; i++)
        memset(t->first[i], 0, t->params->tlb_entries * sizeof *t->first[i]);
    memset(t->second, 0, t->params->tlb_l2_entries * sizeof *t->second);
}

static bool covers(const struct tlbtime_entry *e, uint64_t space, uint64_t va)
{
    return e->space == space && va - e->page < e->size;
}

static bool find_first(struct tlbtime *t, unsigned kind, uint64_t space, uint64_t va)
{
    for (uint32_t i = 0; i < t->params->tlb_entries; i++) {
        struct tlbtime_entry *e = &t->first[kind][i];
        if (covers(e, space, va)) {
            e->used = ++t->clock;
            t->last[kind] = e;
            return true;
        }
    }
    return false;
}

static void fill_first(struct tlbtime *t, unsigned kind, struct tlbtime_entry e)
{
    struct tlbtime_entry *oldest = t->first[kind];

    for (uint32_t i = 1; i < t->params->tlb_entries; i++)
        if (t->first[kind][i].used < oldest->used)
            oldest = &t->first[kind][i];
    e.used = ++t->clock;
    *oldest = e;
    t->last[kind] = oldest;
}

enum tlbtime_result tlbtime_lookup(struct tlbtime *t, struct hart *h, uint64_t va, enum mmu_access access,
                                   struct mmu_walk *walk)
{
    unsigned kind = access == MMU_EXEC;
    uint64_t space = h->tlb->satp; /* 0 if translation is off */

    if (RV_SATP_MODE(space) == RV_SATP_BARE)
        return TLBTIME_HIT;
    if (covers(t->last[kind], space, va)) {
        t->last[kind]->used = ++t->clock;
        return TLBTIME_HIT;
    }
    if (find_first(t, kind, space, va))
        return TLBTIME_HIT;
    struct tlbtime_entry *second = &t->second[va >> RV_PAGE_SHIFT & (t->params->tlb_l2_entries - 1)];
    if (covers(second, space, va)) {
        fill_first(t, kind, *second);
        return TLBTIME_SECOND;
    }
    if (!mmu_peek(h, va, access, walk))
        return TLBTIME_HIT; /* it faulted: no time beyond the trap's */
    if (walk->steps == 0)
        return TLBTIME_HIT; /* an extension's translation, which needs no TLB */
    uint64_t page = va & ~(walk->page_size - 1);
    struct tlbtime_entry e = {space, page, walk->page_size, 0};
    fill_first(t, kind, e);
    *second = e;
    return TLBTIME_WALK;
}

/* Which entry hit last does not matter to what is found, only to how fast the simulator finds it. */
void tlbtime_snapshot(struct tlbtime *t, struct snapshot *s)
{
    snapshot_section(s, "tlb", t->params->tlb_entries);
    for (unsigned i = 0; i < 2; i++)
        snapshot_bytes(s, t->first[i], t->params->tlb_entries * sizeof *t->first[i]);
    snapshot_bytes(s, t->second, t->params->tlb_l2_entries * sizeof *t->second);
    snapshot_bytes(s, &t->clock, sizeof t->clock);
}
