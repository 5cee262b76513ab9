/*
 * Pages of kernel memory: a free list, and a mark behind which nothing was ever taken (so that boot touches no page).
 */
#include "kernel/pool.h"
#include "kernel/panic.h"

struct free_page {
    struct free_page *next;
};

u8 *pool_start;
u64 pool_infos;
static u8 *pool_end, *never_used;
static struct free_page *free_pages;
static u64 available;

void pool_init(void *start, u64 size)
{
    u64 pages = size / PAGE_SIZE;
    u64 info_pages = (pages * sizeof(struct page_info) + PAGE_SIZE - 1) / PAGE_SIZE;
    pool_start = never_used = (u8 *)start + info_pages * PAGE_SIZE;
    pool_infos = (u64)start - (u64)pool_start / PAGE_SIZE * sizeof(struct page_info);
    pool_end = (u8 *)start + pages * PAGE_SIZE;
    free_pages = NULL;
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

void *pool_alloc(void)
{
    if (!available)
        return NULL;
    available -= PAGE_SIZE;
    if (free_pages) {
        struct free_page *page = free_pages;
        free_pages = page->next;
        return page;
    }
    u8 *page = never_used;
    never_used += PAGE_SIZE;
    *pool_info(page) = (struct page_info){0};
    return page;
}

void pool_free(void *page)
{
    struct free_page *p = page;
    kernel_assert((u8 *)page >= pool_start && (u8 *)page < pool_end);
    p->next = free_pages;
    free_pages = p;
    available += PAGE_SIZE;
}
