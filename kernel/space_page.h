/*
 * Single pages whose tables exist already: the frequent case of entering and clearing a mapping, inlined into what maps
 * and unmaps. For all else there are space_enter and space_clear.
 */
#pragma once

#include "kernel/pool.h"
#include "kernel/map.h"
#include "kernel/remote.h"

#define SPACE_ENTRIES 512 /* of a table */

static inline u32 space_level_shift(u32 level)
{
    return 12 + 9 * level;
}

static inline u64 space_entry_index(vaddr_t address, u32 level)
{
    return address >> space_level_shift(level) & (SPACE_ENTRIES - 1);
}

static inline u64 *space_table_of(u64 pte)
{
    return arch_phys_to_virt(arch_pte_phys(pte));
}

/* The entry of the page at `address` (of user space): NULL if there is no table for such pages. */
static inline u64 *space_page_entry(const struct space *s, vaddr_t address)
{
    u64 pte = s->table[address >> space_level_shift(2)];
    if (!arch_pte_is_table(pte))
        return NULL;
    pte = space_table_of(pte)[space_entry_index(address, 1)];
    return arch_pte_is_table(pte) ? &space_table_of(pte)[space_entry_index(address, 0)] : NULL;
}

/* Place of an entry's node in the table of nodes. */
static inline u64 space_node_index(const u64 *entry)
{
    return (u64)entry % PAGE_SIZE / sizeof *entry;
}

/* Threads in the space may execute what they could not before. */
static inline void space_code_changed(const struct space *s)
{
    arch_code_changed();
    if (cpu_count > 1)
        remote_code_changed(s);
}

/* The entry of the page at `address`, if it is free and has its tables; NULL: not so. */
static inline u64 *space_free_entry(const struct space *s, vaddr_t address)
{
    u64 *entry = space_page_entry(s, address);
    return entry && !arch_pte_valid(*entry) && pool_info(entry)->nodes ? entry : NULL;
}

/* Enters the page of node n there. */
static inline void space_enter_page(struct space *s, u64 *entry, paddr_t phys, struct node *n)
{
    struct page_info *info = pool_info(entry);
    *entry = arch_pte_make(phys, n->rights);
    info->nodes[space_node_index(entry)] = n;
    n->entry = entry;
    info->used++;
    s->pages++;
    if (n->rights & RIGHT_X)
        space_code_changed(s);
}

/* Clears the page of node n, which only this CPU knows and whose table stays. False: not so, nothing was done. */
static inline bool space_clear_page(struct space *s, const struct node *n)
{
    struct page_info *info = pool_info(n->entry);
    u32 used = info->used;
    if (n->order != ARCH_PAGE_SHIFT || used == 1 || (s->cpus & ~cpu_self()->bit))
        return false;
    info->used = used - 1;
    *n->entry = 0;
    s->pages--;
    arch_tlb_flush_page(s->asid, n->place);
    return true;
}
