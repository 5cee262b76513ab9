/*
 * The kernel's memory: a fixed number of pages, set aside at boot. Pages are charged by factory.c, never taken here
 * directly.
 */
#pragma once

#include "abi/types.h"

#define PAGE_SIZE 4096ull

/* What the kernel knows of each of its pages while it is a page table. */
struct page_info {
    struct node **nodes; /* page tables: nodes of the leaves, NULL while it has none */
    u32 used;            /* page tables: valid entries */
};

/* The pool becomes [start, start + size), kernel addresses, page aligned. */
void pool_init(void *start, u64 size);

/* A page (not zeroed), NULL if none is left. */
void *pool_alloc(void);
void pool_free(void *page);

/* The stock of zeroed pages, which are free like all others: one of them, if there are any, and one for it. */
extern u32 pool_zeroed;
void *pool_alloc_zeroed(void);
void pool_free_zeroed(void *page);

/* One per page of the pool; the address of what page 0 would have, so that looking one up is short. */
extern u64 pool_infos;
extern u8 *pool_start;

static inline struct page_info *pool_info(const void *page)
{
    return (struct page_info *)(pool_infos + (u64)page / PAGE_SIZE * sizeof(struct page_info));
}

u64 pool_size(void); /* bytes that can be allocated at all */
u64 pool_available(void);
