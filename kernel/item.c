/* Map items: memory and capabilities that travel with a message, each into a receive window. */
#include "kernel/item.h"
#include "kernel/map.h"
#include "kernel/task.h"

#define EVERYWHERE FPAGE_MEM(0, ARCH_VA_BITS, RIGHTS_RWX) /* receive window of a faulting thread */

static inline err_t map_memory_item(struct task *from, struct map_item item, struct task *to, u64 window,
                                    u64 *arrived)
{
    if (!fpage_memory_valid(item.what) || (window != EVERYWHERE && !fpage_memory_valid(window)))
        return E_INVAL;
    u64 size = 1ull << fpage_order(item.what), start = window & ~0xfffull, room = 1ull << fpage_order(window);
    u64 base = item.base & ~0xfffull ? item.base & ~0xfffull : start;
    if (base < start || size > room || base - start > room - size)
        return E_RANGE;
    u64 done = 0, what = item.what & (window | ~FPAGE_RIGHTS_MASK);
    u32 how = (item.base & ITEM_GRANT) ? MAP_GRANT | MAP_AT_ONCE : MAP_AT_ONCE;
    err_t error = map_memory(from, what, to, base, how, &done);
    *arrived = (what & 0xfffull) | base;
    return error ? error : done < size ? E_MSGSIZE : E_OK;
}

static inline err_t map_object_item(struct task *from, struct map_item item, struct task *to, u64 window,
                                    u64 *arrived)
{
    if (!fpage_object_valid(item.what) || !fpage_object_valid(window) || fpage_order(item.what))
        return E_INVAL;
    u64 first = window >> FPAGE_START_SHIFT, count = 1ull << fpage_order(window);
    u64 index = item.base >> FPAGE_START_SHIFT ? item.base >> FPAGE_START_SHIFT : first;
    if (index < first || index - first >= count)
        return E_RANGE;
    err_t error = E_OK;
    struct slot *to_slot = task_slot_make(to, index, &error);
    if (!to_slot)
        return error;
    u32 rights = item.what & window & FPAGE_RIGHTS_MASK;
    *arrived = FPAGE_OBJ(index, 0, rights);
    return map_cap(task_slot(from, item.what >> FPAGE_START_SHIFT), rights, to, to_slot, item.base & ITEM_GRANT,
                   NULL);
}

/* One item from s to r: *arrived is what it has become, 0 if nothing. */
static inline err_t map_item(struct thread *s, struct map_item item, struct thread *r, u64 window, u64 *arrived)
{
    *arrived = 0;
    if (!item.what)
        return E_OK;
    if (!window)
        return E_MSGSIZE;
    return fpage_type(item.what) == FPAGE_MEMORY ? map_memory_item(s->task, item, r->task, window, arrived)
                                                 : map_object_item(s->task, item, r->task, window, arrived);
}

err_t item_transfer(struct thread *s, struct thread *r, u32 count, bool everywhere, u32 *done)
{
    for (*done = 0; *done < count; ++*done) {
        const volatile struct utcb *from = s->utcb, *to = r->utcb;
        struct map_item item = {.what = from->item[*done].what, .base = from->item[*done].base};
        u64 window = everywhere ? EVERYWHERE : to->window[*done], arrived;
        err_t error = map_item(s, item, r, window, &arrived);
        if (error)
            return error;
        if (!everywhere)
            r->utcb->item[*done] = (struct map_item){.what = arrived};
    }
    return E_OK;
}
