/*
 * Which slots of the program's object space are in use: a bit map, one bit a slot, set by compare-and-swap. The lowest
 * free slot is taken, because the kernel's capability tables then stay small.
 */
#include "lib/tess/slot.h"

#include "lib/base/bitmap.h"
#include "lib/sys/object.h"
#include "lib/tess/start.h"

#define WORDS BITMAP_WORDS(SLOT_END)

#define FIXED (~0ull >> (64 - SLOT_FIRST)) /* slots of enum start_slot: never free, though not set in `used` */

static u64 used[WORDS];   /* starts all zero, so that it costs nothing in the program's image */
static size_t first_free; /* word below which all slots are in use: a hint */

_Static_assert(SLOT_FIRST > 0 && SLOT_FIRST < 64, "the fixed slots are in the first word");

static u64 load(size_t i)
{
    return __atomic_load_n(&used[i], __ATOMIC_RELAXED) | (i == 0 ? FIXED : 0);
}

/* Tries to set the bits of `mask` in word i, all of which must be clear. */
static bool claim(size_t i, u64 mask)
{
    u64 old = __atomic_load_n(&used[i], __ATOMIC_RELAXED), fixed = i == 0 ? FIXED : 0;
    while (!((old | fixed) & mask))
        if (__atomic_compare_exchange_n(&used[i], &old, old | mask, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    return false;
}

cap_t slot_alloc(void)
{
    for (size_t i = __atomic_load_n(&first_free, __ATOMIC_RELAXED); i < WORDS; i++) {
        u64 word;
        while (~(word = load(i))) {
            u32 bit = (u32)__builtin_ctzll(~word);
            if (claim(i, 1ull << bit)) {
                __atomic_store_n(&first_free, i, __ATOMIC_RELAXED);
                return (cap_t)(i * 64 + bit);
            }
        }
    }
    return 0;
}

cap_t slot_alloc_range(u32 order)
{
    if (order > 6)
        return 0;
    u32 count = 1u << order;
    u64 mask = order == 6 ? ~0ull : (1ull << count) - 1;
    for (size_t i = 0; i < WORDS; i++)
        for (u32 bit = 0; bit < 64; bit += count)
            if (claim(i, mask << bit))
                return (cap_t)(i * 64 + bit);
    return 0;
}

void slot_take(cap_t slot)
{
    if (slot < SLOT_END)
        __atomic_fetch_or(&used[slot / 64], 1ull << (slot % 64), __ATOMIC_ACQUIRE);
}

void slot_free(cap_t slot)
{
    if (slot < SLOT_FIRST || slot >= SLOT_END)
        return;
    __atomic_fetch_and(&used[slot / 64], ~(1ull << (slot % 64)), __ATOMIC_RELEASE);
    if (slot / 64 < __atomic_load_n(&first_free, __ATOMIC_RELAXED))
        __atomic_store_n(&first_free, slot / 64, __ATOMIC_RELAXED);
}

void slot_drop(cap_t slot)
{
    if (!slot)
        return;
    task_unmap(SLOT_TASK, FPAGE_OBJ(slot, 0, RIGHTS_ALL), UNMAP_SELF);
    slot_free(slot);
}

void session_close(cap_t session)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SESSION_CLOSE}};
    if (session)
        sys_call(&m, session);
    slot_drop(session);
}
