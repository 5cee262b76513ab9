/* Windows onto the cache: see window.h. */
#include "servers/fs/window.h"

#include "lib/base/bitmap.h"
#include "lib/base/bits.h"
#include "lib/tess/tess.h"

#define ALIASES    65u /* number 0 is that of memory mappings */
#define PAGE_ORDER 12

static struct {
    u8 *arena;
    u32 order;
    u8 *aliases; /* alias i stands at aliases + (i << order) */
    u64 mapped[BITMAP_WORDS(ALIASES)], used[BITMAP_WORDS(ALIASES)];
    bool (*steal)(void);
    struct list_link open;
} windows = {.open = {&windows.open, &windows.open}};

void windows_init(void *arena, u32 order, bool (*steal)(void))
{
    vaddr_t base = 0;
    windows.steal = steal;
    if (rm_reserve(&base, (u64)ALIASES << order, 1ull << order))
        return; /* all windows will be direct */
    windows.arena = arena;
    windows.order = order;
    windows.aliases = (u8 *)base;
    bitmap_set(windows.used, 0);
}

u32 windows_pages(void)
{
    return windows.arena ? 1u << (windows.order - PAGE_ORDER) : ~0u;
}

static bool in_arena(const u8 *page)
{
    return windows.arena && (size_t)(page - windows.arena) < (size_t)1 << windows.order;
}

static u8 *alias_base(u32 alias)
{
    return windows.aliases + ((size_t)alias << windows.order);
}

/* Maps the arena at the alias, once and for ever. */
static err_t alias_map(u32 alias)
{
    if (bitmap_get(windows.mapped, alias))
        return E_OK;
    u64 what = FPAGE_MEM(windows.arena, windows.order, RIGHT_R | RIGHT_W | RIGHT_X);
    err_t error = task_map(SLOT_TASK, SLOT_TASK, what, (u64)alias_base(alias));
    if (!error)
        bitmap_set(windows.mapped, alias);
    return error;
}

/* A free alias, mapped. */
static err_t alias_take(u32 *alias)
{
    size_t i;
    while ((i = bitmap_find_clear(windows.used, 1, ALIASES)) == BITMAP_NONE)
        if (!windows.steal())
            return E_AGAIN;
    *alias = (u32)i;
    err_t error = alias_map(*alias);
    if (!error)
        bitmap_set(windows.used, i);
    return error;
}

u32 window_order(const void *page, u32 pages, u32 limit)
{
    u32 order = bits_lowest((u64)page | 1ull << limit);
    while (1ull << (order - PAGE_ORDER) > pages)
        order--;
    return order;
}

err_t window_open(struct window *w, u8 *page, u32 order, u32 rights, struct map_item *item)
{
    *w = (struct window){.base = page, .order = order};
    if (in_arena(page)) {
        err_t error = alias_take(&w->alias);
        if (error) {
            w->base = NULL;
            return error;
        }
        w->base = alias_base(w->alias) + (page - windows.arena);
        list_push_back(&windows.open, &w->link);
    }
    *item = (struct map_item){.what = FPAGE_MEM(w->base, order, rights)};
    return E_OK;
}

void window_close(struct window *w)
{
    if (!w->base)
        return;
    task_unmap(SLOT_TASK, FPAGE_MEM(w->base, w->order, RIGHTS_RWX), 0);
    w->base = NULL;
    if (!w->alias)
        return;
    bitmap_clear(windows.used, w->alias);
    list_remove(&w->link);
}

struct window *window_oldest(void)
{
    return list_empty(&windows.open) ? NULL : list_first(&windows.open, struct window, link);
}

struct window *window_next(const struct window *w)
{
    return w->link.next == &windows.open ? NULL : container_of(w->link.next, struct window, link);
}

err_t window_expose(u8 *page, u32 order, u32 rights, u64 at, struct map_item *item)
{
    u8 *base = page;
    if (in_arena(page)) {
        err_t error = alias_map(0);
        if (error)
            return error;
        base = alias_base(0) + (page - windows.arena);
    }
    *item = (struct map_item){.what = FPAGE_MEM(base, order, rights), .base = at};
    return E_OK;
}

void window_conceal(void *memory, size_t size)
{
    u8 *page = memory, *end = page + size;
    while (page < end) {
        u32 order = window_order(page, (u32)((size_t)(end - page) >> PAGE_ORDER), 30);
        u8 *base = in_arena(page) ? alias_base(0) + (page - windows.arena) : page;
        task_unmap(SLOT_TASK, FPAGE_MEM(base, order, RIGHTS_RWX), 0);
        page += (size_t)1 << order;
    }
}
