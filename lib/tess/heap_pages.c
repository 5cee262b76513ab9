/* Pages for the heap of ordinary programs, from their region manager. Single pages come in batches. */
#include "abi/arch/riscv64.h"
#include "lib/base/string.h"
#include "lib/tess/heap.h"
#include "lib/tess/rm.h"

#define BATCH 16 /* pages */

struct free_page {
    struct free_page *next;
};

static struct free_page *free_pages;

static void *attach(size_t count)
{
    vaddr_t address = 0;
    return rm_attach(&address, count * ARCH_PAGE_SIZE, 0, 0, RIGHT_R | RIGHT_W, 0) ? NULL : (void *)address;
}

/* Fresh pages are zero already, but for the link. */
static bool refill(void)
{
    char *batch = attach(BATCH);
    for (size_t i = 0; batch && i < BATCH; i++) {
        struct free_page *page = (struct free_page *)(batch + i * ARCH_PAGE_SIZE);
        page->next = free_pages;
        free_pages = page;
    }
    return batch != NULL;
}

void *heap_pages_alloc(size_t count)
{
    if (count != 1)
        return attach(count);
    if (!free_pages && !refill())
        return NULL;
    struct free_page *page = free_pages;
    free_pages = page->next;
    page->next = NULL;
    return page;
}

void heap_pages_free(void *pages, size_t count)
{
    if (count != 1) {
        rm_detach((vaddr_t)pages, count * ARCH_PAGE_SIZE);
        return;
    }
    struct free_page *page = memset(pages, 0, ARCH_PAGE_SIZE);
    page->next = free_pages;
    free_pages = page;
}
