/*
 * The region manager: a task's own pager, its first thread, in its address space, but passive and fed by nobody else:
 * its memory is there from the beginning. It keeps the table of regions (region.c), resolves faults by asking the
 * dataspaces' servers for pages, with the faulting place as receive window (fault.c, memory.c), and loads the program
 * (load.c). It trusts nothing that the program writes; what the program can spoil is its own.
 */
#pragma once

#include "lib/sys/object.h"
#include "lib/tess/loader.h"
#include "lib/tess/rm.h"

/* Signals, with the numbers of Linux. */
#define RM_SIGILL  4
#define RM_SIGTRAP 5
#define RM_SIGBUS  7
#define RM_SIGKILL 9
#define RM_SIGSEGV 11

/* Signal of an exception with this cause. */
u32 rm_signal_of(u64 cause);

/* The fixed slots, and where temporary mappings of one page each stand. */
#define SLOT_ANON SLOT_RM_FIRST /* dataspace of the task's own zeroed memory: offsets in it are addresses */
#define SCRATCH_A SPACE_RM_SCRATCH
#define SCRATCH_B (SPACE_RM_SCRATCH + 0x8000)

#define PAGE_SIZE    ARCH_PAGE_SIZE
#define ORDER_OWN    14 /* how much own memory, which must be zeroed, is mapped around a fault */
#define ORDER_LARGE  16 /* in regions from LARGE_REGION bytes on: fewer and larger nodes */
#define LARGE_REGION (1ull << 20)
#define ORDER_SHARED 18 /* and how much of what is there anyhow */

/* ---- region.c: what is where ---- */

#define RM_RESERVED 0x100 /* the program maps there itself */
#define RM_COPIED   0x200 /* private: some pages have been copied to own memory */

struct region {
    vaddr_t start, end;
    u64 offset; /* in the dataspace, of `start` */
    u32 slot;   /* 0 = own memory */
    u16 rights, flags;
};

/* The region that `address` is in, or NULL. */
struct region *region_at(vaddr_t address);

/* The first region that ends above `address`, or NULL. */
struct region *region_above(vaddr_t address);

/* Adds a region where none is. Own memory of the same kind grows together. Errors: NOMEM. */
err_t region_insert(const struct region *region);

/* A free place for `size` bytes, aligned to `align` (a power of two); 0 = none. */
vaddr_t region_find_gap(u64 size, u64 align);

/* Makes [start, end) begin and end where regions do. Errors: NOMEM. */
err_t region_split(vaddr_t start, vaddr_t end);

/* Removes region r from the table (only there); r is the one behind it afterwards. */
void region_remove(struct region *r);

/* Whether a region uses the slot. */
bool region_uses(u32 slot);

/* ---- memory.c: mapping ---- */

/* The task's own memory comes into being. */
err_t memory_init(void);

/* Maps own memory at `page` and around it, at most 2^order bytes inside the region. `access`: DATASPACE_PRESENT too. */
err_t memory_map_own(const struct region *r, vaddr_t page, u32 order, u32 access);

/* Maps of the region's dataspace, likewise. */
err_t memory_map_shared(const struct region *r, vaddr_t page, u32 order, u32 rights);

/* Makes `page` the task's own: a copy of what the region's dataspace has there. */
err_t memory_copy_page(struct region *r, vaddr_t page);

/* Takes rights away in [start, end); with RIGHT_R the mappings themselves. */
void memory_unmap(vaddr_t start, vaddr_t end, u32 rights);

/* Copies `size` bytes from `offset` of the dataspace in `slot` to `to`. */
err_t memory_read(cap_t slot, u64 offset, void *to, u64 size);

/* One more page, at `offset`, of the place for the table of regions, which begins at *place. NOMEM when it is full. */
err_t memory_grow_table(u64 offset, struct region **place);

/* Maps everything of the region. */
err_t memory_populate(const struct region *r);

/* ---- the rest ---- */

/* fault.c: makes `access` to `address` possible, or says why not. */
err_t fault_resolve(vaddr_t address, u32 access);

/* load.c: regions of the program in SLOT_IMAGE, its stack and start block. */
err_t load_program(u64 *entry, u64 *stack, u64 *start);
