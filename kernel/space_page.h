/*
 * Single pages whose tables exist already: the frequent case of finding, entering and clearing a mapping, inlined into
 * what maps and unmaps. For all else there are space_enter and space_clear.
 */
#pragma once

#include "kernel/pool.h"
#include "kernel/map.h"
#include "kernel/panic.h"
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

/* The entry that translates the address (of user space), or leads nowhere. */
static inline u64 *space_entry(const struct space *s, vaddr_t address)
{
    u64 *entry = &s->table[address >> space_level_shift(2)];
    if (!arch_pte_is_table(*entry))
        return entry;
    entry = &arch_pte_below(*entry)[space_entry_index(address, 1)];
    return arch_pte_is_table(*entry) ? &arch_pte_below(*entry)[space_entry_index(address, 0)] : entry;
}

/* The entry of the page at `address` (of user space): NULL if there is no table for such pages. */
static inline u64 *space_page_entry(const struct space *s, vaddr_t address)
{
    u64 pte = s->table[address >> space_level_shift(2)];
    if (!arch_pte_is_table(pte))
        return NULL;
    pte = arch_pte_below(pte)[space_entry_index(address, 1)];
    return arch_pte_is_table(pte) ? &arch_pte_below(pte)[space_entry_index(address, 0)] : NULL;
}

/* Where the table of nodes has that of the entry. */
static inline struct node **space_node_place(const struct page_info *info, const u64 *entry)
{
    return (struct node **)((u8 *)info->nodes + (u64)entry % PAGE_SIZE);
}

/* Node that the entry belongs to: NULL if nothing is mapped, or it is kernel-user memory. */
static inline struct node *space_entry_node(u64 *entry)
{
    struct page_info *info = pool_info(entry);
    return arch_pte_valid(*entry) && info->nodes ? *space_node_place(info, entry) : NULL;
}

/* Enters the page of node n in a free entry. Other CPUs do not hear of it. */
static ALWAYS_INLINE void space_enter_page(struct space *s, u64 *entry, paddr_t phys, u32 rights, struct node *n)
{
    struct page_info *info = pool_info(entry);
    kernel_assert(info->nodes); /* a table of pages has it from its first page on */
    *entry = arch_pte_make(phys, rights);
    *space_node_place(info, entry) = n;
    n->entry = entry;
    info->used++;
    s->pages++;
    if (rights & RIGHT_X)
        arch_code_changed();
}

/*
 * Clears the entry of the page at `address`, which only this CPU knows and whose table stays. False: not so, nothing
 * was done.
 */
static ALWAYS_INLINE bool space_clear_page(struct space *s, u64 *entry, vaddr_t address)
{
    struct page_info *info = pool_info(entry);
    u64 here = cpu_self()->bit;
    u32 used = info->used;
    if (used == 1 || (s->cpus | here) != here)
        return false;
    info->used = used - 1;
    *entry = 0;
    s->pages--;
    arch_tlb_flush_page(s->asid, address);
    return true;
}
