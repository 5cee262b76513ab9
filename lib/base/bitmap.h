/* Bit maps: arrays of 64-bit words, bit i of word n stands for number 64 n + i. */
#pragma once

#include "abi/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
#define BITMAP_NONE        (~(size_t)0)

static inline bool bitmap_get(const u64 *map, size_t i)
{
    return map[i / 64] >> (i % 64) & 1;
}

static inline void bitmap_set(u64 *map, size_t i)
{
    map[i / 64] |= 1ull << (i % 64);
}

static inline void bitmap_clear(u64 *map, size_t i)
{
    map[i / 64] &= ~(1ull << (i % 64));
}

/* First clear bit from `start` on below `end`, or BITMAP_NONE. */
static inline size_t bitmap_find_clear(const u64 *map, size_t start, size_t end)
{
    for (size_t i = start; i < end; i = (i | 63) + 1) {
        u64 free = ~map[i / 64] >> (i % 64);
        if (free) {
            size_t found = i + (size_t)__builtin_ctzll(free);
            return found < end ? found : BITMAP_NONE;
        }
    }
    return BITMAP_NONE;
}

/* Sets or clears `count` bits from `first` on. */
static inline void bitmap_fill(u64 *map, size_t first, size_t count, bool value)
{
    for (size_t i = first; i < first + count; i++)
        value ? bitmap_set(map, i) : bitmap_clear(map, i);
}
