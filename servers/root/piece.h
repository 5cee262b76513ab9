/* Aligned pieces of memory: which one serves a client best. Orders are log2 of bytes. */
#pragma once

#include "abi/arch/riscv64.h"
#include "abi/invoke.h"

/* Largest order, at most `max`, of a piece that may start at both addresses (multiples of the page size) and fits. */
static inline u32 piece_order(u64 a, u64 b, u64 left, u32 max)
{
    u32 order = ARCH_PAGE_SHIFT;
    while (order < max && !((a | b) & (1ull << order)) && (2ull << order) <= left)
        order++;
    return order;
}

/* The piece of 2^order bytes around physical address `phys`, to be mapped such that `phys` lands at `at`. */
static inline struct map_item piece_item(paddr_t phys, vaddr_t at, u32 order, u32 rights)
{
    u64 mask = ~((1ull << order) - 1);
    return (struct map_item){.what = FPAGE_MEM(phys & mask, order, rights), .base = at & mask};
}

/* The largest such piece that lies in the run [start, start + size) of memory and is of at most 2^order bytes. */
static inline struct map_item piece_around(paddr_t start, u64 size, u64 offset, vaddr_t at, u32 order, u32 rights)
{
    paddr_t phys = (start + offset) & ~(ARCH_PAGE_SIZE - 1);
    u32 best = ARCH_PAGE_SHIFT;
    for (u32 k = best + 1; k <= order; k++) {
        u64 mask = (1ull << k) - 1;
        paddr_t first = phys & ~mask;
        if (((phys ^ at) & mask & ~(ARCH_PAGE_SIZE - 1)) || first < start || first + mask >= start + size)
            break;
        best = k;
    }
    return piece_item(phys, at, best, rights);
}
