/*
 * Page tables with three levels of 512 entries. A mapping of any power-of-two size lies within one table: 2^order
 * bytes are 1 to 256 entries of the level whose page size fits (or any number of entries of the root).
 *
 *   page table (pool page)      pool_info(table)->nodes (pool page, made when the table gets its first leaf)
 *   +-----+-----+-----+         +------+------+------+
 *   | PTE | PTE | ... |         | node | node | ...  |
 *   +-----+-----+-----+         +------+------+------+
 */
#include "kernel/space.h"
#include "kernel/cold.h"
#include "kernel/factory.h"
#include "kernel/map.h"
#include "kernel/panic.h"
#include "kernel/pool.h"
#include "kernel/remote.h"
#include "kernel/space_page.h"
#include "lib/base/bits.h"

static u32 level_for(u32 order)
{
    return order >= space_level_shift(2) ? 2 : order >= space_level_shift(1) ? 1 : 0;
}

/* --- address-space identifiers --- */

#define ASIDS 65536
static u64 asid_used[ASIDS / 64] = {1}; /* 0 is the kernel's before the first task */
static u64 asid_hint;

/* An unused identifier; 0, which is shared and flushed at every switch, if there is none. */
static u64 asid_alloc(void)
{
    u64 words = (arch_asid_count() + 63) / 64;
    for (u64 i = 0; i < words; i++) {
        u64 w = (asid_hint + i) % words;
        if (~asid_used[w]) {
            u64 bit = bits_lowest(~asid_used[w]);
            if (w * 64 + bit >= arch_asid_count())
                continue;
            asid_used[w] |= 1ull << bit;
            asid_hint = w;
            return w * 64 + bit;
        }
    }
    return 0;
}

static COLD void asid_free(struct space *s)
{
    if (!s->asid)
        return;
    remote_flush(s, FLUSH_ALL);
    arch_tlb_flush_asid(s->asid);
    asid_used[s->asid / 64] &= ~(1ull << s->asid % 64);
}

/* --- life --- */

err_t space_init(struct space *s, struct factory *f)
{
    s->table = factory_alloc_page(f);
    if (!s->table)
        return E_NOMEM;
    *pool_info(s->table) = (struct page_info){0};
    arch_space_init_root(s->table);
    s->asid = asid_alloc();
    s->root = arch_space_root(s->table, s->asid);
    s->pages = 0;
    s->cpus = 0;
    return E_OK;
}

static void table_free(u64 *table, struct factory *f)
{
    struct page_info *info = pool_info(table);
    kernel_assert(!info->used);
    if (info->nodes)
        factory_free_page(f, info->nodes);
    info->nodes = NULL;
    factory_free_page(f, table);
}

COLD void space_destroy(struct space *s, struct factory *f)
{
    remote_hold_space(s);
    asid_free(s);
    table_free(s->table, f);
}

/* --- walking --- */

/* The entry for `address` at the lowest level that exists, at least `level`; *found: its level. */
static inline u64 *walk(struct space *s, vaddr_t address, u32 level, u32 *found)
{
    u64 *table = s->table;
    for (u32 l = ARCH_LEVELS - 1, shift = space_level_shift(l);; l--, shift -= 9) {
        u64 *entry = &table[address >> shift & (SPACE_ENTRIES - 1)], pte = *entry;
        if (l == level || !arch_pte_is_table(pte)) {
            *found = l;
            return entry;
        }
        table = arch_pte_below(pte);
    }
}

struct node *space_node(struct space *s, vaddr_t address)
{
    return space_entry_node(space_entry(s, address));
}

COLD vaddr_t space_skip(struct space *s, vaddr_t address, vaddr_t end)
{
    u32 level;
    u64 *entry = walk(s, address, 0, &level), size = 1ull << space_level_shift(level);
    if (address >= end || arch_pte_valid(*entry))
        return address < end ? address : end;
    address &= ~(size - 1);
    do {
        address += size;
        entry++;
    } while ((u64)entry % (PAGE_SIZE / 8) && !arch_pte_valid(*entry) && address < end);
    return address < end ? address : end;
}

COLD vaddr_t space_next(struct space *s, vaddr_t address, vaddr_t end)
{
    vaddr_t at;
    while ((at = space_skip(s, address, end)) != address)
        address = at;
    return at;
}

COLD bool space_translate(struct space *s, vaddr_t address, paddr_t *phys)
{
    u32 level;
    u64 *entry = walk(s, address, 0, &level);
    if (!arch_pte_valid(*entry))
        return false;
    *phys = arch_pte_phys(*entry) + (address & ((1ull << space_level_shift(level)) - 1));
    return true;
}

/* --- changing --- */

/* Frees the tables on the way to `address` that hold nothing any more. */
static COLD void prune(struct space *s, vaddr_t address, struct factory *f)
{
    for (u32 bottom = 0; bottom < ARCH_LEVELS - 1; bottom++) {
        u32 level;
        u64 *entry = walk(s, address, bottom + 1, &level);
        if (level != bottom + 1 || !arch_pte_is_table(*entry))
            continue;
        u64 *table = arch_pte_below(*entry);
        if (pool_info(table)->used)
            return;
        remote_hold_space(s); /* their MMUs may be reading the table */
        *entry = 0;
        pool_info(entry)->used--;
        remote_flush(s, address);
        arch_tlb_flush_page(s->asid, address);
        table_free(table, f);
    }
}

/* An empty table below `entry`, which is in `table`. */
static u64 *add_table(u64 *table, u64 *entry, struct factory *f)
{
    u64 *below = factory_alloc_table(f);
    if (!below)
        return NULL;
    *pool_info(below) = (struct page_info){0};
    __atomic_store_n(entry, arch_pte_table(arch_virt_to_phys(below)), __ATOMIC_RELEASE);
    pool_info(table)->used++;
    return below;
}

/* The table of `level` for `address`, made if need be. */
static u64 *table_make(struct space *s, vaddr_t address, u32 level, struct factory *f, err_t *error)
{
    u64 *table = s->table;
    for (u32 l = ARCH_LEVELS - 1; l > level; l--) {
        u64 *entry = &table[space_entry_index(address, l)], pte = *entry;
        if (arch_pte_is_table(pte)) {
            table = arch_pte_below(pte);
            continue;
        }
        *error = arch_pte_valid(pte) ? E_EXIST : E_NOMEM;
        if (*error == E_EXIST || !(table = add_table(table, entry, f)))
            return NULL;
    }
    *error = E_OK;
    return table;
}

/* Threads in the space may execute what they could not before. */
static void code_changed(const struct space *s)
{
    arch_code_changed();
    if (cpu_self()->shared)
        remote_code_changed(s);
}

/* Whether the entries can take a mapping; makes the table of nodes. */
static err_t prepare_entries(u64 *table, u64 first, u64 count, struct factory *f)
{
    for (u64 i = first; i < first + count; i++)
        if (arch_pte_valid(table[i]))
            return E_EXIST;
    struct page_info *info = pool_info(table);
    if (!info->nodes)
        info->nodes = factory_alloc_table(f);
    return info->nodes ? E_OK : E_NOMEM;
}

COLD err_t space_enter(struct space *s, vaddr_t address, u32 order, paddr_t phys, u32 rights, struct node *node,
                       struct factory *f)
{
    u32 level = level_for(order), shift = space_level_shift(level);
    u64 first = space_entry_index(address, level), count = 1ull << (order - shift);
    err_t error = E_OK;
    u64 *table = table_make(s, address, level, f, &error);
    if (table)
        error = prepare_entries(table, first, count, f);
    if (error) {
        prune(s, address, f);
        return error;
    }
    struct page_info *info = pool_info(table);
    u64 pte = arch_pte_make(phys, rights), step = arch_pte_step(1ull << shift);
    for (u64 i = first; i < first + count; i++, pte += step) {
        table[i] = pte;
        info->nodes[i] = node;
    }
    if (node)
        node->entry = &table[first];
    info->used += count;
    s->pages += 1ull << (order - 12);
    if (rights & RIGHT_X)
        code_changed(s);
    return E_OK;
}

/* The TLB forgets the mapping: page by page if it is small. */
static COLD void flush(struct space *s, vaddr_t address, u32 shift, u64 count)
{
    if (count > 16) {
        remote_flush(s, FLUSH_ALL);
        arch_tlb_flush_asid(s->asid);
        return;
    }
    for (u64 i = 0; i < count; i++) {
        remote_flush(s, address + (i << shift));
        arch_tlb_flush_page(s->asid, address + (i << shift));
    }
}

COLD void space_set_rights(struct space *s, u64 *entry, vaddr_t address, u32 order, u32 rights)
{
    u32 shift = space_level_shift(level_for(order));
    u64 count = 1ull << (order - shift);
    remote_hold_space(s);
    for (u64 i = 0; i < count; i++)
        entry[i] = arch_pte_make(arch_pte_phys(entry[i]), rights);
    flush(s, address, shift, count);
}

COLD void space_clear(struct space *s, u64 *entry, vaddr_t address, u32 order, struct factory *f)
{
    u32 shift = space_level_shift(level_for(order));
    u64 count = 1ull << (order - shift);
    struct page_info *info = pool_info(entry);
    remote_hold_space(s);
    for (u64 i = 0; i < count; i++)
        entry[i] = 0;
    info->used -= count;
    s->pages -= 1ull << (order - 12);
    flush(s, address, shift, count);
    if (!info->used)
        prune(s, address, f);
}

COLD paddr_t space_clear_ku(struct space *s, vaddr_t address, struct factory *f)
{
    u64 *entry = space_entry(s, address);
    kernel_assert(arch_pte_valid(*entry));
    paddr_t frame = arch_pte_phys(*entry);
    space_clear(s, entry, address, ARCH_PAGE_SHIFT, f);
    return frame;
}
