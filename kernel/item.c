/* Map items: memory and capabilities that travel with a message, each into a receive window. */
#include "kernel/item.h"
#include "kernel/cold.h"
#include "kernel/cpu.h"
#include "kernel/factory.h"
#include "kernel/map.h"
#include "kernel/pool.h"
#include "kernel/task.h"

#define EVERYWHERE     FPAGE_MEM(0, ARCH_VA_BITS, RIGHTS_RWX) /* receive window of a faulting thread */
#define MEMORY_AT_ONCE 2 /* the first items of a request, which can be memory: one mapping each */

#define REQUEST_TABLES (MEMORY_AT_ONCE * SPACE_TABLES_MAX + MSG_ITEMS_MAX - MEMORY_AT_ONCE)

bool item_prepare(void)
{
    return pool_zeroed >= REQUEST_TABLES || factory_fill_stock(REQUEST_TABLES);
}

/* What may take more than one mapping. Only an answer may go on then. */
static COLD err_t map_area_item(struct thread *s, u64 what, struct task *to, u64 base, u32 how)
{
    for (;;) {
        err_t error = map_memory(s->task, what, to, base, how, &s->map_done);
        if (error || s->map_done >= 1ull << fpage_order(what))
            return error;
        if (how & MAP_AT_ONCE)
            return E_MSGSIZE;
        if (kernel_preempted())
            return INVOKE_RESTART;
    }
}

static inline err_t map_memory_item(struct thread *s, struct map_item item, struct task *to, u64 window, bool in_steps,
                                    u64 *arrived)
{
    if (!fpage_memory_valid(item.what) || (window != EVERYWHERE && !fpage_memory_valid(window)))
        return E_INVAL;
    u64 size = 1ull << fpage_order(item.what), start = window & ~0xfffull, room = 1ull << fpage_order(window);
    u64 base = item.base & ~0xfffull ? item.base & ~0xfffull : start;
    if (base < start || size > room || base - start > room - size)
        return E_RANGE;
    u64 what = item.what & (window | ~FPAGE_RIGHTS_MASK);
    *arrived = (what & 0xfffull) | base;
    u32 how = (in_steps ? 0 : MAP_AT_ONCE) | ((item.base & ITEM_GRANT) ? MAP_GRANT : 0);
    if (size > ARCH_PAGE_SIZE || (how & MAP_GRANT) || s->map_done)
        return map_area_item(s, what, to, base, how);
    return map_page(s->task, what & ~0xfffull, to, base, what & FPAGE_RIGHTS_MASK);
}

static inline err_t map_object_item(struct thread *s, struct map_item item, struct task *to, u64 window, bool in_steps,
                                    u64 *arrived)
{
    if (!fpage_is_slot(item.what) || (!fpage_is_slot(window) && !fpage_object_valid(window)))
        return E_INVAL;
    u64 first = window >> FPAGE_START_SHIFT, index = item.base >> FPAGE_START_SHIFT;
    if (!index)
        index = first;
    if ((index - first) >> fpage_order(window)) /* before the window or behind it */
        return E_RANGE;
    err_t error = E_OK;
    struct slot *to_slot = task_slot_make(to, index, &error);
    if (!to_slot)
        return error;
    u32 rights = item.what & window & FPAGE_RIGHTS_MASK;
    *arrived = FPAGE_OBJ(index, 0, rights);
    return map_cap(thread_slot(s, item.what >> FPAGE_START_SHIFT), rights, to, to_slot, item.base & ITEM_GRANT,
                   in_steps ? &s->map_done : NULL);
}

/* Item i from s to r: *arrived is what it has become, 0 if nothing. */
static inline err_t map_item(struct thread *s, u32 i, struct map_item item, struct thread *r, u64 window, bool in_steps,
                             u64 *arrived)
{
    *arrived = 0;
    if (!item.what)
        return E_OK;
    if (!window)
        return E_MSGSIZE;
    if (fpage_type(item.what) != FPAGE_MEMORY)
        return map_object_item(s, item, r->task, window, in_steps, arrived);
    return in_steps || i < MEMORY_AT_ONCE ? map_memory_item(s, item, r->task, window, in_steps, arrived) : E_MSGSIZE;
}

#define ITEM_BEGINS 1 /* in thread.map_done: nothing of it has arrived */

/* Where to go on, as s has begun something: perhaps this transfer. */
static COLD u32 first_item(struct thread *s, const struct thread *r, u32 count, u32 how)
{
    bool goes_on = (how & ITEMS_IN_STEPS) && s->map_of == (u64)r && s->map_item < count;
    if (!goes_on || s->map_done == ITEM_BEGINS)
        s->map_done = 0;
    return goes_on ? s->map_item : 0;
}

/* Before or in the middle of item i. */
static COLD err_t interrupted(struct thread *s, const struct thread *r, u32 i)
{
    if (!s->map_done)
        s->map_done = ITEM_BEGINS;
    s->map_of = (u64)r;
    s->map_item = i;
    return INVOKE_RESTART;
}

err_t item_transfer(struct thread *s, struct thread *r, u32 count, u32 how, u32 *done)
{
    bool everywhere = how & ITEMS_EVERYWHERE, in_steps = how & ITEMS_IN_STEPS;
    for (*done = s->map_done ? first_item(s, r, count, how) : 0; *done < count;) {
        const volatile struct utcb *from = s->utcb, *to = r->utcb;
        struct map_item item = {.what = from->item[*done].what, .base = from->item[*done].base};
        u64 window = everywhere ? EVERYWHERE : to->window[*done], arrived;
        err_t error = map_item(s, *done, item, r, window, in_steps, &arrived);
        if (error) {
            if (error != INVOKE_RESTART)
                return error;
            if (in_steps)
                return interrupted(s, r, *done);
            continue; /* a request that item_prepare was not asked for: it goes on at once */
        }
        if (!everywhere)
            r->utcb->item[*done] = (struct map_item){.what = arrived};
        s->map_done = 0;
        if (++*done < count && in_steps && kernel_preempted())
            return interrupted(s, r, *done);
    }
    return E_OK;
}
