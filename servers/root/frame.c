/*
 * Buddy system over RAM. Free blocks are linked through themselves; one byte per page says whether a free block starts
 * there, and of which order, so that a freed block finds out at once whether its buddy is free too.
 */
#include "servers/root/frame.h"

#include "lib/base/list.h"

#define ORDERS (FRAME_ORDER_MAX + 1)

static struct {
    paddr_t lowest, highest;
    u8 *states; /* per page: order of the free block that starts there, 0 = none does */
    struct list_link free[ORDERS];
    u64 available;
} frames;

static u8 *state_of(paddr_t at)
{
    return &frames.states[(at - frames.lowest) >> FRAME_ORDER_MIN];
}

static void push(paddr_t at, u32 order)
{
    *state_of(at) = (u8)order;
    list_push_front(&frames.free[order], (struct list_link *)at);
}

static void take(paddr_t at)
{
    *state_of(at) = 0;
    list_remove((struct list_link *)at);
}

u64 frame_states_size(paddr_t lowest, paddr_t highest)
{
    return (highest - lowest) >> FRAME_ORDER_MIN;
}

void frame_init(paddr_t lowest, paddr_t highest, u8 *states)
{
    frames.lowest = lowest;
    frames.highest = highest;
    frames.states = states;
    frames.available = 0;
    for (u32 i = 0; i < ORDERS; i++)
        list_init(&frames.free[i]);
}

/* Largest order of a block that starts at `at` and ends at or before `end`. */
static u32 fitting_order(paddr_t at, paddr_t end)
{
    u32 order = FRAME_ORDER_MIN;
    while (order < FRAME_ORDER_MAX && !(at & (1ull << order)) && at + (2ull << order) <= end)
        order++;
    return order;
}

void frame_add(paddr_t start, paddr_t end)
{
    while (start < end) {
        u32 order = fitting_order(start, end);
        frame_free(start, order);
        start += 1ull << order;
    }
}

paddr_t frame_alloc(u32 order)
{
    u32 from = order;
    while (from <= FRAME_ORDER_MAX && list_empty(&frames.free[from]))
        from++;
    if (from > FRAME_ORDER_MAX)
        return 0;
    paddr_t at = (paddr_t)frames.free[from].next;
    take(at);
    while (from > order) {
        from--;
        push(at + (1ull << from), from);
    }
    frames.available -= 1ull << order;
    return at;
}

paddr_t frame_alloc_run(u64 size)
{
    u32 order = FRAME_ORDER_MIN;
    while (order <= FRAME_ORDER_MAX && (1ull << order) < size)
        order++;
    paddr_t at = order > FRAME_ORDER_MAX ? 0 : frame_alloc(order);
    if (at)
        frame_add(at + size, at + (1ull << order));
    return at;
}

void frame_free(paddr_t at, u32 order)
{
    frames.available += 1ull << order;
    for (; order < FRAME_ORDER_MAX; order++) {
        paddr_t buddy = at ^ (1ull << order);
        if (buddy < frames.lowest || buddy >= frames.highest || *state_of(buddy) != order)
            break;
        take(buddy);
        at &= ~(1ull << order);
    }
    push(at, order);
}

u64 frame_available(void)
{
    return frames.available;
}
