/*
 * memcpy, memmove, memset, memcmp by 64-bit words. Sixteen words a round: the loop's own cost nearly vanishes. Where
 * source and destination are not aligned to each other, words are put together from two aligned loads, because
 * misaligned accesses trap on real machines. An aligned load may read up to seven bytes beside the source, never
 * beyond the words that its bytes are in.
 */
#include "abi/types.h"
#include "lib/base/string.h"

/* The compiler must not recognise these loops and replace them by calls of the functions that they define. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#define WORD  8u
#define ROUND (16 * WORD)

static inline size_t misalignment(const void *p)
{
    return (uintptr_t)p % WORD;
}

static void copy_bytes(u8 **to, const u8 **from, size_t n)
{
    while (n--)
        *(*to)++ = *(*from)++;
}

#define MOVE4(i)                                                                                                       \
    do {                                                                                                               \
        u64 a = from[i], b = from[(i) + 1], c = from[(i) + 2], d = from[(i) + 3];                                      \
        to[i] = a;                                                                                                     \
        to[(i) + 1] = b;                                                                                               \
        to[(i) + 2] = c;                                                                                               \
        to[(i) + 3] = d;                                                                                               \
    } while (0)

/* Both aligned, n a multiple of a word. */
static void copy_words(u64 *to, const u64 *from, size_t n)
{
    for (; n >= ROUND; n -= ROUND, to += 16, from += 16) {
        MOVE4(0);
        MOVE4(4);
        MOVE4(8);
        MOVE4(12);
    }
    for (; n; n -= WORD)
        *to++ = *from++;
}

/* Destination aligned, source `shift` bytes (1..7) behind a word's start, n a multiple of a word, not 0. */
static void copy_shifted(u64 *to, const u8 *from, size_t shift, size_t n)
{
    const u64 *word = (const u64 *)(from - shift);
    u32 down = (u32)shift * 8, up = 64 - down;
    u64 low = *word++;
    for (; n; n -= WORD) {
        u64 high = *word++;
        *to++ = low >> down | high << up;
        low = high;
    }
}

/* Each word is read before anything at or behind it is written: so `to` may overlap `from` if it comes first. */
static inline void *copy_forwards(void *to, const void *from, size_t n)
{
    u8 *t = to;
    const u8 *f = from;
    if (n >= 2 * WORD) {
        size_t head = (WORD - misalignment(t)) % WORD;
        copy_bytes(&t, &f, head);
        n -= head;
        size_t body = n - n % WORD, shift = misalignment(f);
        if (!shift)
            copy_words((u64 *)t, (const u64 *)f, body);
        else
            copy_shifted((u64 *)t, f, shift, body);
        t += body;
        f += body;
        n -= body;
    }
    copy_bytes(&t, &f, n);
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    return copy_forwards(to, from, n);
}

static void *copy_backwards(void *to, const void *from, size_t n)
{
    u8 *t = (u8 *)to + n;
    const u8 *f = (const u8 *)from + n;
    if (misalignment(t) == misalignment(f)) {
        for (; n && misalignment(t); n--)
            *--t = *--f;
        for (; n >= WORD; n -= WORD) {
            t -= WORD;
            f -= WORD;
            *(u64 *)t = *(const u64 *)f;
        }
    }
    while (n--)
        *--t = *--f;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return copy_forwards(to, from, n);
    return copy_backwards(to, from, n);
}

void *memset(void *to, int byte, size_t n)
{
    u8 *t = to;
    u64 word = (u8)byte * 0x0101010101010101ull;
    for (; n && misalignment(t); n--)
        *t++ = (u8)byte;
    u64 *w = (u64 *)t;
    for (; n >= ROUND; n -= ROUND, w += 16) {
        w[0] = w[1] = w[2] = w[3] = w[4] = w[5] = w[6] = w[7] = word;
        w[8] = w[9] = w[10] = w[11] = w[12] = w[13] = w[14] = w[15] = word;
    }
    for (; n >= WORD; n -= WORD)
        *w++ = word;
    for (t = (u8 *)w; n; n--)
        *t++ = (u8)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *x = a, *y = b;
    if (misalignment(x) == 0 && misalignment(y) == 0)
        for (; n >= WORD && *(const u64 *)x == *(const u64 *)y; n -= WORD) {
            x += WORD;
            y += WORD;
        }
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}
