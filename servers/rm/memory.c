/* Mapping: every page comes from a dataspace's server, with the place where it is needed as receive window. */
#include "lib/base/string.h"
#include "proto/dataspace.h"
#include "proto/mem.h"
#include "servers/rm/rm.h"

/* Behind the region manager's data: where the table of regions goes when it grows. */
#define TABLE      (SPACE_RM_DATA + 0x10000)
#define TABLE_SIZE 0x10000

static u64 window_at(vaddr_t at, u32 order)
{
    return FPAGE_MEM(at & ~((1ull << order) - 1), order, RIGHTS_RWX);
}

/* Largest order, at most `max`, of a naturally aligned window around `page` that lies in the region. */
static u32 window_order(const struct region *r, vaddr_t page, u32 max)
{
    u32 order = ARCH_PAGE_SHIFT;
    while (order < max) {
        u64 size = 2ull << order;
        vaddr_t first = page & ~(size - 1);
        if (first < r->start || first + size > r->end)
            break;
        order++;
    }
    return order;
}

/* Where some of the window is mapped already, only the page itself is wanted; if that is, too, all is well. */
static err_t map_window(cap_t slot, u64 offset, vaddr_t page, u32 order, u32 access)
{
    err_t error = dataspace_map(slot, offset, page, order, access, window_at(page, order));
    if (error == E_EXIST && order > ARCH_PAGE_SHIFT)
        error = dataspace_map(slot, offset, page, ARCH_PAGE_SHIFT, access, window_at(page, ARCH_PAGE_SHIFT));
    return error == E_EXIST ? E_OK : error;
}

err_t memory_init(void)
{
    return mem_alloc(SLOT_MEM, 1ull << ARCH_VA_BITS, 0, SLOT_ANON);
}

err_t memory_map_own(const struct region *r, vaddr_t page, u32 order, u32 access)
{
    return map_window(SLOT_ANON, page, page, window_order(r, page, order), access);
}

err_t memory_map_shared(const struct region *r, vaddr_t page, u32 order, u32 rights)
{
    return map_window(r->slot, r->offset + (page - r->start), page, window_order(r, page, order), rights);
}

static void drop_scratch(vaddr_t at)
{
    task_unmap(SLOT_TASK, FPAGE_MEM(at, ARCH_PAGE_SHIFT, RIGHTS_RWX), UNMAP_SELF);
}

static err_t map_scratch(cap_t slot, u64 offset, vaddr_t at, u32 rights)
{
    return dataspace_map(slot, offset, at, ARCH_PAGE_SHIFT, rights, window_at(at, ARCH_PAGE_SHIFT));
}

/* The copy is made aside and then moved, so that other threads never see it half. */
err_t memory_copy_page(struct region *r, vaddr_t page)
{
    err_t error = map_scratch(r->slot, r->offset + (page - r->start), SCRATCH_A, RIGHT_R);
    if (error)
        return error;
    error = map_scratch(SLOT_ANON, page, SCRATCH_B, RIGHTS_RWX);
    if (!error) {
        memcpy((void *)SCRATCH_B, (void *)SCRATCH_A, PAGE_SIZE);
        memory_unmap(page, page + PAGE_SIZE, RIGHTS_RWX);
        r->flags |= RM_COPIED;
        error = task_map(SLOT_TASK, SLOT_TASK, FPAGE_MEM(SCRATCH_B, ARCH_PAGE_SHIFT, r->rights), page | ITEM_GRANT);
    }
    drop_scratch(SCRATCH_A);
    if (error)
        drop_scratch(SCRATCH_B);
    return error;
}

void memory_unmap(vaddr_t start, vaddr_t end, u32 rights)
{
    while (start < end) {
        u32 order = (u32)__builtin_ctzll(start);
        while ((1ull << order) > end - start)
            order--;
        task_unmap(SLOT_TASK, FPAGE_MEM(start, order, rights), UNMAP_SELF);
        start += 1ull << order;
    }
}

err_t memory_read(cap_t slot, u64 offset, void *to, u64 size)
{
    while (size) {
        u64 skip = offset % PAGE_SIZE, piece = size < PAGE_SIZE - skip ? size : PAGE_SIZE - skip;
        err_t error = map_scratch(slot, offset - skip, SCRATCH_A, RIGHT_R);
        if (error)
            return error;
        memcpy(to, (char *)SCRATCH_A + skip, piece);
        drop_scratch(SCRATCH_A);
        to = (char *)to + piece;
        offset += piece;
        size -= piece;
    }
    return E_OK;
}

err_t memory_grow_table(u64 offset, struct region **place)
{
    struct region home = {.start = TABLE, .end = TABLE + TABLE_SIZE, .rights = RIGHT_R | RIGHT_W};
    *place = (struct region *)TABLE;
    return offset < TABLE_SIZE ? memory_map_own(&home, TABLE + offset, ARCH_PAGE_SHIFT, home.rights) : E_NOMEM;
}

/* The arrived item says how large each piece was. */
err_t memory_populate(const struct region *r)
{
    for (vaddr_t at = r->start; at < r->end;) {
        err_t error =
            r->slot ? memory_map_shared(r, at, ARCH_VA_BITS, r->rights) : memory_map_own(r, at, ORDER_OWN, r->rights);
        if (error)
            return error;
        u64 what = sys_utcb->item[0].what;
        u64 end = (what & ~(PAGE_SIZE - 1)) + (1ull << (what >> FPAGE_ORDER_SHIFT & FPAGE_ORDER_MASK));
        at = end > at && end <= r->end ? end : at + PAGE_SIZE;
    }
    return E_OK;
}
