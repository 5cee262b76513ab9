/*
 * Code pages: decoded guest instructions, cached by physical page.
 *
 *   ops:   | 0 | 1 | 2 | ...            | 2046 | 2047 | 2048 | 2049 |
 *            one per halfword of the page               \  page end: go on in the next page, at offset 0 or 2
 *
 * An op whose instruction has not been reached yet decodes itself when executed. A write to a page with decoded
 * instructions (by a hart or a device) returns the ops it touches to that state at once, so guests see their own
 * stores even before a fence.i; the software TLBs never map such a page for writing (mmu.c).
 */
#ifndef MACHINE_CORE_CODE_H
#define MACHINE_CORE_CODE_H

#include "machine/core/hart.h"

#define CODE_SLOTS 2048

struct code_page {
    struct op ops[CODE_SLOTS + 2];
    struct op_info info[CODE_SLOTS + 2];
    const uint8_t *host;   /* the guest page's bytes */
    uint64_t pa;           /* its physical address */
    uint32_t straddle_raw; /* the wide instruction that begins in the last halfword, if straddle_fn is set */
    op_fn *straddle_fn;
    unsigned writes;          /* since an instruction was decoded: a page that is only written is data by now */
    struct code_cache *cache; /* that it belongs to */
    struct code_page *next;   /* of all pages of the cache */
};

struct ram;

struct code_cache {
    struct hart *const *harts; /* whose software TLBs may refer to pages */
    unsigned hart_count;
    unsigned page_count;
    struct code_page *pages;
};

/* The code page for the guest page at `offset` (page aligned) of `ram`, made if necessary. NULL if out of memory. */
struct code_page *code_page_get(struct code_cache *c, struct ram *ram, uint64_t offset);

/* Forgets decoded instructions that overlap [offset, offset + len) of `ram`. */
void code_invalidate(struct ram *ram, uint64_t offset, uint64_t len);

/* Frees all pages of the cache and drops every reference to them from TLBs. No handler may be running. */
void code_cache_clear(struct code_cache *c, struct ram *rams, unsigned ram_count);

/* The op at guest address `va`, or NULL after leaving hart.pc = va, for the outer loop to take the fetch fault. */
const struct op *code_goto_slow(struct hart *h, uint64_t va);

/* The op to execute at hart.pc; takes the trap and returns NULL if it cannot be fetched. */
const struct op *code_fetch(struct hart *h);

/* Decodes `o` or follows it to the next page, until it is a real instruction; NULL as code_goto_slow(). */
const struct op *code_resolve(struct hart *h, const struct op *o);

/* The guest's bytes of the instruction `o`, which is being executed. */
uint32_t code_raw(const struct hart *h, const struct op *o);

#endif
