/*
 * Memory for native servers. Sizes are rounded up to powers of two; each size up to half a page has a list of free
 * pieces, filled by cutting up a page; larger objects are whole pages. The caller knows the size, so pieces have no
 * headers.
 */
#include "lib/tess/heap.h"

#include "abi/arch/riscv64.h"
#include "lib/base/string.h"

#define ORDER_MIN 5  /* 32 bytes */
#define ORDER_MAX 11 /* half a page */

struct piece {
    struct piece *next;
};

static struct piece *free_pieces[ORDER_MAX + 1];

static u32 order_of(size_t size)
{
    u32 order = ORDER_MIN;
    while ((1ull << order) < size)
        order++;
    return order;
}

static size_t pages_of(size_t size)
{
    return (size + ARCH_PAGE_SIZE - 1) / ARCH_PAGE_SIZE;
}

static bool cut_page(u32 order)
{
    char *page = heap_pages_alloc(1);
    if (!page)
        return false;
    for (size_t at = 0; at < ARCH_PAGE_SIZE; at += 1ull << order) {
        struct piece *piece = (struct piece *)(page + at);
        piece->next = free_pieces[order];
        free_pieces[order] = piece;
    }
    return true;
}

void *heap_alloc(size_t size)
{
    if (size > 1ull << ORDER_MAX)
        return heap_pages_alloc(pages_of(size));
    u32 order = order_of(size);
    if (!free_pieces[order] && !cut_page(order))
        return NULL;
    struct piece *piece = free_pieces[order];
    free_pieces[order] = piece->next;
    return memset(piece, 0, 1ull << order);
}

void heap_free(void *memory, size_t size)
{
    if (!memory)
        return;
    if (size > 1ull << ORDER_MAX) {
        heap_pages_free(memory, pages_of(size));
        return;
    }
    struct piece *piece = memory;
    u32 order = order_of(size);
    piece->next = free_pieces[order];
    free_pieces[order] = piece;
}
