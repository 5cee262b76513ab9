/* Areas for windows: see window.h. */
#include "lib/posix/window.h"

#include "abi/error.h"
#include "abi/invoke.h"
#include "lib/base/bitmap.h"
#include "lib/posix/lock.h"
#include "lib/tess/rm.h"

#define AREAS_MAX 256 /* of 1 MiB each; address space only */

extern const char window_copy_begin[], window_copy_end[], window_copy_fault[]; /* copy.S */

static struct lock lock;
static vaddr_t areas; /* 0 = not reserved yet */
static u64 areas_used[BITMAP_WORDS(AREAS_MAX)];

static err_t reserve_areas(void)
{
    err_t error = rm_set_recovery((vaddr_t)window_copy_begin, (vaddr_t)window_copy_end, (vaddr_t)window_copy_fault);
    vaddr_t address = 0;
    if (!error)
        error = rm_reserve(&address, AREAS_MAX * WINDOW_SIZE, WINDOW_SIZE);
    if (!error)
        areas = address;
    return error;
}

static err_t take_area(vaddr_t *base)
{
    if (!areas) {
        err_t error = reserve_areas();
        if (error)
            return error;
    }
    size_t i = bitmap_find_clear(areas_used, 0, AREAS_MAX);
    if (i == BITMAP_NONE)
        return E_MFILE;
    bitmap_set(areas_used, i);
    *base = areas + i * WINDOW_SIZE;
    return E_OK;
}

err_t window_prepare(struct window *window)
{
    if (window->base)
        return E_OK;
    lock_take(&lock);
    err_t error = take_area(&window->base);
    lock_give(&lock);
    return error;
}

void window_release(struct window *window)
{
    if (!window->base)
        return;
    lock_take(&lock);
    bitmap_clear(areas_used, (window->base - areas) / WINDOW_SIZE);
    lock_give(&lock);
    *window = (struct window){0};
}

u64 window_page(const struct window *window)
{
    return FPAGE_MEM(window->base, WINDOW_ORDER, RIGHTS_RWX);
}
