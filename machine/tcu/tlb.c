/*
 * The TLB through which commands of activities reach local memory. The multiplexer of the tile fills it; a miss is an
 * error of the command and never walks a page table.
 */
#include <string.h>

#include "machine/tcu/internal.h"

#define PAGE_MASK (~((uint64_t)TCU_PAGE_SIZE - 1))

static bool is_free(const struct tcu_tlb_entry *entry)
{
    return !(entry->flags & (TCU_TLB_R | TCU_TLB_W));
}

struct tcu_tlb_entry *tcu_tlb_find(struct tcu *t, uint16_t asid, uint64_t virt)
{
    for (uint32_t i = 0; i < TCU_TLB_ENTRIES; i++) {
        struct tcu_tlb_entry *entry = &t->tlb[i];
        if (!is_free(entry) && entry->asid == asid && entry->virt == (virt & PAGE_MASK))
            return entry;
    }
    return NULL;
}

bool tcu_tlb_lookup(struct tcu *t, uint64_t virt, uint8_t flags, uint64_t *phys, uint32_t *index)
{
    struct tcu_tlb_entry *entry = tcu_tlb_find(t, TCU_GET(t->cur_act, TCU_ACT_ID), virt);
    if (!entry || (entry->flags & flags) != flags)
        return false;
    entry->used = ++t->tlb_clock;
    *phys = entry->phys | (virt & ~PAGE_MASK);
    *index = entry - t->tlb;
    return true;
}

struct tcu_tlb_entry *tcu_tlb_victim(struct tcu *t, uint16_t asid, uint64_t virt)
{
    struct tcu_tlb_entry *victim = tcu_tlb_find(t, asid, virt);
    for (uint32_t i = 0; !victim && i < TCU_TLB_ENTRIES; i++)
        if (is_free(&t->tlb[i]))
            victim = &t->tlb[i];
    if (victim)
        return victim;
    for (uint32_t i = 0; i < TCU_TLB_ENTRIES; i++)
        if (!(t->tlb[i].flags & TCU_TLB_FIXED) && (!victim || t->tlb[i].used < victim->used))
            victim = &t->tlb[i];
    return victim;
}

void tcu_tlb_insert(struct tcu *t, uint64_t arg, uint64_t virt)
{
    uint16_t asid = TCU_GET(arg, TCU_TLB_ASID);
    struct tcu_tlb_entry *entry = tcu_tlb_victim(t, asid, virt);
    uint8_t flags = arg & (TCU_TLB_R | TCU_TLB_W | TCU_TLB_FIXED);
    *entry = (struct tcu_tlb_entry){.asid = asid,
                                    .flags = flags,
                                    .virt = virt & PAGE_MASK,
                                    .phys = arg & UINT32_MAX & PAGE_MASK,
                                    .used = ++t->tlb_clock};
    if (is_free(entry))
        memset(entry, 0, sizeof *entry);
}

void tcu_tlb_flush(struct tcu *t)
{
    for (uint32_t i = 0; i < TCU_TLB_ENTRIES; i++)
        if (!(t->tlb[i].flags & TCU_TLB_FIXED))
            memset(&t->tlb[i], 0, sizeof t->tlb[i]);
}
