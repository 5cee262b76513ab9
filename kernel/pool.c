/*
 * Pages of kernel memory: a free list, a mark behind which nothing was ever taken (so that boot touches no page), and a
 * few that are zeroed already. Who is to zero many in one go fills that stock first, in steps.
 */
#include "kernel/pool.h"
#include "kernel/cold.h"
#include "kernel/panic.h"

struct free_page {
    struct free_page *next;
};

u8 *pool_start;
u64 pool_infos;
static u8 *pool_end, *never_used;
static struct free_page *free_pages, *zeroed_pages;
u32 pool_zeroed;
static u64 available;

void pool_init(void *start, u64 size)
{
    u64 pages = size / PAGE_SIZE;
    u64 info_pages = (pages * sizeof(struct page_info) + PAGE_SIZE - 1) / PAGE_SIZE;
    pool_start = never_used = (u8 *)start + info_pages * PAGE_SIZE;
    pool_infos = (u64)start - (u64)pool_start / PAGE_SIZE * sizeof(struct page_info);
    pool_end = (u8 *)start + pages * PAGE_SIZE;
    free_pages = zeroed_pages = NULL;
    pool_zeroed = 0;
    available = pool_size();
}

u64 pool_size(void)
{
    return pool_end - pool_start;
}

u64 pool_available(void)
{
    return available;
}

static void push(struct free_page **list, void *page)
{
    struct free_page *p = page;
    kernel_assert((u8 *)page >= pool_start && (u8 *)page < pool_end);
    p->next = *list;
    *list = p;
    available += PAGE_SIZE;
}

static void *pop(struct free_page **list)
{
    struct free_page *page = *list;
    *list = page->next;
    return page;
}

COLD void *pool_alloc_zeroed(void)
{
    struct free_page *page = pop(&zeroed_pages);
    page->next = NULL;
    pool_zeroed--;
    available -= PAGE_SIZE;
    return page;
}

void *pool_alloc(void)
{
    if (!available)
        return NULL;
    if (!free_pages && never_used == pool_end)
        return pool_alloc_zeroed();
    available -= PAGE_SIZE;
    if (free_pages)
        return pop(&free_pages);
    u8 *page = never_used;
    never_used += PAGE_SIZE;
    *pool_info(page) = (struct page_info){0};
    return page;
}

void pool_free(void *page)
{
    push(&free_pages, page);
}

COLD void pool_free_zeroed(void *page)
{
    push(&zeroed_pages, page);
    pool_zeroed++;
}
