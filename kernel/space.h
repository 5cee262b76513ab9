/*
 * Address spaces: page tables, and beside each table, where it has leaves, a table of the nodes they belong to: from
 * an address to its mapping in one walk.
 */
#pragma once

#include "kernel/arch.h"
#include "kernel/object.h"

struct space {
    u64 *table;      /* root page table */
    u64 asid;
    u64 root;        /* what the MMU register wants */
    u64 pages;       /* mapped pages of 4 KiB */
    u64 cpus;        /* bit map of those that threads in it have lived on: whose TLB may know it */
};

/* Makes an empty space with the kernel's own mappings. NOMEM. */
err_t space_init(struct space *s, struct factory *f);

/* Frees the tables; all nodes must be gone. */
void space_destroy(struct space *s, struct factory *f);

/* Node that maps the page at `address`, NULL if nothing is mapped or it is kernel-user memory. */
struct node *space_node(struct space *s, vaddr_t address);

/* The first mapped page from `address` on and below `end`; `end` if there is none. */
vaddr_t space_next(struct space *s, vaddr_t address, vaddr_t end);

/* The same, or only a place behind an eighth of a page table that is empty: so it does not take long. */
vaddr_t space_skip(struct space *s, vaddr_t address, vaddr_t end);
#define SPACE_END (1ull << ARCH_VA_BITS)

#define SPACE_TABLES_MAX 3 /* pages that entering a mapping may take: two page tables, and the nodes of the lower one */

/*
 * Enters the mapping of `node` (NULL: kernel-user memory) for [address, address + 2^order) -> phys, with the largest
 * pages that alignment allows; node->entry learns where. Tables are charged to f. Errors: EXIST, NOMEM; then nothing
 * was changed.
 */
err_t space_enter(struct space *s, vaddr_t address, u32 order, paddr_t phys, u32 rights, struct node *node,
                  struct factory *f);

/* Changes the rights of a mapping entered before; `entry` is its first, as the node has it. */
void space_set_rights(struct space *s, u64 *entry, vaddr_t address, u32 order, u32 rights);

/* Removes a mapping; tables that become empty go back to f. */
void space_clear(struct space *s, u64 *entry, vaddr_t address, u32 order, struct factory *f);

/* The same for a page of kernel-user memory, which has no node. Gives its frame. */
paddr_t space_clear_ku(struct space *s, vaddr_t address, struct factory *f);

/* Physical address of a mapped page of the space; false if none. */
bool space_translate(struct space *s, vaddr_t address, paddr_t *phys);
